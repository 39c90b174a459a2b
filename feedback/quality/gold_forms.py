"""The form of a known answer: its fields, and what was posted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from feedback.studies.expected import (
    COMPARED,
    PREFERENCES,
    Expected,
    checkable_criteria,
    has_preference,
)
from feedback.studies.models import Criterion, Task

# Of any of several: the box that says that none of them is expected.
NONE_OF_THEM = "-none-"
_LABELS = {
    "a": "A is better",
    "b": "B is better",
    "tie": "About equal",
    "neither": "Neither is acceptable",
}
_TYPED = {Criterion.Kind.SCORE, Criterion.Kind.TURN}
_NUMBERS = {*_TYPED, Criterion.Kind.LIKERT, Criterion.Kind.YES_NO}
_LONGEST = 4


@dataclass(frozen=True, slots=True)
class KnownOption:
    """One value that may be expected."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class KnownField:
    """One question that may have a known answer; left empty it is not checked.

    Attributes:
        name: of the field.
        label: of the question.
        question: in full.
        options: to choose from; none where a number is typed.
        takes_several: any number of the options.
        value: a number that is typed.
        tolerance_name: of the field that says how far off still counts; empty where
            nothing can be off.
        tolerance: what it says.
        error: what is wrong.
        tolerance_error: what is wrong with the tolerance.
    """

    name: str
    label: str
    question: str = ""
    options: tuple[KnownOption, ...] = ()
    takes_several: bool = False
    value: str = ""
    tolerance_name: str = ""
    tolerance: str = ""
    error: str = ""
    tolerance_error: str = ""


def values_of(
    expected: Mapping[str, Any], *, explanation: str = "", purpose: str = "gold"
) -> QueryDict:
    """An expected answer as the form's fields."""
    values = QueryDict(mutable=True)
    values["explanation"], values["purpose"] = explanation, purpose
    for key, one in expected.get("ratings", {}).items():
        value = one["value"]
        given = value if isinstance(value, list) else [str(value)]
        values.setlist(f"value-{key}", given or [NONE_OF_THEM])
        values[f"tolerance-{key}"] = str(one.get("tolerance", 0))
    values["preference"] = expected.get("preference", "")
    return values


def expected_from(post: QueryDict, *, task: Task) -> Expected:
    """What was posted, unchecked: `make_gold` refuses what does not fit."""
    ratings: Expected = {}
    for one in checkable_criteria(task):
        given = [value for value in post.getlist(f"value-{one.key}") if value]
        if not given:
            continue
        rating: Expected = {"value": _value(one, given)}
        if _has_tolerance(one):
            rating["tolerance"] = _number(post.get(f"tolerance-{one.key}") or "0")
        ratings[one.key] = rating
    expected: Expected = {"ratings": ratings}
    if preference := post.get("preference", ""):
        expected["preference"] = preference
    return expected


def known_fields(
    task: Task, *, values: QueryDict, errors: Mapping[str, str]
) -> list[KnownField]:
    """The questions of a task that may have a known answer, with what stands there."""
    fields = [_field(one, values, errors) for one in checkable_criteria(task)]
    if has_preference(task):
        fields.append(
            KnownField(
                name="preference",
                label="Preference",
                question="Which answer is better?",
                options=_options(
                    values, "preference", [(one, _LABELS[one]) for one in PREFERENCES]
                ),
                error=errors.get("preference", ""),
            )
        )
    return fields


def _field(
    criterion: Criterion, values: QueryDict, errors: Mapping[str, str]
) -> KnownField:
    name, tolerance = f"value-{criterion.key}", f"tolerance-{criterion.key}"
    is_typed = criterion.kind in _TYPED and criterion.scope != Criterion.Scope.PAIR
    return KnownField(
        name=name,
        label=criterion.name,
        question=criterion.question,
        options=() if is_typed else _options(values, name, _choices(criterion)),
        takes_several=criterion.kind == Criterion.Kind.MULTI_LABEL,
        value=values.get(name, "") if is_typed else "",
        tolerance_name=tolerance if _has_tolerance(criterion) else "",
        tolerance=values.get(tolerance, "0") or "0",
        error=errors.get(name, ""),
        tolerance_error=errors.get(tolerance, ""),
    )


def _choices(criterion: Criterion) -> list[tuple[str, str]]:
    if criterion.scope == Criterion.Scope.PAIR:
        return [(one, _LABELS[one]) for one in COMPARED]
    if criterion.kind == Criterion.Kind.YES_NO:
        return [
            ("1", criterion.high_label or "Yes"),
            ("0", criterion.low_label or "No"),
        ]
    if criterion.kind == Criterion.Kind.LIKERT:
        ends = {
            criterion.minimum: f" – {criterion.low_label}",  # noqa: RUF001 - a dash
            criterion.maximum: f" – {criterion.high_label}",  # noqa: RUF001 - a dash
        }
        numbers = range(criterion.minimum, criterion.maximum + 1)
        return [(str(one), f"{one}{ends.get(one, '')}") for one in numbers]
    options = [(one["value"], one["label"]) for one in criterion.options]
    if criterion.kind == Criterion.Kind.MULTI_LABEL:
        options.append((NONE_OF_THEM, "None of these"))
    return options


def _options(
    values: QueryDict, name: str, choices: list[tuple[str, str]]
) -> tuple[KnownOption, ...]:
    given = values.getlist(name)
    return tuple(KnownOption(value, label, value in given) for value, label in choices)


def _has_tolerance(criterion: Criterion) -> bool:
    return (
        criterion.kind in _NUMBERS
        and criterion.kind != Criterion.Kind.YES_NO
        and criterion.scope != Criterion.Scope.PAIR
    )


def _value(criterion: Criterion, given: list[str]) -> object:
    if criterion.scope == Criterion.Scope.PAIR:
        return given[0]
    if criterion.kind == Criterion.Kind.MULTI_LABEL:
        return [] if given == [NONE_OF_THEM] else given
    if criterion.kind in _NUMBERS:
        return _number(given[0])
    return given[0]


def _number(text: str) -> int | str:
    """A whole number, or the text as it is, which the check refuses."""
    text = text.strip()
    is_whole = text.isascii() and text.isdigit() and len(text) <= _LONGEST
    return int(text) if is_whole else text
