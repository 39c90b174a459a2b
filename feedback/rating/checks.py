"""Is an answer complete, and does it fit what was asked? Pure functions.

Problems are named by the fields of the page (docs/reference/views.md), where an item
has the number of its place on the page, so that each message lands at its question.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from feedback.common.exceptions import Invalid
from feedback.corpus.models import CasePoint
from feedback.rating.answers import (
    NOT_APPLICABLE,
    OUTSIDE_PRACTICE,
    REASONS,
    Answer,
    FlagDraft,
    MarkDraft,
    Place,
    Value,
)
from feedback.rating.asked import Asked
from feedback.rating.models import (
    Preference,
    SafetyFlag,
    SpanMark,
    SpanRelation,
)
from feedback.studies.models import Criterion, SpanLabel, Task, TaskForm

Problems = dict[str, str]

VERDICTS: dict[str, tuple[str, ...]] = {
    CasePoint.Kind.RUBRIC: ("met", "not_met", "outside_practice"),
    CasePoint.Kind.CLAIM: (
        "supported",
        "contradicted",
        "not_addressed",
        "outside_practice",
    ),
    CasePoint.Kind.MUST_SAY: ("said", "missing", "outside_practice"),
}


def item_name(kind: str, shown: int) -> str:
    """How the page calls a completion that stands at a place, e.g. "Answer on the left"."""
    if kind == Task.Kind.PAIR:
        return ("Answer on the left", "Answer on the right")[shown]
    if kind == Task.Kind.RANKING:
        return f"Answer {shown + 1}"
    return "Answer"


def is_asked(
    criterion: Criterion, ratings: Mapping[Place, Value], *, item: int, turn: int = 0
) -> bool:
    """Whether a conditional criterion's condition is met by what was answered."""
    if not criterion.condition_key:
        return True
    for where in (turn, 0):
        if value := ratings.get(Place(criterion.condition_key, item, where)):
            return bool(set(value.keys) & set(criterion.condition_values))
    return False


def check_answer(answer: Answer, *, asked: Asked, order: Sequence[int]) -> None:
    """Refuse an answer that leaves something open or does not fit the task.

    Args:
        answer: in canonical positions.
        asked: what the task asks.
        order: positions of the items as shown.

    Raises:
        Invalid: with one message per field that is missing or wrong.
    """
    problems: Problems = {}
    if not answer.is_outside_practice:
        problems |= _marks(answer, asked, order)
        problems |= _ratings(answer, asked, order)
        problems |= _verdicts(answer, asked, order)
        problems |= _comparisons(answer, asked)
        problems |= _preference(answer, asked)
        problems |= _ranking(answer, asked)
    problems |= _corrections(answer, asked)
    if answer.flag is not None:
        problems |= _flag(answer.flag, asked)
    if problems:
        raise Invalid(
            "Not submitted yet: " + " ".join(dict.fromkeys(problems.values())),
            next_step="Complete the marked fields and submit again.",
            fields=problems,
        )


def _called(asked: Asked, shown: int, name: str) -> str:
    """A question in a message: with the item's name where there are several."""
    return name if asked.n_items == 1 else f"{item_name(asked.kind, shown)}: {name}"


def _ratings(answer: Answer, asked: Asked, order: Sequence[int]) -> Problems:
    problems: Problems = {}
    known: set[Place] = set()
    for name, called, place, criterion in _questions(asked, order):
        known.add(place)
        if not is_asked(criterion, answer.ratings, item=place.item, turn=place.turn):
            continue
        value = answer.ratings.get(place)
        problem = (
            _value_problem(criterion, value, asked)
            if value is not None
            else ("has no answer." if criterion.is_required else "")
        )
        if problem:
            problems[name] = f"{called} {problem}"
    for place in answer.ratings.keys() - known:
        name = f"ratings-{order.index(place.item)}-{place.key}"
        problems[name] = f"This task has no question {place.key!r}."
    return problems


