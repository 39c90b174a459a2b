"""Telling other systems: endpoints of a study, signed news, and until when it is tried.

A delivery is a row with a job: five attempts over some minutes, then it waits for a
person. The secret is derived from the deployment's key and the endpoint's salt, so no
table holds it. The receiver computes
``HMAC-SHA256(secret, timestamp + "." + body)`` and compares.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.utils.crypto import salted_hmac

from exports.models import Release, Tombstone, WebhookDelivery, WebhookEndpoint
from feedback.accounts.models import User
from feedback.accounts.permissions import Verb
from feedback.audit.services import record
from feedback.common import http
from feedback.common.exceptions import Conflict, DomainError, NotVisible
from feedback.common.hashing import canonical_json
from feedback.jobs.models import Job
from feedback.jobs.services import enqueue, revive
from feedback.studies.models import Study
from feedback.studies.selectors import studies_for

SIGNATURE = "X-Consilium-Signature"
TIMESTAMP = "X-Consilium-Timestamp"
MOST_ENDPOINTS = 10
_SALT_BYTES = 16
_ERROR_CHARACTERS = 500
_GOOD = 2


def secret_of(endpoint: WebhookEndpoint) -> str:
    """What the receiver checks signatures with."""
    name = f"{endpoint.uid}:{endpoint.salt}"
    digest = salted_hmac("exports.webhook", name, algorithm="sha256").digest()
    return "whsec_" + urlsafe_b64encode(digest).decode().rstrip("=")


def signature_of(secret: str, timestamp: str, body: bytes) -> str:
    """The header's value for a body at a time."""
    content = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


@transaction.atomic
def add_endpoint(
    *, study: Study, url: str, actor: User, reach: http.Reach
) -> WebhookEndpoint:
    """Tell an address the study's news from now on.

    Raises:
        Invalid: if the address may not be called.
        Conflict: if it is told already, or there are too many.
    """
    http.checked(url, reach)
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    live = live_endpoints(study)
    if live.filter(url=url).exists():
        raise Conflict(
            f"{url} is told the news of this study already.",
            next_step="End that endpoint first if you need a new secret.",
        )
    if live.count() >= MOST_ENDPOINTS:
        raise Conflict(
            f"The study has {MOST_ENDPOINTS} endpoints already.",
            next_step="End one that nobody listens at any more.",
        )
    endpoint = WebhookEndpoint(
        study=study, url=url, salt=secrets.token_hex(_SALT_BYTES), created_by=actor
    )
    endpoint.full_clean()
    endpoint.save()
    record(action="webhook.added", subject=endpoint, actor=actor, details={"url": url})
    return endpoint


@transaction.atomic
def end_endpoint(*, endpoint: WebhookEndpoint, actor: User, now: datetime) -> None:
    """Tell it nothing more; what waits for it is not sent."""
    live = WebhookEndpoint.objects.filter(pk=endpoint.pk, ended_at=None)
    if live.update(ended_at=now):
        record(action="webhook.ended", subject=endpoint, actor=actor)


def live_endpoints(study: Study) -> QuerySet[WebhookEndpoint]:
    """Those that are told the study's news."""
    return study.webhook_endpoints.filter(ended_at=None).order_by("pk")


@transaction.atomic
def tell_one(
    *,
    endpoint: WebhookEndpoint,
    kind: WebhookDelivery.Kind,
    event_key: str,
    body: dict[str, Any],
) -> WebhookDelivery:
    """Write one delivery and its job."""
    delivery, is_new = WebhookDelivery.objects.get_or_create(
        endpoint=endpoint, event_key=event_key, defaults={"kind": kind, "body": body}
    )
    if is_new:
        enqueue(kind=WebhookDelivery.SEND_JOB, subject=delivery)
    return delivery


@transaction.atomic
def tell_news(study: Study) -> list[WebhookDelivery]:
    """Tell each endpoint what it was not told yet: read from the rows, so none is lost.

    Called when something happened, and by the sweep in case that call was lost.
    """
    return [
        delivery
        for endpoint in live_endpoints(study)
        for delivery in (
            *_tell_releases(endpoint),
            *_tell_withdrawn_releases(endpoint),
            *_tell_withdrawn_rows(endpoint),
        )
    ]


def _tell_releases(endpoint: WebhookEndpoint) -> Iterator[WebhookDelivery]:
    """Versions that came out since the endpoint listens."""
    for release in Release.objects.filter(
        study=endpoint.study_id, released_at__gt=endpoint.created_at
    ).select_related("snapshot"):
        yield tell_one(
            endpoint=endpoint,
            kind=WebhookDelivery.Kind.RELEASE,
            event_key=f"release:{release.uid}",
            body={
                "study": str(endpoint.study.uid),
                "version": release.version,
                "snapshot": str(release.snapshot.uid),
                "manifest_sha256": release.manifest_sha256,
            },
        )


def _tell_withdrawn_releases(endpoint: WebhookEndpoint) -> Iterator[WebhookDelivery]:
    """Versions that were taken back whole."""
    for release in Release.objects.filter(
        study=endpoint.study_id,
        released_at__isnull=False,
        withdrawn_at__gt=endpoint.created_at,
    ):
        yield tell_one(
            endpoint=endpoint,
            kind=WebhookDelivery.Kind.WITHDRAWAL,
            event_key=f"release-withdrawn:{release.uid}",
            body={
                "study": str(endpoint.study.uid),
                "version": release.version,
                "because": release.withdrawn_because,
            },
        )


