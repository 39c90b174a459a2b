"""What may be known of a task's answer: written by a lead, checked here.

`GoldItem.expected` names the parts of an answer that are checked, and no others::

    {"ratings": {"safety": {"value": 2, "tolerance": 1}}, "preference": "b"}

A value is a number for scales, scores, yes (1) or no (0) and turns; the option's value
for one of several; a list for any of several; "a", "b" or "tie" for a criterion by
which a pair is compared, in the pair's own order and never left and right.
"""

from collections.abc import Mapping
from typing import Any

from feedback.common.exceptions import Invalid
from feedback.studies.criteria import SINGLE_AND_PAIR
from feedback.studies.models import Criterion, Task, TaskForm
from feedback.studies.selectors import questionnaire_of

Expected = dict[str, Any]

COMPARED = ("a", "b", "tie")
PREFERENCES = (*COMPARED, "neither")
_SCORE = (0, 100)
_YES_NO = (0, 1)
_DEFAULT_FORMS = {draft.kind: draft for draft in SINGLE_AND_PAIR}
# Without an answer that a rule could compare.
_UNCHECKED = {Criterion.Kind.TEXT}


def checkable_criteria(task: Task) -> list[Criterion]:
    """The criteria of a task that may have a known answer.

    Of one completion those that are asked about it as a whole; of a pair those by which
    the two are compared. Free text has none, and neither has a ranking.
    """
    asked = questionnaire_of(task.guideline_version)
    if task.kind == Task.Kind.RANKING:
        return []
    if task.kind == Task.Kind.PAIR:
        return [one for one in asked.criteria if one.scope == Criterion.Scope.PAIR]
    form = asked.forms.get(task.kind) or _DEFAULT_FORMS.get(task.kind)
    if form is None or TaskForm.Part.RATINGS not in form.parts:
        return []
    is_conversation = task.kind == Task.Kind.CONVERSATION
    return [
        one
        for one in asked.criteria
        if one.scope == Criterion.Scope.COMPLETION
        and one.kind not in _UNCHECKED
        and (is_conversation or one.kind != Criterion.Kind.TURN)
    ]


def has_preference(task: Task) -> bool:
    """Whether a task asks which of two is better."""
    return task.kind == Task.Kind.PAIR


def check_expected(task: Task, expected: Mapping[str, Any]) -> Expected:
    """An expected answer as it is stored, or why it cannot be.

    Args:
        task: what is asked.
        expected: as above.

    Returns:
        The same with whole numbers, tolerances filled in, and sorted options.

    Raises:
        Invalid: with a message per field: `value-KEY`, `tolerance-KEY`, `preference`,
            or `expected` for the whole.
    """
    criteria = {one.key: one for one in checkable_criteria(task)}
    problems: dict[str, str] = {}
    ratings: Expected = {}
    for key, given in dict(expected.get("ratings", {})).items():
        if key not in criteria:
            problems[f"value-{key}"] = f"This task asks no {key!r} that can be known."
            continue
        offences, ratings[key] = _rating(criteria[key], dict(given), task)
        problems |= {f"{field}-{key}": offence for field, offence in offences.items()}
    clean: Expected = {"ratings": ratings} if ratings else {}
    preference = expected.get("preference")
    if preference and not has_preference(task):
        problems["preference"] = "This task asks for no preference."
    elif preference and preference not in PREFERENCES:
        problems["preference"] = f"Use one of {', '.join(PREFERENCES)}."
    elif preference:
        clean["preference"] = preference
    if not clean and not problems:
        problems["expected"] = (
            "Say what is expected for at least one question."
            if criteria or has_preference(task)
            else "Nothing that this kind of task asks can have a known answer."
        )
    if problems:
        raise Invalid(
            "The known answer cannot be stored: "
            + " ".join(dict.fromkeys(problems.values())),
            next_step="Change the marked fields and save again.",
            fields=problems,
        )
    return clean


def _rating(
    criterion: Criterion, given: Expected, task: Task
) -> tuple[dict[str, str], Expected]:
    value = given.get("value")
    if criterion.scope == Criterion.Scope.PAIR:
        return _one_of(criterion, value, COMPARED)
    options = tuple(option["value"] for option in criterion.options)
    if criterion.kind == Criterion.Kind.NOMINAL:
        return _one_of(criterion, value, options)
    if criterion.kind == Criterion.Kind.MULTI_LABEL:
        chosen = sorted(set(value)) if isinstance(value, list) else []
        if unknown := sorted(set(chosen) - set(options)):
            return {"value": f"{criterion.name} has no option {unknown[0]!r}."}, {}
        return {}, {"value": chosen}
    return _number(criterion, given, task)


def _one_of(
    criterion: Criterion, value: object, allowed: tuple[str, ...]
) -> tuple[dict[str, str], Expected]:
    if value not in allowed:
        return {"value": f"{criterion.name} takes one of {', '.join(allowed)}."}, {}
    return {}, {"value": value}


def _number(
    criterion: Criterion, given: Expected, task: Task
) -> tuple[dict[str, str], Expected]:
    lowest, highest = _limits(criterion, task)
    value, tolerance = given.get("value"), given.get("tolerance", 0)
    offences = {}
    if not (isinstance(value, int) and lowest <= value <= highest):
        offences["value"] = (
            f"{criterion.name} needs a whole number from {lowest} to {highest}."
        )
    if not (isinstance(tolerance, int) and 0 <= tolerance < highest - lowest + 1):
        offences["tolerance"] = (
            f"{criterion.name}: how far off still counts goes from 0 to "
            f"{highest - lowest}."
        )
    return offences, {"value": value, "tolerance": tolerance}


def _limits(criterion: Criterion, task: Task) -> tuple[int, int]:
    if criterion.kind == Criterion.Kind.YES_NO:
        return _YES_NO
    if criterion.kind == Criterion.Kind.SCORE:
        return _SCORE
    if criterion.kind == Criterion.Kind.TURN:
        turns = [one["role"] for one in task.prompt.messages]
        return 0, 1 + turns.count("assistant")
    return criterion.minimum, criterion.maximum
