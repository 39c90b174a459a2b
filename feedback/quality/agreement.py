"""Agreement on everything a study asks, from the base wave alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

from feedback.quality.arrays import (
    NEITHER,
    Answers,
    PreferenceColumns,
    RatingColumns,
    number_rows,
)
from feedback.quality.columns import NONE, Columns, Words
from feedback.quality.numbers import stored
from feedback.quality.questions import Asked, option_codes
from feedback.stats.agreement import (
    FEW_ITEMS,
    LEAST_ITEMS_FOR_INTERVAL,
    Agreement,
    Level,
    agreement_weights,
    measure_agreement,
)
from feedback.stats.arrays import BoolArray, FloatArray, IntArray
from feedback.stats.counts import count_ratings
from feedback.stats.pairs_of_raters import compare_raters
from feedback.stats.reliability import intraclass_correlation
from feedback.stats.sets import measure_set_agreement
from feedback.stats.spans import Span, measure_span_agreement, span_intervals
from feedback.studies.models import Criterion

Row = dict[str, Any]
PREFERENCE, NEITHER_KEY = "preference", "neither"
_SIDES = np.array([0.0, 1.0, 2.0])
_YES_NO = np.array([0.0, 1.0])
_TWO = 2
POINTS = {
    "rubric": ("Rubric points", ("not_met", "met")),
    "claim": ("Claims", ("contradicted", "not_addressed", "supported")),
    "must_say": ("What must be said", ("missing", "said")),
}


@dataclass(frozen=True, eq=False)
class Scaled:
    """Answers to one question as codes of its scale: what agreement is taken of.

    Attributes:
        key: of the row in the report.
        name: as a page says it.
        level: of the scale.
        values: in rising order.
        answers: of every wave; `value` is an index of `values`.
        n_missing: base-wave answers that gave no value.
        is_pair: whether the values are one side, a tie, and the other side.
    """

    key: str
    name: str
    level: Level
    values: FloatArray
    answers: Answers
    n_missing: int = 0
    is_pair: bool = False


def scaled_criteria(
    asked: tuple[Asked, ...],
    ratings: RatingColumns,
    preferences: PreferenceColumns,
) -> Iterator[Scaled]:
    """Each criterion that has one answer a rater and item, in order."""
    for one in asked:
        if one.scope == Criterion.Scope.PAIR:
            rows = preferences.of_criterion(one.ids)
            yield Scaled(
                one.key,
                one.name,
                "ordinal",
                _SIDES,
                preferences.answers(rows),
                is_pair=True,
            )
        elif one.kind != Criterion.Kind.MULTI_LABEL:
            yield _of_criterion(one, ratings)


def _of_criterion(one: Asked, ratings: RatingColumns) -> Scaled:
    answers, choices = ratings.answers(one.ids)
    if one.kind == Criterion.Kind.NOMINAL:
        values = np.arange(max(len(one.options), _TWO), dtype=np.float64)
        codes = option_codes(choices, one.options)
    elif one.kind == Criterion.Kind.TURN:
        highest = int(answers.value.max(initial=1))
        values = np.arange(highest + 1, dtype=np.float64)
        codes = answers.value
    else:
        values = one.scale
        codes = answers.value - int(values[0])
    # A value outside the scale can only come from a scale that was changed since.
    known = (codes >= 0) & (codes < len(values))
    coded = Answers(
        answers.item, answers.rater, answers.task, answers.is_base, codes
    ).only(known)
    return Scaled(
        one.key, one.name, one.level, values, coded, ratings.n_missing(one.ids)
    )


def scaled_preferences(preferences: PreferenceColumns) -> Iterator[Scaled]:
    """The preference as a whole, and whether neither was acceptable."""
    if not preferences.is_overall.any():
        return
    overall = preferences.answers(preferences.is_overall)
    decided = overall.only(overall.value != NEITHER)
    yield Scaled(PREFERENCE, "Preference", "ordinal", _SIDES, decided, is_pair=True)
    neither = (overall.value == NEITHER).astype(np.int64)
    yield Scaled(
        NEITHER_KEY,
        "Neither is acceptable",
        "nominal",
        _YES_NO,
        Answers(overall.item, overall.rater, overall.task, overall.is_base, neither),
    )


def scaled_verdicts(verdicts: Columns) -> Iterator[Scaled]:
    """The verdicts on the cases' points, one question for each kind of point."""
    numbers, kinds = verdicts.numbers, verdicts.texts["point_kind"]
    for kind, (name, options) in POINTS.items():
        if kind not in kinds.words:
            continue
        found = verdicts.texts["verdict"]
        codes = option_codes(found, options)
        of_kind = kinds.codes == kinds.words.index(kind)
        is_base = numbers["is_base"] == 1
        rows = of_kind & (codes != NONE)
        yield Scaled(
            f"points-{kind}",
            name,
            "nominal",
            np.arange(len(options), dtype=np.float64),
            Answers(
                item=number_rows(
                    numbers["task"][rows],
                    numbers["completion"][rows],
                    numbers["point"][rows],
                ),
                rater=numbers["rater"][rows],
                task=numbers["task"][rows],
                is_base=is_base[rows],
                value=codes[rows],
            ),
            n_missing=int((of_kind & (codes == NONE) & is_base).sum()),
        )


