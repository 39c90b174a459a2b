"""Enqueue, lease, run, retry and bury jobs."""

import logging
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, models, transaction
from django.db.models import F, Q

from feedback.common import clock
from feedback.common.context import acting, current_acting
from feedback.common.events import Event, emit
from feedback.jobs.models import Job
from feedback.jobs.registry import work_of

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
LEASE = timedelta(seconds=30)
_HEARTBEAT_SECONDS = 10
_BACKOFF_SECONDS = (5, 20, 80, 320)
_ERROR_CHARACTERS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDue(Event):
    """A job could start now."""

    job_id: int


@transaction.atomic
def enqueue(*, kind: str, subject: models.Model, dedupe_key: str = "") -> Job:
    """Write a job into the caller's transaction; the same key twice is one job."""
    key = dedupe_key or f"{kind}:{subject.pk}"
    job, _is_new = Job.objects.get_or_create(
        dedupe_key=key,
        defaults={
            "kind": kind,
            "subject_id": subject.pk,
            "actor_id": current_acting().user_id,
        },
    )
    emit(JobDue(job_id=job.pk))
    return job


def _claim(job_id: int, *, now: datetime) -> Job | None:
    """Lease a job that is due or whose worker vanished; None if somebody has it."""
    with transaction.atomic():
        job = (
            Job.objects.select_for_update(skip_locked=True)
            .filter(pk=job_id)
            .filter(
                Q(state=Job.State.WAITING, due_at__lte=now)
                | Q(state=Job.State.RUNNING, leased_until__lt=now)
            )
            .first()
        )
        if job is None:
            return None
        if job.attempts >= MAX_ATTEMPTS:
            # The last worker died without a word: count it and bury the job.
            _bury(job, error=job.last_error or "The worker died five times.")
            return None
        job.state = Job.State.RUNNING
        job.attempts += 1
        job.lease_no += 1
        job.leased_until = now + LEASE
        job.save(update_fields=["state", "attempts", "lease_no", "leased_until"])
        return job


@contextmanager
def _heartbeat(job: Job) -> Iterator[None]:
    """Extend the lease from a thread while the work runs."""
    stop = threading.Event()

    def beat() -> None:
        try:
            while not stop.wait(_HEARTBEAT_SECONDS):
                Job.objects.filter(
                    pk=job.pk, lease_no=job.lease_no, state=Job.State.RUNNING
                ).update(leased_until=clock.now() + LEASE)
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name=f"lease of job {job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def run_job(*, job_id: int) -> bool:
    """Do a job if it is due; True if this call did it.

    Safe to call any number of times from anywhere: the lease admits one.
    """
    job = _claim(job_id, now=clock.now())
    if job is None:
        return False
    source = f"job {job.kind} {job.uid}"
    try:
        with (
            acting(user_id=job.actor_id, request_id=str(job.uid), source=source),
            _heartbeat(job),
        ):
            work_of(job.kind)(job.subject_id)
    except Exception:
        logger.exception("Job %s failed, attempt %s", job, job.attempts)
        _fail(job, error=traceback.format_exc(), now=clock.now())
        return False
    _mine(job).update(
        state=Job.State.DONE, done_at=clock.now(), leased_until=None, last_error=""
    )
    return True


def _mine(job: Job) -> models.QuerySet[Job]:
    """The row, as long as the lease is still this worker's."""
    return Job.objects.filter(pk=job.pk, lease_no=job.lease_no, state=Job.State.RUNNING)


def _fail(job: Job, *, error: str, now: datetime) -> None:
    if job.attempts >= MAX_ATTEMPTS:
        _bury(job, error=error)
        return
    wait = timedelta(seconds=_BACKOFF_SECONDS[job.attempts - 1])
    _mine(job).update(
        state=Job.State.WAITING,
        due_at=now + wait,
        leased_until=None,
        last_error=error[-_ERROR_CHARACTERS:],
    )


def _bury(job: Job, *, error: str) -> None:
    logger.error("Job %s is dead after %s attempts", job, job.attempts)
    _mine(job).update(
        state=Job.State.DEAD, leased_until=None, last_error=error[-_ERROR_CHARACTERS:]
    )


def due_job_ids(*, now: datetime, older_than: timedelta) -> list[int]:
    """Jobs that should have started at least `older_than` ago, oldest first."""
    limit = now - older_than
    return list(
        Job.objects.filter(
            Q(state=Job.State.WAITING, due_at__lte=limit)
            | Q(state=Job.State.RUNNING, leased_until__lt=now)
        )
        .order_by("due_at", "pk")
        .values_list("pk", flat=True)[:100]
    )


@transaction.atomic
def revive(*, job: Job, now: datetime) -> None:
    """Give a dead job five more attempts, by a person's decision."""
    Job.objects.filter(pk=job.pk, state=Job.State.DEAD).update(
        state=Job.State.WAITING, attempts=0, due_at=now, lease_no=F("lease_no") + 1
    )
    emit(JobDue(job_id=job.pk))
