"""What raters answered to tasks, in the plain terms of `disagreement`; in bulk.

Only what counts: of each rater the latest answer given blind, before others' answers
were shown, and nothing of those who were outside their practice.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from feedback.rating.models import (
    Correction,
    CriterionRating,
    Judgment,
    PointVerdict,
    Preference,
    SafetyFlag,
)
from feedback.review.disagreement import (
    CLASSES,
    NUMBERS,
    PREFERENCE,
    SETS,
    Given,
    Question,
    Scale,
    disagreements,
)
from feedback.studies.models import Criterion, Task

# As in the export contract: the criterion whose low end is harm.
SAFETY_KEY = "safety"
_KINDS = {
    Criterion.Kind.LIKERT: NUMBERS,
    Criterion.Kind.SCORE: NUMBERS,
    Criterion.Kind.YES_NO: CLASSES,
    Criterion.Kind.NOMINAL: CLASSES,
    Criterion.Kind.TURN: CLASSES,
    Criterion.Kind.MULTI_LABEL: SETS,
}
_NO_VERDICT = {Preference.Outcome.NOT_APPLICABLE, Preference.Outcome.OUTSIDE_PRACTICE}


@dataclass(frozen=True, slots=True)
class TaskAnswers:
    """What was answered to one task."""

    given: Sequence[Given] = ()
    scales: Mapping[str, Scale] = field(default_factory=dict)


@dataclass(slots=True)
class _Parts:
    """A judgment's rows, as they are read."""

    task: int
    ratings: dict[Question, int | tuple[str, ...]] = field(default_factory=dict)
    preferences: dict[tuple[str, int, int], tuple[str, int]] = field(
        default_factory=dict
    )
    verdicts: dict[tuple[int, int], str] = field(default_factory=dict)
    corrected: set[int] = field(default_factory=set)
    flags: list[str] = field(default_factory=list)
    is_fit_as_is: bool = False

    def frozen(self) -> Given:
        """The same, to be compared."""
        return Given(
            ratings=self.ratings,
            preferences=self.preferences,
            verdicts=self.verdicts,
            corrected=frozenset(self.corrected),
            is_fit_as_is=self.is_fit_as_is,
            flags=tuple(self.flags),
        )


def judgments_that_count(task_ids: Iterable[int]) -> QuerySet[Judgment]:
    """Each rater's latest blind answer to these tasks."""
    return Judgment.objects.filter(
        task__in=list(task_ids),
        basis=Judgment.Basis.BLIND,
        outcome=Judgment.Outcome.ANSWERED,
    ).exclude(superseded_by__basis=Judgment.Basis.BLIND)


def answers_to(task_ids: Iterable[int]) -> dict[int, TaskAnswers]:
    """The answers to some tasks, in a fixed number of queries."""
    rows = judgments_that_count(task_ids).values_list("pk", "task_id", "is_fit_as_is")
    parts = {
        pk: _Parts(task=task, is_fit_as_is=is_fit)
        for pk, task, is_fit in rows.order_by("pk")
    }
    criteria: dict[int, Criterion] = {}
    if parts:
        criteria = _read(parts)
    scales: dict[int, dict[str, Scale]] = defaultdict(dict)
    given: dict[int, list[Given]] = defaultdict(list)
    by_key = {one.key: scale_of(one) for one in criteria.values()}
    for one in parts.values():
        given[one.task].append(one.frozen())
        keys = {question.key for question in one.ratings}
        keys |= {key for key, _a, _b in one.preferences}
        scales[one.task] |= {
            key: scale for key in keys if (scale := by_key.get(key)) is not None
        }
    return {task: TaskAnswers(found, scales[task]) for task, found in given.items()}


def is_in_dispute(task: Task) -> bool:
    """Whether the raters of a task disagree by the rules."""
    answers = answers_to([task.pk]).get(task.pk, TaskAnswers())
    return bool(disagreements(answers.given, answers.scales))


def scale_of(criterion: Criterion) -> Scale | None:
    """How a criterion's answers are compared; None for free text."""
    kind = _KINDS.get(Criterion.Kind(criterion.kind))
    if kind is None:
        return None
    lowest, highest = criterion.minimum, criterion.maximum
    if criterion.kind == Criterion.Kind.YES_NO:
        lowest, highest = 0, 1
    elif criterion.kind == Criterion.Kind.SCORE:
        lowest, highest = 0, 100
    is_better = criterion.direction == Criterion.Direction.BETTER
    return Scale(
        key=criterion.key,
        name=criterion.name,
        kind=kind,
        minimum=lowest,
        maximum=highest,
        is_safety=criterion.key == SAFETY_KEY and is_better,
    )


def _read(parts: dict[int, _Parts]) -> dict[int, Criterion]:
    ratings = _rows(
        CriterionRating,
        parts,
        "completion_id",
        "criterion_id",
        "turn_no",
        "value",
        "choices",
    )
    preferences = _rows(
        Preference,
        parts,
        "criterion_id",
        "completion_a_id",
        "completion_b_id",
        "outcome",
        "strength",
    )
    criteria = Criterion.objects.in_bulk(
        {row[2] for row in ratings} | {row[1] for row in preferences if row[1]}
    )
    for judgment, completion, criterion, turn, value, choices in ratings:
        answer = tuple(choices) if choices is not None else value
        if answer is not None:
            question = Question(criteria[criterion].key, completion, turn or 0)
            parts[judgment].ratings[question] = answer
    for judgment, criterion, a, b, outcome, strength in preferences:
        key = criteria[criterion].key if criterion else PREFERENCE
        if outcome not in _NO_VERDICT:
            parts[judgment].preferences[key, a, b] = (outcome, strength)
    _read_the_rest(parts)
    return criteria


def _read_the_rest(parts: dict[int, _Parts]) -> None:
    verdicts = _rows(PointVerdict, parts, "completion_id", "point_id", "verdict")
    for judgment, completion, point, verdict in verdicts:
        if verdict != PointVerdict.Verdict.OUTSIDE_PRACTICE:
            parts[judgment].verdicts[completion, point] = verdict
    for judgment, completion in _rows(Correction, parts, "completion_id"):
        parts[judgment].corrected.add(completion)
    for judgment, severity in _rows(SafetyFlag, parts, "severity"):
        parts[judgment].flags.append(severity)


def _rows(model: Any, parts: dict[int, _Parts], *names: str) -> list[tuple[Any, ...]]:  # noqa: ANN401 - any of the parts
    found = model.objects.filter(judgment__in=list(parts)).order_by("pk")
    return list(found.values_list("judgment_id", *names))