def rng_for(seed: int, key: str) -> np.random.Generator:
    """A question's own generator: its numbers do not depend on its neighbors."""
    return np.random.default_rng([abs(seed), int(seed < 0), crc32(key.encode())])


def agreement_row(scaled: Scaled, *, seed: int) -> Row:
    """All that is shown of one question."""
    base = scaled.answers.base
    counts = count_ratings(
        base.item, base.value, n_items=base.n_items, n_values=len(scaled.values)
    )
    found = measure_agreement(
        counts,
        values=scaled.values,
        level=scaled.level,
        rng=rng_for(seed, scaled.key),
    )
    return {
        "key": scaled.key,
        "name": scaled.name,
        **_stored(found),
        "n_missing": scaled.n_missing,
        "beside": _beside(scaled, base),
    }


def _stored(found: Agreement) -> Row:
    return {
        "level": found.level,
        "n_items": found.n_items,
        "n_ratings": found.n_ratings,
        "percent": stored(found.percent),
        "within_one": stored(found.within_one),
        "alpha": stored(found.alpha),
        "alpha_low": stored(found.alpha_low),
        "alpha_high": stored(found.alpha_high),
        "ac": stored(found.ac),
        "ac_low": stored(found.ac_low),
        "ac_high": stored(found.ac_high),
        "is_few": found.n_items < FEW_ITEMS,
        "is_too_few": found.n_items < LEAST_ITEMS_FOR_INTERVAL,
    }


def _beside(scaled: Scaled, base: Answers) -> list[Row]:
    """Coefficients that some kinds of data have besides."""
    found: list[Row] = []
    raters = np.unique(base.rater)
    if len(raters) == _TWO:
        weights = weights_of(scaled)
        (pair,) = compare_raters(
            base.item, base.rater, base.value, weights=weights
        ) or (None,)
        if pair is not None:
            name = "kappa" if scaled.level == "nominal" else "weighted kappa"
            found.append(_measure(f"Cohen's {name}", pair.kappa))
    table = _complete_table(base, raters) if scaled.level == "interval" else None
    if table is not None:
        for form in ("2,1", "2,k"):
            icc = intraclass_correlation(scaled.values[table], form=form)
            found.append(_measure(f"ICC({form})", icc.value, icc.low, icc.high))
    return found


def weights_of(scaled: Scaled) -> FloatArray:
    """How far two values of a question agree, for kappa."""
    if scaled.level == "nominal":
        return agreement_weights(scaled.values, "identity")
    return agreement_weights(scaled.values, "quadratic")


def _measure(name: str, value: float, low: float = np.nan, high: float = np.nan) -> Row:
    return {
        "name": name,
        "value": stored(value),
        "low": stored(low),
        "high": stored(high),
    }


def _complete_table(base: Answers, raters: IntArray) -> IntArray | None:
    """Items by raters, if every rater rated every item."""
    items = np.unique(base.item)
    if len(raters) < _TWO or len(items) < _TWO:
        return None
    if len(base.item) != len(items) * len(raters):
        return None
    table = np.empty((len(items), len(raters)), dtype=np.int64)
    table[np.searchsorted(items, base.item), np.searchsorted(raters, base.rater)] = (
        base.value
    )
    return table


