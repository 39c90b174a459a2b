"""A final answer as the JSON that is stored, and back into the fields of the form.

docs/explanation/adjudication.md describes what is stored: completions by their uid, so
that a verdict can be read without knowing what stood left.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import QueryDict

from feedback.rating.answers import CHOICES, Answer, Value
from feedback.rating.forms import NONE_OF_THEM
from feedback.rating.shown import Shown
from feedback.studies.models import Criterion

_SCREEN = {value: choice for choice, value in CHOICES.items()}
_APART = {Criterion.Kind.TEXT, Criterion.Kind.SCORE, Criterion.Kind.MULTI_LABEL}

Verdict = dict[str, Any]


def verdict_of(answer: Answer, shown: Shown) -> Verdict:
    """What is stored of a final answer.

    Args:
        answer: in canonical positions.
        shown: what the case shows.
    """
    return {
        "completions": [
            _completion(answer, position, item.completion.uid)
            for position, item in enumerate(shown.items)
        ],
        "turns": _turns(answer),
        "comparisons": {
            key: {"outcome": one.outcome, "strength": one.strength}
            for key, one in answer.comparisons.items()
        },
        "preference": {"outcome": answer.outcome, "strength": answer.strength}
        if answer.outcome
        else None,
        "is_fit_as_is": answer.is_fit_as_is,
    }


def _completion(answer: Answer, position: int, uid: UUID) -> dict[str, Any]:
    row: dict[str, Any] = {
        "completion": str(uid),
        "ratings": {
            place.key: _json(value)
            for place, value in answer.ratings.items()
            if place.item == position and not place.turn
        },
    }
    points = {
        str(point): verdict
        for (item, point), verdict in answer.verdicts.items()
        if item == position
    }
    if points:
        row["points"] = points
    if answer.ranks:
        row["rank"] = answer.ranks[position]
    if position in answer.corrections:
        row["correction"] = answer.corrections[position]
    return row


def _turns(answer: Answer) -> dict[str, dict[str, Any]]:
    turns: dict[str, dict[str, Any]] = {}
    for place, value in answer.ratings.items():
        if place.turn:
            turns.setdefault(str(place.turn), {})[place.key] = _json(value)
    return turns


def _json(value: Value) -> dict[str, Any]:
    if value.missing:
        return {"missing": value.missing}
    if value.number is not None:
        return {"value": value.number}
    if value.choices is not None:
        return {"choices": list(value.choices)}
    return {"text": value.text}


def fields_of_verdict(verdict: Verdict, shown: Shown) -> QueryDict:
    """The fields of the form with which a stored verdict would be given again."""
    fields = QueryDict(mutable=True)
    by_uid = {row["completion"]: row for row in verdict["completions"]}
    criteria = {one.key: one for one in (*shown.asked.criteria, *shown.asked.per_turn)}
    for place, position in enumerate(shown.order):
        row = by_uid[str(shown.items[position].completion.uid)]
        for key, value in row["ratings"].items():
            _put(fields, f"ratings-{place}-{key}", value, criteria.get(key))
        for point, found in row.get("points", {}).items():
            fields[f"points-{place}-{point}"] = found
        if "rank" in row:
            fields[f"rank-{place}"] = str(row["rank"])
        if "correction" in row:
            fields["correction_of"] = str(place)
            fields["correction_text"] = row["correction"]
    for turn, values in verdict["turns"].items():
        for key, value in values.items():
            _put(fields, f"turns-{turn}-{key}", value, criteria.get(key))
    _put_comparisons(fields, verdict, shown)
    if verdict["is_fit_as_is"]:
        fields["fit_as_is"] = "1"
    return fields


def _put(
    fields: QueryDict, name: str, value: Mapping[str, Any], criterion: Criterion | None
) -> None:
    if missing := value.get("missing"):
        is_apart = criterion is not None and criterion.kind in _APART
        fields[f"{name}.missing" if is_apart else name] = missing
    elif "choices" in value:
        fields.setlist(name, value["choices"] or [NONE_OF_THEM])
    else:
        fields[name] = str(value.get("value", value.get("text", "")))


def _put_comparisons(fields: QueryDict, verdict: Verdict, shown: Shown) -> None:
    for key, one in verdict["comparisons"].items():
        fields[f"compare-{key}"] = _choice(one, shown)
    preference = verdict["preference"]
    if preference is None:
        return
    if shown.asked.has_ranking:
        fields["none_acceptable"] = "1"
    else:
        fields["preference"] = _choice(preference, shown)


def _choice(one: Mapping[str, Any], shown: Shown) -> str:
    outcome = one["outcome"]
    if outcome == "not_applicable":
        return "na"
    if outcome in {"a", "b"}:
        is_left = (outcome == "a") == (shown.order[0] == 0)
        outcome = "left" if is_left else "right"
    return _SCREEN[outcome, one["strength"]]
