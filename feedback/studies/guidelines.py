"""What changed in a guideline since a rater's last visit, and that they read it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Greatest

from feedback.accounts.models import Rater, User
from feedback.accounts.permissions import Verb
from feedback.audit.services import record
from feedback.common.exceptions import NotVisible
from feedback.studies.models import (
    Assignment,
    GuidelineAcknowledgment,
    GuidelineVersion,
)
from feedback.studies.selectors import studies_for


def access_guideline(user: User, uid: UUID) -> GuidelineVersion:
    """The only door from a rater to a published guideline version.

    Raises:
        NotVisible: if it does not exist, is not published, or the person is not a
            rater of its study.
    """
    version = (
        GuidelineVersion.objects.select_related("study")
        .filter(
            uid=uid,
            published_at__isnull=False,
            study__in=studies_for(user, Verb.TASK_RATE),
        )
        .first()
    )
    if version is None:
        raise NotVisible
    return version


def changes_to_read(
    *, rater: Rater, version: GuidelineVersion
) -> list[GuidelineVersion]:
    """The versions up to `version` that a rater has neither used nor acknowledged.

    Whoever is new to the study reads the guideline as a whole, so nothing of it is a
    change to them.

    Returns:
        Published versions after the newest that the rater submitted a judgment under
        or acknowledged, oldest first; nothing if there is no such version.
    """
    if version.number <= 1:
        return []
    return list(
        version.study.guideline_versions.filter(
            published_at__isnull=False,
            number__lte=version.number,
            # NULL, and so no rows, for a rater who is new here.
            number__gt=Greatest(_newest_used(rater), _newest_read(rater)),
        ).order_by("number")
    )


def must_acknowledge(changes: Iterable[GuidelineVersion]) -> bool:
    """Whether what `changes_to_read` gave has to be confirmed before rating goes on."""
    return any(version.is_major for version in changes)


@transaction.atomic
def acknowledge(*, rater: Rater, version: GuidelineVersion) -> GuidelineAcknowledgment:
    """Note that a rater has read all changes up to `version`; twice is once."""
    note, is_new = GuidelineAcknowledgment.objects.get_or_create(
        guideline_version=version, rater=rater
    )
    if is_new:
        record(action="guideline.acknowledged", subject=version, actor=rater.user)
    return note


def _newest_used(rater: Rater) -> Subquery:
    used = Assignment.objects.filter(
        study=OuterRef("study"), rater=rater, state=Assignment.State.SUBMITTED
    )
    return _newest(used, of="study")


def _newest_read(rater: Rater) -> Subquery:
    read = GuidelineAcknowledgment.objects.filter(
        guideline_version__study=OuterRef("study"), rater=rater
    )
    return _newest(read, of="guideline_version__study")


def _newest(rows: QuerySet[Any], *, of: str) -> Subquery:
    return Subquery(
        rows.order_by()
        .values(of)
        .annotate(newest=Max("guideline_version__number"))
        .values("newest")
    )