def set_rows(
    asked: tuple[Asked, ...], ratings: RatingColumns, *, seed: int
) -> Iterator[Row]:
    """Criteria of several labels: the sets as wholes, then each label."""
    for one in asked:
        if one.kind == Criterion.Kind.MULTI_LABEL:
            answers, choices = ratings.answers(one.ids)
            base = answers.is_base
            sets = _as_sets(choices, one.options)[base]
            yield set_row(
                one.key, one.name, answers.item[base], sets, one.options, seed=seed
            )


def set_row(
    key: str,
    name: str,
    items: IntArray,
    sets: BoolArray,
    labels: tuple[str, ...],
    *,
    seed: int,
) -> Row:
    """Agreement on sets of labels; `alpha` is with MASI distance."""
    found = measure_set_agreement(items, sets, rng=rng_for(seed, key))
    n_of_item = np.bincount(items) if len(items) else np.zeros(0, dtype=np.int64)
    return {
        "key": key,
        "name": name,
        "level": "sets",
        "n_items": found.n_items,
        "n_ratings": int(n_of_item[n_of_item >= _TWO].sum()),
        "alpha": stored(found.masi),
        "alpha_low": stored(found.masi_low),
        "alpha_high": stored(found.masi_high),
        "is_few": found.n_items < FEW_ITEMS,
        "is_too_few": found.n_items < LEAST_ITEMS_FOR_INTERVAL,
        "beside": [
            _measure(
                "alpha with Jaccard distance",
                found.jaccard,
                found.jaccard_low,
                found.jaccard_high,
            )
        ],
        "parts": [
            {"name": label, **_stored(part)}
            for label, part in zip(labels, found.labels, strict=True)
        ],
    }


def _as_sets(choices: Words, options: tuple[str, ...]) -> BoolArray:
    """Which options each row has: shape (n_rows, n_options)."""
    named = [set(word.split(",")) for word in choices.words]
    table = np.array(
        [[option in names for option in options] for names in named] or [[]],
        dtype=np.bool_,
    ).reshape(max(len(named), 0), len(options))
    if not len(choices.codes):
        return np.zeros((0, len(options)), dtype=np.bool_)
    return table[choices.codes]


def mark_rows(marks: Columns, *, seed: int) -> Iterator[Row]:
    """Where raters marked the same pieces, and whether they named the same kinds."""
    numbers = marks.numbers
    base = numbers["is_base"] == 1
    if not base.any():
        return
    items = number_rows(numbers["task"][base], numbers["completion"][base])
    raters = numbers["rater"][base]
    read = number_rows(items, raters)
    labels = marks.texts["label"]
    codes = labels.codes[base]
    spans: dict[tuple[int, int], list[Span]] = {}
    columns = (items, raters, numbers["start"][base], numbers["end"][base], codes)
    for item, rater, start, end, code in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        marked = spans.setdefault((item, rater), [])
        if end > start:
            marked.append(Span(start, end, labels.words[code]))
    found = measure_span_agreement(spans)
    between = span_intervals(spans, rng=rng_for(seed, "spans"))
    yield {
        "key": "spans",
        "name": "Marked pieces of text",
        "level": "spans",
        "n_items": found.n_items,
        "n_ratings": len(spans),
        "n_unmarked": found.n_unmarked,
        "n_pairs": found.n_pairs,
        "is_few": found.n_items < FEW_ITEMS,
        "is_too_few": found.n_items < LEAST_ITEMS_FOR_INTERVAL,
        "beside": [
            _measure("F1, same ends", found.exact, *between.exact),
            _measure("F1, half overlapping", found.overlap, *between.overlap),
            _measure("F1 of characters", found.character, *between.character),
        ],
    }
    if labels.words:
        sets = np.zeros((int(read.max()) + 1, len(labels.words)), dtype=np.bool_)
        named = codes != NONE
        sets[read[named], codes[named]] = True
        first = np.unique(read, return_index=True)[1]
        yield set_row(
            "marks",
            "Kinds of errors and omissions",
            items[first],
            sets,
            labels.words,
            seed=seed,
        )
