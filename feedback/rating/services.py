"""Storing what was said: all or nothing, once per key, only under a live lease."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from feedback.common.events import emit
from feedback.common.exceptions import Conflict, Invalid
from feedback.common.hashing import text_sha256
from feedback.rating.answers import Answer, check_answer
from feedback.rating.events import JudgmentSubmitted, SafetyFlagRaised
from feedback.rating.models import (
    Correction,
    CriterionRating,
    Judgment,
    Preference,
    SafetyFlag,
)
from feedback.rating.selectors import shown_sha256
from feedback.studies.assignment import finish, hold_for_submit
from feedback.studies.models import Assignment, Criterion, Study, TaskItem
from feedback.studies.selectors import criteria_of, items_of


@transaction.atomic
def submit_judgment(
    *,
    assignment: Assignment,
    answer: Answer,
    idempotency_key: UUID,
    lease_no: int,
    shown_sha256_seen: str,
    active_seconds: int,
    now: datetime,
) -> Judgment:
    """Store a rater's answer and give the slot back as done.

    The same key with the same content, however often and however concurrently,
    stores one judgment and returns it each time.

    Raises:
        Invalid: if the answer is incomplete, or the key was used for another answer.
        Conflict: if the lease went elsewhere, the task was answered under another
            key, the study is closed, or the page showed another text.
    """
    held = hold_for_submit(assignment=assignment, lease_no=lease_no)
    request_sha256 = answer.sha256(assignment_uid=held.uid, lease_no=lease_no)
    earlier = Judgment.objects.filter(idempotency_key=idempotency_key).first()
    if earlier is not None:
        return _same_again(earlier, request_sha256)
    if held.state == Assignment.State.SUBMITTED:
        raise Conflict(
            "You have already answered this task.",
            next_step="Take the next one; your first answer is kept.",
        )
    study = assignment.study
    if study.state == Study.State.CLOSED:
        raise Conflict(
            f"Study {study.name!r} was closed.",
            next_step="Your answer was not stored; the study lead can open it again.",
        )
    task = assignment.task
    items = items_of(task)
    criteria = criteria_of(task.guideline_version_id)
    check_answer(answer, kind=task.kind, criteria=criteria, n_items=len(items))
    if shown_sha256_seen != shown_sha256(task=task, items=items):
        raise Conflict(
            "The page shows another text than this task holds.",
            next_step="Reload the page and judge what it shows then.",
        )
    _refuse_unchanged(answer, items)
    judgment = Judgment.objects.create(
        study_id=held.study_id,
        task=task,
        assignment=held,
        rater_id=held.rater_id,
        guideline_version_id=held.guideline_version_id,
        lease_no=lease_no,
        outcome=(
            Judgment.Outcome.OUTSIDE_PRACTICE
            if answer.is_outside_practice
            else Judgment.Outcome.ANSWERED
        ),
        comment=answer.comment,
        active_seconds=active_seconds,
        idempotency_key=idempotency_key,
        request_sha256=request_sha256,
        shown_sha256=shown_sha256_seen,
    )
    _store_parts(judgment, answer, items=items, criteria=criteria)
    finish(assignment=held, now=now)
    emit(JudgmentSubmitted(judgment_id=judgment.pk))
    return judgment


def _same_again(earlier: Judgment, request_sha256: str) -> Judgment:
    if earlier.request_sha256 != request_sha256:
        raise Invalid(
            f"The key {earlier.idempotency_key} was already used for another answer.",
            next_step="Reload the page to get a new key.",
        )
    return earlier


def _refuse_unchanged(answer: Answer, items: list[TaskItem]) -> None:
    for position, text in answer.corrections.items():
        if text == items[position].completion.content.strip():
            raise Invalid(
                "The correction is the same as the answer.",
                next_step="Change what is wrong in it, or leave it empty.",
                fields={"correction_text": "It is the same as the answer."},
            )


def _store_parts(
    judgment: Judgment,
    answer: Answer,
    *,
    items: list[TaskItem],
    criteria: list[Criterion],
) -> None:
    if not answer.is_outside_practice:
        _store_ratings(judgment, answer, items=items, criteria=criteria)
        _store_preference(judgment, answer, items=items)
    Correction.objects.bulk_create(
        Correction(
            judgment=judgment,
            completion_id=items[position].completion_id,
            text=text,
            text_sha256=text_sha256(text),
        )
        for position, text in answer.corrections.items()
    )
    if answer.flag is not None:
        flag = SafetyFlag.objects.create(
            judgment=judgment,
            completion_id=items[answer.flag.item].completion_id,
            category=answer.flag.category,
            severity=answer.flag.severity,
            rationale=answer.flag.rationale,
        )
        emit(SafetyFlagRaised(flag_id=flag.pk))


def _store_ratings(
    judgment: Judgment,
    answer: Answer,
    *,
    items: list[TaskItem],
    criteria: list[Criterion],
) -> None:
    by_key = {criterion.key: criterion for criterion in criteria}
    CriterionRating.objects.bulk_create(
        CriterionRating(
            judgment=judgment,
            completion_id=items[0].completion_id,
            criterion=by_key[key],
            value=value,
            is_not_applicable=value is None,
        )
        for key, value in answer.ratings.items()
    )


def _store_preference(
    judgment: Judgment, answer: Answer, *, items: list[TaskItem]
) -> None:
    if answer.outcome is None:
        return
    Preference.objects.create(
        judgment=judgment,
        completion_a_id=items[0].completion_id,
        completion_b_id=items[1].completion_id,
        outcome=answer.outcome,
        strength=answer.strength,
        reasons=list(answer.reasons),
    )
