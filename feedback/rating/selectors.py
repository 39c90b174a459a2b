"""Reading judgments and drafts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from feedback.accounts.models import User
from feedback.common.exceptions import NotVisible
from feedback.rating.models import CriterionRating, Judgment, Preference
from feedback.rating.said import said_lines
from feedback.studies.models import Assignment, Study, Task

_EXCERPT = 120


def judgments_of(user: User) -> QuerySet[Judgment]:
    """A person's own judgments as they stand now, newest first, with all of a line.

    Of a task whose answer was revised after others' answers were shown, the revision
    is what stands.
    """
    ratings = CriterionRating.objects.select_related("criterion").order_by(
        "completion_id", "criterion__position", "turn_no"
    )
    preferences = Preference.objects.select_related("criterion").order_by("pk")
    return (
        Judgment.objects.filter(rater__user=user, superseded_by=None)
        .select_related("study", "task__prompt", "assignment")
        .prefetch_related(
            Prefetch("ratings", queryset=ratings),
            Prefetch("preferences", queryset=preferences),
            "corrections",
            "safety_flags",
            "marks__label",
            "point_verdicts__point",
            "task__items",
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


def access_judgment(assignment: Assignment) -> Judgment:
    """The latest judgment of an assignment that its own rater opened.

    Raises:
        NotVisible: if nothing was submitted yet.
    """
    judgment = judgment_of(assignment)
    if judgment is None:
        raise NotVisible("This task is not answered yet.")
    return judgment


def last_judgment(*, user: User, study: Study) -> Judgment | None:
    """What a person submitted last in a study."""
    return (
        judgments_of(user)
        .filter(study=study)
        .order_by("-assignment__submitted_at", "-pk")
        .first()
    )


def may_change_until(judgment: Judgment) -> datetime:
    """Until when a judgment may be taken back; needs its study and assignment."""
    submitted_at = judgment.assignment.submitted_at or judgment.created_at
    return submitted_at + timedelta(seconds=judgment.study.undo_seconds)


def may_take_back(judgment: Judgment, *, now: datetime) -> bool:
    """Whether a blind answer may still be changed; needs its task as well.

    Never after training: what was expected is on the page that follows.
    """
    is_training = judgment.task.purpose == Task.Purpose.TRAINING
    return not is_training and now <= may_change_until(judgment)


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
    n_revisions: int
    is_changeable: bool


def line_of(judgment: Judgment, *, now: datetime) -> JudgmentLine:
    """A judgment in one line; needs the joins of `judgments_of`."""
    text = " ".join(judgment.task.prompt.last_turn.split())
    summary = " · ".join(value for _label, value in answers_of(judgment, short=True))
    return JudgmentLine(
        uid=judgment.uid,
        assignment_uid=judgment.assignment.uid,
        submitted_at=judgment.created_at,
        study=judgment.study.name,
        kind_label=judgment.task.get_kind_display(),
        prompt_excerpt=text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…",
        summary=summary,
        n_revisions=judgment.revision - 1,
        is_changeable=may_take_back(judgment, now=now)
        and judgment.basis == Judgment.Basis.BLIND,
    )


def answers_of(judgment: Judgment, *, short: bool = False) -> list[tuple[str, str]]:
    """What a judgment says, as pairs of label and value, in the words of its page.

    Args:
        judgment: with the joins of `judgments_of`.
        short: name texts instead of quoting them.
    """
    return said_lines(judgment, short=short)
