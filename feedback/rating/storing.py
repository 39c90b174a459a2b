"""The rows of a judgment's parts, from an answer that was checked."""

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from feedback.common.events import emit
from feedback.common.hashing import text_sha256
from feedback.rating.answers import NOT_APPLICABLE, OUTSIDE_PRACTICE, Answer
from feedback.rating.events import SafetyFlagRaised
from feedback.rating.models import (
    Correction,
    CriterionRating,
    Judgment,
    PointVerdict,
    Preference,
    SafetyFlag,
    SpanMark,
    SpanRelation,
)
from feedback.rating.shown import Shown

if TYPE_CHECKING:
    from feedback.studies.models import Criterion


def store_parts(judgment: Judgment, answer: Answer, *, shown: Shown) -> None:
    """Write everything a judgment says; inside the caller's transaction."""
    if not answer.is_outside_practice:
        _store_ratings(judgment, answer, shown)
        Preference.objects.bulk_create(_preferences(judgment, answer, shown))
        _store_verdicts(judgment, answer, shown)
        _store_marks(judgment, answer, shown)
    Correction.objects.bulk_create(
        Correction(
            judgment=judgment,
            completion_id=shown.items[position].completion_id,
            text=text,
            text_sha256=text_sha256(text),
        )
        for position, text in answer.corrections.items()
    )
    if answer.flag is not None:
        flag = SafetyFlag.objects.create(
            judgment=judgment,
            completion_id=shown.items[answer.flag.item].completion_id,
            category=answer.flag.category,
            severity=answer.flag.severity,
            rationale=answer.flag.rationale,
        )
        emit(SafetyFlagRaised(flag_id=flag.pk))


def _store_ratings(judgment: Judgment, answer: Answer, shown: Shown) -> None:
    by_key = {one.key: one for one in (*shown.asked.criteria, *shown.asked.per_turn)}
    CriterionRating.objects.bulk_create(
        CriterionRating(
            judgment=judgment,
            completion_id=shown.items[place.item].completion_id,
            criterion=by_key[place.key],
            turn_no=place.turn or None,
            value=value.number,
            choices=None if value.choices is None else list(value.choices),
            text=value.text,
            is_not_applicable=value.missing == NOT_APPLICABLE,
            is_outside_practice=value.missing == OUTSIDE_PRACTICE,
        )
        for place, value in answer.ratings.items()
    )


def _preferences(
    judgment: Judgment, answer: Answer, shown: Shown
) -> Iterator[Preference]:
    """One row for each pair and question, by completion and never by place."""
    by_key = {one.key: one for one in shown.asked.compared}
    rows: list[tuple[int, int, Criterion | None, str, int]] = [
        (0, 1, by_key[key], one.outcome, one.strength)
        for key, one in answer.comparisons.items()
    ]
    if shown.asked.has_ranking:
        pairs = combinations(range(len(shown.items)), 2)
        rows += [(a, b, None, *_ranked(answer, a, b)) for a, b in pairs]
    elif answer.outcome is not None:
        rows.append((0, 1, None, answer.outcome, answer.strength))
    for a, b, criterion, outcome, strength in rows:
        yield Preference(
            judgment=judgment,
            completion_a_id=shown.items[a].completion_id,
            completion_b_id=shown.items[b].completion_id,
            criterion=criterion,
            outcome=outcome,
            strength=strength,
            reasons=[] if criterion else list(answer.reasons),
        )


def _ranked(answer: Answer, a: int, b: int) -> tuple[str, int]:
    """What a ranking says of two of its completions."""
    if answer.outcome == Preference.Outcome.NEITHER:
        return Preference.Outcome.NEITHER, 0
    if answer.ranks[a] == answer.ranks[b]:
        return Preference.Outcome.TIE, 0
    is_a = answer.ranks[a] < answer.ranks[b]
    return (Preference.Outcome.A if is_a else Preference.Outcome.B), 1


def _store_verdicts(judgment: Judgment, answer: Answer, shown: Shown) -> None:
    points = {point.uid: point for point in shown.asked.all_points}
    PointVerdict.objects.bulk_create(
        PointVerdict(
            judgment=judgment,
            completion_id=shown.items[item].completion_id,
            point=points[uid],
            verdict=verdict,
        )
        for (item, uid), verdict in answer.verdicts.items()
    )


def _store_marks(judgment: Judgment, answer: Answer, shown: Shown) -> None:
    if not answer.marks:
        return
    labels = {label.key: label for label in shown.asked.labels}
    marks = SpanMark.objects.bulk_create(
        SpanMark(
            judgment=judgment,
            completion_id=shown.items[mark.item].completion_id,
            label=labels[mark.label],
            severity=mark.severity,
            start=mark.start,
            end=mark.end,
            quote=mark.quote,
            text_sha256=shown.items[mark.item].completion.content_sha256,
            suggestion=mark.suggestion,
            assertions=list(mark.assertions),
            code_system=mark.code_system,
            code=mark.code,
        )
        for mark in answer.marks
    )
    SpanRelation.objects.bulk_create(
        SpanRelation(source=marks[number], target=marks[other], kind=kind)
        for number, mark in enumerate(answer.marks)
        for other, kind in dict.fromkeys(mark.relations)
    )
