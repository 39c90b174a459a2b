"""Whether answers to tasks of known answer came out right."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from feedback.accounts.models import Rater
from feedback.rating.models import CriterionRating, Judgment, Preference
from feedback.studies.models import Study, Task

# The field of an expected answer that is about the pair as a whole.
PREFERENCE = "preference"


@dataclass(frozen=True, slots=True)
class Grade:
    """How one answer to a task of known answer came out.

    Attributes:
        parts: criterion key, or "preference" -> whether it is as expected. What was
            left out as not applicable is not as expected.
        is_right: all of it is; None for "outside my practice", which is an answer
            that says nothing about accuracy.
    """

    parts: Mapping[str, bool] = field(default_factory=dict)
    is_right: bool | None = None


@dataclass(frozen=True, slots=True)
class GradedAnswer:
    """A rater's answer to a task of known answer, as it stands.

    Attributes:
        rater_id: key of the rater.
        task_id: key of the twin whose answer is known.
        submitted_at: when it was first submitted; orders a rater's answers.
        grade: how it came out.
    """

    rater_id: int
    task_id: int
    submitted_at: datetime
    grade: Grade


@dataclass(frozen=True, slots=True)
class Given:
    """One part of an answer: a number, options, or neither."""

    number: int | None = None
    choices: tuple[str, ...] | None = None


def grade(judgment: Judgment) -> Grade:
    """Hold a judgment against what is known of its task; the task must have it.

    Raises:
        GoldItem.DoesNotExist: if nothing is known of the task.
    """
    expected = judgment.task.gold.expected
    if judgment.outcome == Judgment.Outcome.OUTSIDE_PRACTICE:
        return Grade()
    parts = parts_of([judgment.pk])[judgment.pk]
    return grade_parts(parts, expected)


def grade_parts(given: Mapping[str, Given], expected: Mapping[str, Any]) -> Grade:
    """Hold the parts of an answer against what is expected of them.

    Args:
        given: criterion key, or "preference" -> what was said.
        expected: of `GoldItem`; `feedback.studies.expected` says how it is written.

    Returns:
        A grade for each part that is named there, and for the whole.
    """
    parts = {
        key: _is_as_expected(given.get(key), one)
        for key, one in expected.get("ratings", {}).items()
    }
    if preference := expected.get(PREFERENCE):
        said = given.get(PREFERENCE)
        parts[PREFERENCE] = said is not None and said.choices == (preference,)
    return Grade(parts, all(parts.values()))


def gold_answers(
    *, study: Study, rater: Rater, after: datetime | None = None
) -> list[GradedAnswer]:
    """A rater's graded answers to golds in use, in the order they were given.

    Args:
        study: whose golds.
        rater: whose answers.
        after: only those submitted later than this.
    """
    judgments = _standing(study, purposes=[Task.Purpose.GOLD]).filter(rater=rater)
    if after is not None:
        judgments = judgments.filter(assignment__submitted_at__gt=after)
    return _graded(judgments)


def all_gold_answers(study: Study) -> list[GradedAnswer]:
    """Every rater's graded answers to golds in use, in the order they were given."""
    return _graded(_standing(study, purposes=[Task.Purpose.GOLD]))


def all_known_answers(study: Study) -> list[GradedAnswer]:
    """The same with answers in training, and to what was retired since."""
    purposes = [Task.Purpose.GOLD, Task.Purpose.TRAINING]
    return _graded(_standing(study, purposes=purposes, is_in_use=False))


def _standing(
    study: Study, *, purposes: Iterable[str], is_in_use: bool = True
) -> QuerySet[Judgment]:
    """Blind answers to known tasks, each in its newest revision.

    Not those of whoever wrote the known answer: a lead who rates, too, says nothing by
    giving it again, and nothing by having changed their mind.
    """
    judgments = Judgment.objects.filter(
        study=study,
        task__purpose__in=list(purposes),
        task__gold__isnull=False,
        basis=Judgment.Basis.BLIND,
    ).exclude(superseded_by__basis=Judgment.Basis.BLIND)
    judgments = judgments.exclude(task__gold__created_by=F("rater__user"))
    if is_in_use:
        judgments = judgments.filter(task__gold__retired_at=None)
    return judgments.order_by("assignment__submitted_at", "pk")


def _graded(judgments: QuerySet[Judgment]) -> list[GradedAnswer]:
    rows = list(
        judgments.values_list(
            "pk",
            "rater",
            "task",
            "assignment__submitted_at",
            "outcome",
            "task__gold__expected",
        )
    )
    answered = [row[0] for row in rows if row[4] == Judgment.Outcome.ANSWERED]
    parts = parts_of(answered)
    return [
        GradedAnswer(
            rater_id=rater,
            task_id=task,
            submitted_at=submitted_at,
            grade=grade_parts(parts[pk], expected)
            if outcome == Judgment.Outcome.ANSWERED
            else Grade(),
        )
        for pk, rater, task, submitted_at, outcome, expected in rows
        if submitted_at is not None
    ]


def parts_of(judgments: list[int]) -> defaultdict[int, dict[str, Given]]:
    """What judgments say, by key: two queries for all of them."""
    parts: defaultdict[int, dict[str, Given]] = defaultdict(dict)
    ratings = CriterionRating.objects.filter(
        judgment__in=judgments, turn_no=None
    ).values_list("judgment", "criterion__key", "value", "choices")
    for judgment, key, value, choices in ratings:
        parts[judgment][key] = Given(
            value, None if choices is None else tuple(sorted(choices))
        )
    preferences = Preference.objects.filter(judgment__in=judgments).values_list(
        "judgment", "criterion__key", "outcome"
    )
    for judgment, key, outcome in preferences:
        parts[judgment][key or PREFERENCE] = Given(choices=(outcome,))
    return parts


def _is_as_expected(said: Given | None, expected: Mapping[str, Any]) -> bool:
    if said is None:
        return False
    value = expected["value"]
    if said.number is not None:
        return abs(said.number - int(value)) <= int(expected.get("tolerance", 0))
    wanted = tuple(value) if isinstance(value, list) else (value,)
    return said.choices == wanted
