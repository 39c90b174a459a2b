"""Moving raters from stage to stage by their answers to known tasks.

Each review reads all that was answered and comes to the same end however often it is
made, so a review that was missed is made up for by the next, or by the sweep. What was
answered before the last decision does not count again: a lead who lets somebody go on
gives them a new start.
"""

from datetime import datetime, timedelta

import numpy as np
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.dateparse import parse_datetime

from feedback.accounts.models import Rater
from feedback.accounts.permissions import Role
from feedback.audit.models import AuditEvent
from feedback.audit.services import record
from feedback.quality.golds import GradedAnswer, gold_answers
from feedback.quality.standards import Decision, Evidence, decide, watch
from feedback.stats.arrays import BoolArray
from feedback.studies.models import Assignment, Enrollment, Slot, Study, Task
from feedback.studies.serving import (
    golds_for,
    reserve_golds,
    training_left,
)

REVIEWED = "enrollment.stage_reviewed"
_REVIEWED_STAGES = (
    Enrollment.Stage.TRAINING,
    Enrollment.Stage.QUALIFYING,
    Enrollment.Stage.READY,
)
# The sweep looks at ready raters who answered a gold within this time; of others the
# next answer brings the review up to date.
_RECENT = timedelta(days=1)


@transaction.atomic
def review_stage(*, enrollment: Enrollment, now: datetime) -> Enrollment:
    """Move a rater on if their answers say so; again and again it is the same.

    Args:
        enrollment: of a rater.
        now: the time.

    Returns:
        The enrollment as it stands then. Stages that only a person ends, and
        enrollments that are over, are left alone.
    """
    held = Enrollment.objects.select_for_update(of=("self",)).get(pk=enrollment.pk)
    rater = Rater.objects.filter(user_id=held.user_id).first()
    if rater is None or held.ended_at is not None or held.role != Role.RATER:
        return held
    while held.stage in _REVIEWED_STAGES:
        answers = _since_decision(held, rater)
        right = right_of(answers)
        decision = decide(held.stage, _evidence(held, rater, right, now=now))
        if decision is None:
            break
        _move(held, decision, answers, right)
    if held.stage == Enrollment.Stage.READY:
        _ask_extra(held, rater, right, now=now)
    return held


def review_behind(*, now: datetime) -> int:
    """Review every rater whose stage may be behind; returns how many were moved."""
    behind = Enrollment.objects.filter(
        Q(stage__in=[Enrollment.Stage.TRAINING, Enrollment.Stage.QUALIFYING])
        | Q(Exists(_recent_golds(now)), stage=Enrollment.Stage.READY),
        role=Role.RATER,
        ended_at=None,
        study__state=Study.State.OPEN,
    )
    n_moved = 0
    for enrollment in behind.order_by("pk"):
        before = enrollment.stage
        n_moved += review_stage(enrollment=enrollment, now=now).stage != before
    return n_moved


def right_of(answers: list[GradedAnswer]) -> BoolArray:
    """Right and wrong in order; "outside my practice" is neither."""
    return np.array(
        [one.grade.is_right for one in answers if one.grade.is_right is not None],
        dtype=np.bool_,
    )


def last_decision(enrollment: Enrollment) -> datetime | None:
    """Up to when a rater's answers have led to a decision; None before the first."""
    until = (
        AuditEvent.objects.filter(subject_uid=enrollment.uid, action=REVIEWED)
        .order_by("-pk")
        .values_list("details__until", flat=True)
        .first()
    )
    return parse_datetime(until) if until else None


def _since_decision(enrollment: Enrollment, rater: Rater) -> list[GradedAnswer]:
    return gold_answers(
        study=enrollment.study, rater=rater, after=last_decision(enrollment)
    )


def _evidence(
    enrollment: Enrollment, rater: Rater, right: BoolArray, *, now: datetime
) -> Evidence:
    study = enrollment.study
    return Evidence(
        right=right,
        n_training_left=training_left(study=study, rater=rater, now=now)
        if enrollment.stage == Enrollment.Stage.TRAINING
        else 0,
        n_golds_left=golds_for(study=study, rater=rater, now=now).count()
        + _at_hand(study, rater)
        if enrollment.stage == Enrollment.Stage.QUALIFYING
        else 0,
    )


def _at_hand(study: Study, rater: Rater) -> int:
    """Golds that were made ready for a rater and are not answered yet."""
    return Slot.objects.filter(
        study=study,
        reserved_for=rater,
        task__purpose=Task.Purpose.GOLD,
        state__in=[Slot.State.OPEN, Slot.State.LEASED],
    ).count()


def _move(
    enrollment: Enrollment,
    decision: Decision,
    answers: list[GradedAnswer],
    right: BoolArray,
) -> None:
    earlier = enrollment.stage
    enrollment.stage = decision.stage
    enrollment.stage_reason = decision.reason
    enrollment.save(update_fields=["stage", "stage_reason"])
    until = answers[-1].submitted_at if answers else last_decision(enrollment)
    record(
        action=REVIEWED,
        subject=enrollment,
        details={
            "from": earlier,
            "to": decision.stage.value,
            "n_golds": len(right),
            "n_right": int(right.sum()),
            "until": until.isoformat() if until else "",
        },
    )


def _ask_extra(
    enrollment: Enrollment, rater: Rater, right: BoolArray, *, now: datetime
) -> None:
    """After a drift alarm: five golds more, counted from what was answered since."""
    study = enrollment.study
    n_short = watch(right).n_extra - _at_hand(study, rater)
    if n_short > 0:
        reserve_golds(study=study, rater=rater, n=n_short, now=now)


def _recent_golds(now: datetime) -> QuerySet[Assignment]:
    return Assignment.objects.filter(
        study=OuterRef("study"),
        rater__user=OuterRef("user"),
        task__purpose=Task.Purpose.GOLD,
        submitted_at__gt=now - _RECENT,
    )
