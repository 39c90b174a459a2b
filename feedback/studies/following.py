"""What a version that was just published means for the tasks there are."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from feedback.accounts.models import User
from feedback.common.exceptions import Invalid
from feedback.jobs.services import enqueue
from feedback.studies.expected import check_expected
from feedback.studies.golds import retire_gold
from feedback.studies.models import (
    Assignment,
    GoldItem,
    GuidelineVersion,
    Slot,
    StudySource,
    Task,
)
from feedback.studies.selectors import major_number
from feedback.studies.tasks import BUILD_JOB


def follow(version: GuidelineVersion) -> None:
    """Let the tasks that nobody has met follow a version just published."""
    met = Assignment.objects.filter(task=OuterRef("pk"))
    unmet = Task.objects.filter(
        ~Exists(met),
        study_id=version.study_id,
        purpose=Task.Purpose.LABEL,
        state=Task.State.OPEN,
        guideline_version__number__lt=version.number,
    )
    if not version.is_major:
        # A kind that is no longer asked for stays with the version that asks it.
        kinds = version.forms.values_list("kind", flat=True)
        unmet.filter(kind__in=list(kinds)).update(guideline_version=version)
        return
    rows = unmet.order_by("pk").select_for_update(no_key=True, of=("self",))
    gone = list(rows.values_list("pk", flat=True))
    Task.objects.filter(pk__in=gone).update(state=Task.State.WITHDRAWN)
    Slot.objects.filter(task__in=gone, state=Slot.State.OPEN).update(
        state=Slot.State.CLOSED
    )
    for link in StudySource.objects.filter(study_id=version.study_id):
        enqueue(
            kind=BUILD_JOB,
            subject=link,
            dedupe_key=f"{BUILD_JOB}:{link.pk}:guideline:{version.pk}",
        )


def retire_unfit(version: GuidelineVersion, *, actor: User, now: datetime) -> None:
    """Retire known answers to questions that a version just published does not ask.

    Golds are answered by the newest version: what it does not ask nobody could get
    right any more.
    """
    live = GoldItem.objects.filter(
        retired_at=None,
        task__study=version.study_id,
        task__kind__in=list(version.forms.values_list("kind", flat=True)),
        task__guideline_version__number__gte=major_number(version),
    )
    for gold in live.select_related("task__prompt").order_by("pk"):
        gold.task.guideline_version = version
        try:
            check_expected(gold.task, gold.expected)
        except Invalid:
            retire_gold(gold=gold, actor=actor, now=now)
