"""A training answer beside the one that was expected, question by question."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse

from feedback.accounts.models import User
from feedback.common.exceptions import NotVisible
from feedback.quality.golds import PREFERENCE, Given, grade_parts, parts_of
from feedback.rating.models import Judgment
from feedback.rating.page import turns_of
from feedback.rating.shown import Shown, shown_of
from feedback.studies.expected import checkable_criteria
from feedback.studies.models import Assignment, Criterion, GoldItem, Task
from feedback.studies.selectors import access_assignment


@dataclass(frozen=True, slots=True)
class Compared:
    """One question: what the rater said, what was expected.

    Attributes:
        name: of the question.
        said: in the words of the page.
        expected: in the same words.
        is_as_expected: whether the two go together.
    """

    name: str
    said: str
    expected: str
    is_as_expected: bool


@dataclass(frozen=True, slots=True)
class Explained:
    """Everything that the page after a training answer shows."""

    assignment: Assignment
    gold: GoldItem
    shown: Shown
    compared: tuple[Compared, ...]
    is_outside_practice: bool

    @property
    def n_as_expected(self) -> int:
        """How many questions came out as expected."""
        return sum(one.is_as_expected for one in self.compared)

    @property
    def texts(self) -> list[str]:
        """The completions in the order in which the rater saw them."""
        return [self.shown.texts[place].text for place in self.shown.order]

    @property
    def turns(self) -> list[Any]:
        """The prompt."""
        return turns_of(self.assignment.task)


def explanation_url(assignment: Assignment) -> str:
    """Where a rater reads how their training answer compares."""
    return reverse("assignment_explained", args=[assignment.uid])


def access_explained(user: User, uid: UUID) -> Explained:
    """The only door to an explained answer: its own rater's, of a training task.

    Raises:
        NotVisible: for anybody else, for a task that is not for training, and before
            it was answered.
    """
    assignment = access_assignment(user, uid)
    task = assignment.task
    gold = GoldItem.objects.filter(task=task).first()
    if task.purpose != Task.Purpose.TRAINING or gold is None:
        raise NotVisible
    judgment = (
        Judgment.objects.filter(assignment=assignment, basis=Judgment.Basis.BLIND)
        .order_by("-revision")
        .first()
    )
    if judgment is None:
        raise NotVisible
    shown = shown_of(assignment)
    return Explained(
        assignment=assignment,
        gold=gold,
        shown=shown,
        compared=tuple(_compared(task, gold, judgment, shown)),
        is_outside_practice=judgment.outcome == Judgment.Outcome.OUTSIDE_PRACTICE,
    )


def expected_in_words(task: Task, expected: dict[str, Any]) -> list[tuple[str, str]]:
    """What is expected, as name and value; of a pair A and B in the task's order."""
    ratings = expected.get("ratings", {})
    lines = [
        (one.name, _expected(one, ratings[one.key], order=None))
        for one in checkable_criteria(task)
        if one.key in ratings
    ]
    if preference := expected.get(PREFERENCE):
        lines.append(("Preference", _side(preference, None)))
    return lines


def _compared(
    task: Task, gold: GoldItem, judgment: Judgment, shown: Shown
) -> list[Compared]:
    given = parts_of([judgment.pk])[judgment.pk]
    grades = grade_parts(given, gold.expected).parts
    ratings = gold.expected.get("ratings", {})
    order = shown.order
    found = [
        Compared(
            name=one.name,
            said=_said(one, given.get(one.key), order),
            expected=_expected(one, ratings[one.key], order=order),
            is_as_expected=grades[one.key],
        )
        for one in checkable_criteria(task)
        if one.key in ratings
    ]
    if preference := gold.expected.get(PREFERENCE):
        said = given.get(PREFERENCE)
        found.append(
            Compared(
                name="Preference",
                said=_side(said.choices[0], order)
                if said and said.choices
                else "no answer",
                expected=_side(preference, order),
                is_as_expected=grades[PREFERENCE],
            )
        )
    return found


def _said(criterion: Criterion, given: Given | None, order: tuple[int, ...]) -> str:
    if given is None or (given.number is None and given.choices is None):
        return "does not apply"
    if given.number is not None:
        return _number(criterion, given.number)
    return _chosen(criterion, list(given.choices or ()), order)


def _expected(
    criterion: Criterion, one: dict[str, Any], *, order: tuple[int, ...] | None
) -> str:
    value = one["value"]
    if not isinstance(value, int):
        return _chosen(criterion, value if isinstance(value, list) else [value], order)
    tolerance = int(one.get("tolerance", 0))
    told = _number(criterion, value)
    return f"{told}, give or take {tolerance}" if tolerance else told


def _number(criterion: Criterion, value: int) -> str:
    if criterion.kind == Criterion.Kind.YES_NO:
        return (
            (criterion.high_label or "Yes") if value else (criterion.low_label or "No")
        )
    if criterion.kind == Criterion.Kind.TURN:
        return f"turn {value}" if value else "never"
    return str(value)


def _chosen(
    criterion: Criterion, values: list[str], order: tuple[int, ...] | None
) -> str:
    if criterion.scope == Criterion.Scope.PAIR:
        return _side(values[0], order)
    labels = {option["value"]: option["label"] for option in criterion.options}
    return ", ".join(labels.get(one, one) for one in values) or "none of them"


def _side(outcome: str, order: tuple[int, ...] | None) -> str:
    """An outcome as the page called it; without an order by letter."""
    if outcome not in {"a", "b"}:
        return {"tie": "About equal", "neither": "Neither is acceptable"}.get(
            outcome, "does not apply"
        )
    if order is None:
        return f"{outcome.upper()} is better"
    is_left = order[0] == (0 if outcome == "a" else 1)
    return "Left is better" if is_left else "Right is better"
