"""Reading judgments, and the exact text that a judgment is about."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from feedback.accounts.models import User
from feedback.common.hashing import json_sha256
from feedback.rating.models import CriterionRating, Judgment, Preference
from feedback.studies.models import Assignment, Task, TaskItem

_EXCERPT = 120


def shown_sha256(*, task: Task, items: list[TaskItem]) -> str:
    """Hash of the exact texts a page shows for a task."""
    return json_sha256(
        {
            "prompt": task.prompt.messages,
            "completions": [item.completion.content for item in items],
        }
    )


def judgments_of(user: User) -> QuerySet[Judgment]:
    """A person's own judgments, newest first, with all that a line shows."""
    ratings = CriterionRating.objects.select_related("criterion").order_by(
        "criterion__position"
    )
    return (
        Judgment.objects.filter(rater__user=user, superseded_by=None)
        .select_related("study", "task__prompt", "assignment", "preference")
        .prefetch_related(
            Prefetch("ratings", queryset=ratings), "corrections", "safety_flags"
        )
        .order_by("-pk")
    )


def judgment_of(assignment: Assignment) -> Judgment | None:
    """The latest judgment given under an assignment."""
    return (
        judgments_of(assignment.rater.user)
        .filter(assignment=assignment)
        .order_by("-revision")
        .first()
    )


@dataclass(frozen=True, slots=True)
class JudgmentLine:
    """One judgment in a person's own history."""

    uid: UUID
    assignment_uid: UUID
    submitted_at: datetime
    study: str
    kind_label: str
    prompt_excerpt: str
    summary: str


def line_of(judgment: Judgment) -> JudgmentLine:
    """A judgment in one line; needs the joins of `judgments_of`."""
    text = " ".join(judgment.task.prompt.last_turn.split())
    return JudgmentLine(
        uid=judgment.uid,
        assignment_uid=judgment.assignment.uid,
        submitted_at=judgment.created_at,
        study=judgment.study.name,
        kind_label=judgment.task.get_kind_display(),
        prompt_excerpt=text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…",
        summary=" · ".join(value for _label, value in answers_of(judgment, short=True)),
    )


def answers_of(judgment: Judgment, *, short: bool = False) -> list[tuple[str, str]]:
    """What a judgment says, as pairs of label and value.

    Args:
        judgment: with the joins of `judgments_of`.
        short: name texts instead of quoting them.
    """
    if judgment.outcome == Judgment.Outcome.OUTSIDE_PRACTICE:
        answers = [("Answer", "Outside my practice")]
    else:
        answers = _ratings_of(judgment) + _preference_of(judgment)
    for correction in judgment.corrections.all():
        answers.append(("Correction", "corrected" if short else correction.text))
    for flag in judgment.safety_flags.all():
        words = f"{flag.get_category_display()}, {flag.severity}"
        text = f"flagged: {words}" if short else f"{words}. {flag.rationale}"
        answers.append(("Safety flag", text))
    if judgment.comment and not short:
        answers.append(("Comment", judgment.comment))
    return answers


def _ratings_of(judgment: Judgment) -> list[tuple[str, str]]:
    return [
        (
            rating.criterion.name,
            f"{rating.criterion.name} does not apply"
            if rating.value is None
            else f"{rating.criterion.name} {rating.value}",
        )
        for rating in judgment.ratings.all()
    ]


def _preference_of(judgment: Judgment) -> list[tuple[str, str]]:
    preference = getattr(judgment, "preference", None)
    if preference is None:
        return []
    answers = [("Preference", _chosen(preference, judgment.assignment.left_position))]
    if preference.reasons:
        answers.append(("Because of", ", ".join(preference.reasons)))
    return answers


def _chosen(preference: Preference, left_position: int) -> str:
    """The outcome in the words of the page that this rater saw."""
    if preference.outcome == Preference.Outcome.TIE:
        return "About equal"
    if preference.outcome == Preference.Outcome.NEITHER:
        return "Neither is acceptable"
    is_a = preference.outcome == Preference.Outcome.A
    side = "Left" if is_a == (left_position == 0) else "Right"
    return f"{side} is {'much' if preference.strength > 1 else 'slightly'} better"
