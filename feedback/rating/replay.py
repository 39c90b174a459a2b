"""A stored judgment as the form it was given in: the inverse of `forms` and `storing`."""

import json
from collections.abc import Iterable

from django.http import QueryDict

from feedback.rating.answers import CHOICES, NOT_APPLICABLE, OUTSIDE_PRACTICE
from feedback.rating.forms import NONE_OF_THEM
from feedback.rating.models import CriterionRating, Judgment, Preference
from feedback.rating.shown import Shown
from feedback.studies.models import Criterion

_SCREEN = {value: choice for choice, value in CHOICES.items()}
_APART = {Criterion.Kind.TEXT, Criterion.Kind.SCORE, Criterion.Kind.MULTI_LABEL}


def fields_of(judgment: Judgment, shown: Shown) -> QueryDict:
    """The fields of the page with which a judgment would be given again.

    Args:
        judgment: any revision.
        shown: what its assignment shows.
    """
    fields = QueryDict(mutable=True)
    places = {
        item.completion_id: shown.order.index(position)
        for position, item in enumerate(shown.items)
    }
    if judgment.outcome == Judgment.Outcome.OUTSIDE_PRACTICE:
        fields["outside_practice"] = "1"
    for name, values in _ratings(judgment, places):
        fields.setlist(name, values)
    _put_preferences(fields, judgment, shown)
    for verdict in judgment.point_verdicts.select_related("point"):
        place = places[verdict.completion_id]
        fields[f"points-{place}-{verdict.point.uid}"] = verdict.verdict
    fields["marks"] = _marks(judgment, shown, places)
    for correction in judgment.corrections.all():
        fields["correction_of"] = str(places[correction.completion_id])
        fields["correction_text"] = correction.text
    for flag in judgment.safety_flags.all():
        fields["flag_item"] = str(places[flag.completion_id])
        fields["flag_category"] = flag.category
        fields["flag_severity"] = flag.severity
        fields["flag_rationale"] = flag.rationale
    fields["comment"] = judgment.comment
    if judgment.is_fit_as_is:
        fields["fit_as_is"] = "1"
    if judgment.is_unblinded and not shown.names_its_maker:
        fields["knows_model"] = "1"
    return fields


def _ratings(
    judgment: Judgment, places: dict[int, int]
) -> Iterable[tuple[str, list[str]]]:
    for rating in judgment.ratings.select_related("criterion"):
        key = rating.criterion.key
        name = (
            f"turns-{rating.turn_no}-{key}"
            if rating.turn_no
            else f"ratings-{places[rating.completion_id]}-{key}"
        )
        missing = _missing(rating)
        if missing and rating.criterion.kind in _APART:
            yield f"{name}.missing", [missing]
        elif missing:
            yield name, [missing]
        else:
            yield name, _values(rating)


def _missing(rating: CriterionRating) -> str:
    if rating.is_outside_practice:
        return OUTSIDE_PRACTICE
    return NOT_APPLICABLE if rating.is_not_applicable else ""


def _values(rating: CriterionRating) -> list[str]:
    if rating.choices is not None:
        return list(rating.choices) or [NONE_OF_THEM]
    return [rating.text if rating.value is None else str(rating.value)]


def _put_preferences(fields: QueryDict, judgment: Judgment, shown: Shown) -> None:
    preferences = list(judgment.preferences.select_related("criterion"))
    first = shown.order[0]
    overall = [one for one in preferences if one.criterion is None]
    for one in preferences:
        if one.criterion is not None:
            fields[f"compare-{one.criterion.key}"] = _choice(one, first)
    if shown.asked.has_ranking and overall:
        _put_ranking(fields, overall, shown)
    elif overall:
        fields["preference"] = _choice(overall[0], first)
        if overall[0].reasons:
            fields.setlist("reasons", overall[0].reasons)


def _choice(preference: Preference, first: int) -> str:
    if preference.outcome == Preference.Outcome.NOT_APPLICABLE:
        return NOT_APPLICABLE
    if preference.outcome == Preference.Outcome.OUTSIDE_PRACTICE:
        return OUTSIDE_PRACTICE
    side = preference.outcome
    if side in {Preference.Outcome.A, Preference.Outcome.B}:
        is_left = (side == Preference.Outcome.A) == (first == 0)
        side = "left" if is_left else "right"
    return _SCREEN[str(side), preference.strength]


def _put_ranking(fields: QueryDict, pairs: list[Preference], shown: Shown) -> None:
    """Places from pairwise outcomes: one more than how many are better."""
    if pairs[0].outcome == Preference.Outcome.NEITHER:
        fields["none_acceptable"] = "1"
        return
    positions = {item.completion_id: at for at, item in enumerate(shown.items)}
    n_better = dict.fromkeys(range(len(shown.items)), 0)
    for pair in pairs:
        a, b = positions[pair.completion_a_id], positions[pair.completion_b_id]
        if pair.outcome == Preference.Outcome.A:
            n_better[b] += 1
        elif pair.outcome == Preference.Outcome.B:
            n_better[a] += 1
    for place, position in enumerate(shown.order):
        fields[f"rank-{place}"] = str(1 + n_better[position])


def _marks(judgment: Judgment, shown: Shown, places: dict[int, int]) -> str:
    texts = {
        item.completion_id: text
        for item, text in zip(shown.items, shown.texts, strict=True)
    }
    marks = judgment.marks.select_related("label").prefetch_related("relations")
    rows = []
    for mark in marks.order_by("pk"):
        text = texts[mark.completion_id]
        start, end = text.to_shown(mark.start, mark.end)
        rows.append(
            {
                "id": f"m{mark.pk}",
                "kind": mark.label.kind,
                "item": places[mark.completion_id],
                "start": start,
                "end": end,
                "quote": text.text[start:end],
                "label": mark.label.key,
                "severity": mark.severity,
                "suggestion": mark.suggestion,
                "assertions": mark.assertions,
                "code_system": mark.code_system,
                "code": mark.code,
                "relations": [
                    {"to": f"m{one.target_id}", "kind": one.kind}
                    for one in mark.relations.all()
                ],
            }
        )
    return json.dumps(rows, ensure_ascii=False)