def _questions(
    asked: Asked, order: Sequence[int]
) -> Iterable[tuple[str, str, Place, Criterion]]:
    """Field name, what a message calls it, place and criterion of each question."""
    for shown, item in enumerate(order):
        for one in asked.criteria:
            name = f"ratings-{shown}-{one.key}"
            yield name, _called(asked, shown, one.name), Place(one.key, item), one
    for turn in range(1, asked.n_turns + 1):
        for one in asked.per_turn:
            name = f"turns-{turn}-{one.key}"
            yield name, f"Turn {turn}: {one.name}", Place(one.key, 0, turn), one


def _value_problem(criterion: Criterion, value: Value, asked: Asked) -> str:
    """What is wrong with a value, as the end of a sentence; empty if nothing."""
    if value.missing:
        known = {NOT_APPLICABLE, OUTSIDE_PRACTICE}
        return "" if value.missing in known else "cannot be left out like that."
    kind = criterion.kind
    if kind in {Criterion.Kind.NOMINAL, Criterion.Kind.MULTI_LABEL}:
        return _choices_problem(criterion, value)
    if kind == Criterion.Kind.TEXT:
        return "" if value.text.strip() else "has no answer."
    lowest, highest = limits_of(criterion, n_turns=asked.n_turns)
    if value.number is None:
        return f"needs a number from {lowest} to {highest}."
    if not lowest <= value.number <= highest:
        return f"is {value.number}; use {lowest} to {highest}."
    return ""


def limits_of(criterion: Criterion, *, n_turns: int) -> tuple[int, int]:
    """The lowest and the highest number that answers a criterion."""
    if criterion.kind == Criterion.Kind.YES_NO:
        return 0, 1
    if criterion.kind == Criterion.Kind.SCORE:
        return 0, 100
    if criterion.kind == Criterion.Kind.TURN:
        return 0, n_turns
    return criterion.minimum, criterion.maximum


def _choices_problem(criterion: Criterion, value: Value) -> str:
    if value.choices is None:
        return "has no answer."
    known = [option["value"] for option in criterion.options]
    if unknown := [one for one in value.choices if one not in known]:
        return f"has no option {unknown[0]!r}; use {', '.join(known)}."
    if len(set(value.choices)) != len(value.choices):
        return "names an option twice."
    if criterion.kind == Criterion.Kind.NOMINAL and len(value.choices) != 1:
        return "takes one option."
    return ""


def _verdicts(answer: Answer, asked: Asked, order: Sequence[int]) -> Problems:
    problems: Problems = {}
    points = {point.uid: point for point in asked.all_points}
    wanted = {(item, uid) for item in order for uid in points}
    for item, uid in sorted(wanted | answer.verdicts.keys(), key=str):
        name = f"points-{order.index(item)}-{uid}"
        verdict = answer.verdicts.get((item, uid))
        if uid not in points:
            problems[name] = "This case has no such point."
        elif verdict is None:
            called = _called(asked, order.index(item), _short(points[uid].text))
            problems[name] = f"{called} has no answer."
        elif verdict not in VERDICTS[points[uid].kind]:
            allowed = ", ".join(VERDICTS[points[uid].kind])
            problems[name] = f"{_short(points[uid].text)} takes {allowed}."
    return problems


def _short(text: str) -> str:
    return f"“{text if len(text) <= 40 else text[:40] + '…'}”"  # noqa: PLR2004


def _comparisons(answer: Answer, asked: Asked) -> Problems:
    problems: Problems = {}
    for one in asked.compared:
        given = answer.comparisons.get(one.key)
        if given is None and one.is_required:
            problems[f"compare-{one.key}"] = f"{one.name} has no answer."
        elif given is not None and given.outcome == Preference.Outcome.NEITHER:
            problems[f"compare-{one.key}"] = f"{one.name} takes one of the five steps."
    for key in answer.comparisons.keys() - {one.key for one in asked.compared}:
        problems[f"compare-{key}"] = f"This task does not compare {key!r}."
    return problems


def _preference(answer: Answer, asked: Asked) -> Problems:
    if not asked.has_preference:
        return {}
    if answer.outcome not in {"a", "b", "tie", "neither"}:
        return {"preference": "Choose which answer is better, or that neither is."}
    problems: Problems = {}
    if unknown := set(answer.reasons) - set(REASONS):
        problems["reasons"] = f"Unknown reasons {sorted(unknown)}; use {list(REASONS)}."
    needs_correction = answer.outcome == Preference.Outcome.NEITHER
    if needs_correction and not any(answer.corrections.values()):
        problems["correction_text"] = (
            "Neither is acceptable, so write what should be said instead."
        )
    return problems