def _tell_withdrawn_rows(endpoint: WebhookEndpoint) -> Iterator[WebhookDelivery]:
    """How many rows were withdrawn since the last time; `/changes` says which."""
    prefix = "rows-withdrawn:"
    told = [
        int(key.removeprefix(prefix))
        for key in endpoint.deliveries.filter(event_key__startswith=prefix).values_list(
            "event_key", flat=True
        )
    ]
    fresh = Tombstone.objects.filter(
        release__study=endpoint.study_id,
        at__gt=endpoint.created_at,
        pk__gt=max(told, default=0),
    ).aggregate(n=Count("pk"), newest=Max("pk"))
    if fresh["n"]:
        yield tell_one(
            endpoint=endpoint,
            kind=WebhookDelivery.Kind.WITHDRAWAL,
            event_key=f"{prefix}{fresh['newest']}",
            body={"study": str(endpoint.study.uid), "n_rows": fresh["n"]},
        )


def ping(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Send a test, to see whether the other side takes it."""
    return tell_one(
        endpoint=endpoint,
        kind=WebhookDelivery.Kind.PING,
        event_key=f"ping:{uuid4()}",
        body={"study": str(endpoint.study.uid)},
    )


def send(delivery: WebhookDelivery, *, reach: http.Reach, now: datetime) -> None:
    """Try once; the job tries again unless the other side said 2xx.

    Raises:
        DomainError: saying what it answered instead.
    """
    if delivery.delivered_at or delivery.endpoint.ended_at:
        return
    delivery.n_attempts += 1
    delivery.last_tried_at = now
    delivery.last_status = None
    delivery.last_error = ""
    failure: DomainError | None = None
    body = _body_of(delivery)
    try:
        reply = http.send(
            delivery.endpoint.url,
            method="POST",
            reach=reach,
            headers=_headers_of(delivery, body, now),
            body=body,
        )
        delivery.last_status = reply.status
        if reply.status // 100 != _GOOD:
            failure = http.Unreachable(f"It answered {reply.status}.")
    except DomainError as error:
        failure = error
    if failure is None:
        delivery.delivered_at = now
    else:
        delivery.last_error = failure.message[:_ERROR_CHARACTERS]
    delivery.save(
        update_fields=[
            "n_attempts",
            "last_tried_at",
            "last_status",
            "last_error",
            "delivered_at",
        ]
    )
    if failure is not None:
        raise failure


def _body_of(delivery: WebhookDelivery) -> bytes:
    """The same bytes at every attempt."""
    told = {
        "id": str(delivery.uid),
        "type": delivery.kind,
        "created_at": delivery.created_at.isoformat(),
        "data": delivery.body,
    }
    return canonical_json(told).encode()


def _headers_of(
    delivery: WebhookDelivery, body: bytes, now: datetime
) -> dict[str, str]:
    timestamp = str(int(now.timestamp()))
    return {
        "Content-Type": "application/json",
        "User-Agent": "Consilium",
        "Idempotency-Key": str(delivery.uid),
        TIMESTAMP: timestamp,
        SIGNATURE: signature_of(secret_of(delivery.endpoint), timestamp, body),
    }


def send_again(*, delivery: WebhookDelivery, actor: User, now: datetime) -> None:
    """Give a delivery that was given up five more attempts.

    Raises:
        Conflict: if it is delivered or still being tried.
    """
    job = Job.objects.filter(
        kind=WebhookDelivery.SEND_JOB, subject_id=delivery.pk
    ).first()
    if job is None or job.state != Job.State.DEAD or delivery.endpoint.ended_at:
        raise Conflict(
            "This news is delivered, still on its way, or its endpoint has ended.",
            next_step="Look at its state on the page.",
        )
    revive(job=job, now=now)
    record(action="webhook.sent_again", subject=delivery, actor=actor)


@dataclass(frozen=True, slots=True)
class Line:
    """A delivery as the log shows it."""

    delivery: WebhookDelivery
    state: str
    is_given_up: bool


def log_of(endpoint: WebhookEndpoint, *, limit: int) -> list[Line]:
    """What an endpoint was told lately, newest first, and how that went."""
    deliveries = list(endpoint.deliveries.order_by("-pk")[:limit])
    states = dict(
        Job.objects.filter(
            kind=WebhookDelivery.SEND_JOB, subject_id__in=[d.pk for d in deliveries]
        ).values_list("subject_id", "state")
    )
    return [_line(d, states.get(d.pk, ""), endpoint) for d in deliveries]


def _line(delivery: WebhookDelivery, job_state: str, endpoint: WebhookEndpoint) -> Line:
    is_dead = job_state == Job.State.DEAD and not delivery.delivered_at
    if delivery.delivered_at:
        state = "Delivered"
    elif endpoint.ended_at:
        state = "Not sent: the endpoint ended"
    elif is_dead:
        state = "Given up"
    else:
        state = "Will be tried again" if delivery.n_attempts else "Waiting"
    return Line(delivery, state, is_given_up=is_dead and not endpoint.ended_at)


def access_endpoint(user: User, uid: UUID, verb: Verb) -> WebhookEndpoint:
    """The only door to an endpoint.

    Raises:
        NotVisible: if it does not exist or the person may not do `verb` in its study.
    """
    endpoint = (
        WebhookEndpoint.objects.filter(uid=uid, study__in=studies_for(user, verb))
        .select_related("study")
        .first()
    )
    if endpoint is None:
        raise NotVisible
    return endpoint


def access_delivery(user: User, uid: UUID, verb: Verb) -> WebhookDelivery:
    """The only door to a delivery.

    Raises:
        NotVisible: as `access_endpoint`.
    """
    delivery = (
        WebhookDelivery.objects.filter(
            uid=uid, endpoint__study__in=studies_for(user, verb)
        )
        .select_related("endpoint__study")
        .first()
    )
    if delivery is None:
        raise NotVisible
    return delivery
