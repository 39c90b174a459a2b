"""Storing what was said: all or nothing, once per key, only under a live lease."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from feedback.common.events import emit
from feedback.common.exceptions import Conflict, Invalid
from feedback.rating.answers import Answer
from feedback.rating.checks import check_answer
from feedback.rating.events import JudgmentSubmitted
from feedback.rating.models import Draft, Judgment, Reveal
from feedback.rating.selectors import may_change_until
from feedback.rating.shown import Shown
from feedback.rating.storing import store_parts
from feedback.studies.assignment import finish, hold_for_submit
from feedback.studies.locks import lock_assignment
from feedback.studies.models import Assignment, Study, Task
from feedback.studies.revising import refit_place


@transaction.atomic
def submit_judgment(
    *,
    assignment: Assignment,
    answer: Answer,
    shown: Shown,
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
    _check(assignment, answer, shown, shown_sha256_seen)
    judgment = Judgment.objects.create(
        **_said(assignment, answer, shown, active_seconds=active_seconds),
        idempotency_key=idempotency_key,
        request_sha256=request_sha256,
    )
    store_parts(judgment, answer, shown=shown)
    Draft.objects.filter(assignment=held).delete()
    finish(assignment=held, now=now, is_outside_practice=answer.is_outside_practice)
    emit(JudgmentSubmitted(judgment_id=judgment.pk))
    return judgment


@transaction.atomic
def revise_judgment(
    *,
    judgment: Judgment,
    answer: Answer,
    shown: Shown,
    idempotency_key: UUID,
    shown_sha256_seen: str,
    active_seconds: int,
    now: datetime,
) -> Judgment:
    """Store a changed answer as the next revision; the earlier one stays.

    Within the study's window a rater may take back what was submitted. After others'
    answers were shown one revision is allowed; it is stored beside the blind answer
    and never exported in its place.

    Raises:
        Invalid: if the answer is incomplete, or the key was used for another answer.
        Conflict: if the window has passed, the study is closed, another revision came
            first, or it was outside the rater's practice and somebody else was asked.
    """
    assignment = lock_assignment(judgment.assignment)
    request_sha256 = answer.sha256(
        assignment_uid=assignment.uid, lease_no=judgment.lease_no
    )
    earlier = Judgment.objects.filter(idempotency_key=idempotency_key).first()
    if earlier is not None:
        return _same_again(earlier, request_sha256)
    latest = Judgment.objects.filter(assignment=assignment).order_by("-revision")[0]
    if latest.pk != judgment.pk:
        raise Conflict(
            "You changed this answer in another window already.",
            next_step="Open it again from your judgments to see what it says now.",
        )
    basis = _basis_of_revision(judgment, now=now)
    _check(assignment, answer, shown, shown_sha256_seen)
    revision = Judgment.objects.create(
        **_said(assignment, answer, shown, active_seconds=active_seconds)
        | {"lease_no": judgment.lease_no},
        revision=judgment.revision + 1,
        supersedes=judgment,
        basis=basis,
        idempotency_key=idempotency_key,
        request_sha256=request_sha256,
    )
    store_parts(revision, answer, shown=shown)
    Draft.objects.filter(assignment=assignment).delete()
    if basis == Judgment.Basis.BLIND:
        # What is said after others' answers were shown is beside the answer that counts.
        refit_place(
            assignment=assignment, is_outside_practice=answer.is_outside_practice
        )
    emit(JudgmentSubmitted(judgment_id=revision.pk))
    return revision


def _basis_of_revision(judgment: Judgment, *, now: datetime) -> str:
    if judgment.task.purpose == Task.Purpose.TRAINING:
        raise Conflict(
            "The expected answer was shown to you; this one stays.",
            next_step="Go on to the next task.",
        )
    if Reveal.objects.filter(assignment_id=judgment.assignment_id).exists():
        if judgment.basis == Judgment.Basis.AFTER_REVEAL:
            raise Conflict(
                "You have already revised this answer.",
                next_step="One revision is allowed after others' answers were shown.",
            )
        return Judgment.Basis.AFTER_REVEAL
    if now > may_change_until(judgment):
        minutes = judgment.study.undo_seconds // 60
        raise Conflict(
            f"This answer can no longer be changed: {minutes} minutes have passed.",
            next_step="Tell the study lead what you would change; your answer stays.",
        )
    return Judgment.Basis.BLIND


def _check(
    assignment: Assignment, answer: Answer, shown: Shown, shown_sha256_seen: str
) -> None:
    study = assignment.study
    if study.state == Study.State.CLOSED:
        raise Conflict(
            f"Study {study.name!r} was closed.",
            next_step="Your answer was not stored. Closing is final; if it matters, "
            "tell the study lead what you would have said.",
        )
    check_answer(answer, asked=shown.asked, order=shown.order)
    if shown_sha256_seen != shown.sha256:
        raise Conflict(
            "The page shows another text than this task holds.",
            next_step="Reload the page and judge what it shows then.",
        )
    for position, text in answer.corrections.items():
        if text in {
            shown.texts[position].text.strip(),
            shown.texts[position].stored.strip(),
        }:
            raise Invalid(
                "The correction is the same as the answer.",
                next_step="Change what is wrong in it, or leave it empty.",
                fields={"correction_text": "It is the same as the answer."},
            )


def _said(
    assignment: Assignment, answer: Answer, shown: Shown, *, active_seconds: int
) -> dict[str, object]:
    """The fields of a judgment that say what was said, about what."""
    return {
        "study_id": assignment.study_id,
        "task_id": assignment.task_id,
        "assignment": assignment,
        "rater_id": assignment.rater_id,
        "guideline_version_id": assignment.guideline_version_id,
        "lease_no": assignment.lease_no,
        "outcome": (
            Judgment.Outcome.OUTSIDE_PRACTICE
            if answer.is_outside_practice
            else Judgment.Outcome.ANSWERED
        ),
        "comment": answer.comment,
        "is_fit_as_is": answer.is_fit_as_is,
        "is_unblinded": shown.names_its_maker or answer.knows_model,
        "active_seconds": active_seconds,
        "shown_sha256": shown.sha256,
    }


def _same_again(earlier: Judgment, request_sha256: str) -> Judgment:
    if earlier.request_sha256 != request_sha256:
        raise Invalid(
            f"The key {earlier.idempotency_key} was already used for another answer.",
            next_step="Reload the page to get a new key.",
        )
    return earlier