def _ranking(answer: Answer, asked: Asked) -> Problems:
    if not asked.has_ranking:
        return {}
    if answer.outcome == Preference.Outcome.NEITHER:
        if any(answer.corrections.values()):
            return {}
        return {
            "correction_text": (
                "None is acceptable, so write what should be said instead."
            )
        }
    n_items = asked.n_items
    is_whole = len(answer.ranks) == n_items and all(answer.ranks)
    if not is_whole:
        return {"ranking": f"Give each of the {n_items} answers a place."}
    if not all(1 <= rank <= n_items for rank in answer.ranks):
        return {"ranking": f"Places go from 1 to {n_items}."}
    return {}


def _marks(answer: Answer, asked: Asked, order: Sequence[int]) -> Problems:
    if not answer.marks:
        return {}
    if not asked.has_marks:
        return {"marks": "This task asks for no marks."}
    labels = {label.key: label for label in asked.labels}
    for number, mark in enumerate(answer.marks):
        problem = "".join(
            list(
                chain(
                    _mark_problems(mark, labels, order),
                    _extra_problems(mark, number, asked, len(answer.marks)),
                )
            )[:1]
        )
        if problem:
            return {"marks": f"Mark {number + 1}: {problem}"}
    return {}


def _mark_problems(
    mark: MarkDraft, labels: Mapping[str, SpanLabel], order: Sequence[int]
) -> Iterable[str]:
    label = labels.get(mark.label)
    if mark.item not in order:
        yield "it is in no answer of this task."
    if label is None:
        yield f"choose what kind it is: {', '.join(labels)}."
    elif (label.kind == SpanLabel.Kind.OMISSION) != (mark.start == mark.end):
        yield f"{label.name} is not for {'a point' if not mark.quote else 'a range'}."
    if mark.severity not in SpanMark.Severity.values:
        yield "choose how severe it is."


def _extra_problems(
    mark: MarkDraft, number: int, asked: Asked, n_marks: int
) -> Iterable[str]:
    extras = asked.mark_extras
    if set(mark.assertions) - set(SpanMark.Assertion.values):
        yield f"unknown attributes {sorted(mark.assertions)}."
    if mark.assertions and TaskForm.Extra.ASSERTION not in extras:
        yield "this study asks for no attributes."
    if (mark.code or mark.code_system) and TaskForm.Extra.CODE not in extras:
        yield "this study asks for no codes."
    if bool(mark.code) != bool(mark.code_system):
        yield "a code needs its system, and a system its code."
    if mark.relations and TaskForm.Extra.RELATION not in extras:
        yield "this study asks for no relations."
    for other, kind in mark.relations:
        if kind not in SpanRelation.Kind.values:
            yield f"unknown relation {kind!r}."
        if other == number or not 0 <= other < n_marks:
            yield "its relation leads to no other mark."


def _corrections(answer: Answer, asked: Asked) -> Problems:
    for item, text in answer.corrections.items():
        if not 0 <= item < asked.n_items:
            return {"correction_of": f"There is no answer number {item + 1} here."}
        if not text.strip():
            return {"correction_text": "The correction is empty."}
    if answer.is_outside_practice or not asked.has_correction:
        return {}
    if answer.is_fit_as_is and answer.corrections:
        return {
            "correction_text": "Correct it or say that it is fit as it is, not both."
        }
    if not answer.corrections and not answer.is_fit_as_is:
        return {"correction_text": "Correct the text, or say that it is fit as it is."}
    return {}


def _flag(flag: FlagDraft, asked: Asked) -> Problems:
    problems: Problems = {}
    if flag.category not in SafetyFlag.Category.values:
        problems["flag_category"] = "Choose what kind of harm it is."
    if flag.severity not in SafetyFlag.Severity.values:
        problems["flag_severity"] = "Choose how severe the harm could be."
    if not flag.rationale.strip():
        problems["flag_rationale"] = "Say in a sentence what could happen."
    if not 0 <= flag.item < asked.n_items:
        problems["flag_item"] = "Choose which answer the flag is about."
    return problems
