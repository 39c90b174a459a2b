"""The raters report: each rater beside the others, with what asks for a look and why.

Base wave alone, but for known answers and repeats, which have tasks of their own.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedback.accounts.models import Rater
from feedback.quality.agreement import (
    PREFERENCE,
    Scaled,
    scaled_criteria,
    scaled_preferences,
)
from feedback.quality.arrays import (
    NEITHER,
    A,
    B,
    PreferenceColumns,
    RatingColumns,
    preference_columns,
    rating_columns,
    time_columns,
)
from feedback.quality.columns import NONE, Columns
from feedback.quality.computing import Computation, Content, input_sha256
from feedback.quality.epochs import Epoch
from feedback.quality.golds import all_gold_answers
from feedback.quality.numbers import stored
from feedback.quality.questions import Asked, asked_in
from feedback.quality.report_agreement import context_of
from feedback.stats.arrays import BoolArray, IntArray
from feedback.stats.copying import Copying, copying
from feedback.stats.golds import GoldAccuracy, gold_accuracy
from feedback.stats.raters import RaterEvidence, RaterFlags, review_rater
from feedback.stats.ratings import Ratings
from feedback.stats.repeats import SelfAgreement, flip_rate, self_agreement
from feedback.stats.rest import RestCorrelation, rest_correlations
from feedback.stats.sides import LeftChoice, left_choice
from feedback.stats.speed import Effort, effort, item_norms, too_fast
from feedback.stats.straight_lines import StraightLine, straight_lines
from feedback.studies.models import Study

Row = dict[str, Any]
# Pairs of raters grow with the square of their number on an item.
_MOST_COPYING = 2_000_000


def compared_by(
    study: Study, asked: tuple[Asked, ...], scaled: list[Scaled]
) -> Scaled | None:
    """The one question raters are compared by.

    The question the study decides on if it has an order, else the first criterion that
    is a number, else the preference; None where nothing asked has an order.
    """
    by_key = {one.key: one for one in scaled if len(one.answers.item)}
    numbers = [one.key for one in asked if one.is_number]
    wanted = [key for key in numbers if key == study.decides_on]
    order = [*wanted, *numbers, PREFERENCE]
    return next((by_key[key] for key in order if key in by_key), None)


def raters_computation(study: Study, epoch: Epoch) -> Computation:
    """What the raters report is computed from, and how."""
    asked = asked_in(epoch)
    ratings = rating_columns(study, epoch)
    preferences = preference_columns(study, epoch)
    again = _Again(
        rating_columns(study, epoch, purpose="retest"),
        preference_columns(study, epoch, purpose="retest"),
    )
    times = time_columns(study, epoch)
    golds = _golds(study)
    names = _names(times, golds)

    def compute() -> Content:
        scaled = [
            *scaled_criteria(asked, ratings, preferences),
            *scaled_preferences(preferences),
        ]
        by = compared_by(study, asked, scaled)
        seen = _seen(by, preferences, times, asked, ratings, again)
        return {
            "compared_by": by.name if by else None,
            "rows": [
                _row(names[rater], rater, seen, golds.get(rater))
                for rater in sorted(names, key=lambda pk: names[pk])
            ],
        }

    columns = (
        ratings.columns,
        preferences.columns,
        again.ratings.columns,
        again.preferences.columns,
        times,
    )
    context = [
        context_of(asked),
        sorted(names.items()),
        sorted((rater, one.n_right, one.n) for rater, one in golds.items()),
        study.decides_on,
    ]
    return Computation(input_sha256(*columns, context=context), compute)


@dataclass(frozen=True, eq=False)
class _Again:
    """Answers to repeated tasks."""

    ratings: RatingColumns
    preferences: PreferenceColumns


@dataclass(frozen=True)
class _Seen:
    """Every check of every rater, by the rater's key."""

    n: dict[int, int]
    seconds: dict[int, float]
    rest: dict[int, RestCorrelation]
    line: dict[int, StraightLine]
    sides: dict[int, LeftChoice]
    effort: dict[int, Effort]
    copying: Copying | None
    number: dict[int, int]
    repeats: dict[int, SelfAgreement]
    flips: dict[int, tuple[IntArray, IntArray]]


def _seen(
    by: Scaled | None,
    preferences: PreferenceColumns,
    times: Columns,
    asked: tuple[Asked, ...],
    ratings: RatingColumns,
    again: _Again,
) -> _Seen:
    rest: dict[int, RestCorrelation] = {}
    line: dict[int, StraightLine] = {}
    number: dict[int, int] = {}
    found = None
    if by is not None:
        base = by.answers.base
        raters, places = np.unique(base.rater, return_inverse=True)
        one = Ratings(base.item, places.astype(np.int64), by.values[base.value])
        keys = raters.tolist()
        rest = dict(zip(keys, rest_correlations(one), strict=True))
        line = dict(zip(keys, straight_lines(one), strict=True))
        number = {key: place for place, key in enumerate(keys)}
        if _n_pairs(base.item) <= _MOST_COPYING:
            found = copying(one)
    return _Seen(
        n=_count(times),
        seconds=_median_seconds(times),
        rest=rest,
        line=line,
        sides=_sides(preferences),
        effort=_efforts(times),
        copying=found,
        number=number,
        repeats=_repeats(asked, ratings, again.ratings),
        flips=_flips(preferences, again.preferences),
    )


def _row(pseudonym: str, rater: int, seen: _Seen, golds: GoldAccuracy | None) -> Row:
    flips = seen.flips.get(rater)
    flipped = flip_rate(before=flips[0], after=flips[1]) if flips else None
    place = seen.number.get(rater)
    coincidences = None
    if seen.copying is not None and place is not None:
        coincidences = seen.copying.with_rater(place)
    evidence = RaterEvidence(
        golds=golds,
        rest=seen.rest.get(rater),
        line=seen.line.get(rater),
        sides=seen.sides.get(rater),
        effort=seen.effort.get(rater),
        coincidences=coincidences,
        repeats=seen.repeats.get(rater),
        flips=flipped,
    )
    return {
        "rater": pseudonym,
        "n": seen.n.get(rater, 0),
        "seconds": stored(seen.seconds.get(rater, np.nan)),
        **_measures(evidence),
        "findings": _findings(review_rater(evidence)),
    }


def _measures(evidence: RaterEvidence) -> Row:
    rest, golds, sides = evidence.rest, evidence.golds, evidence.sides
    careful = evidence.effort.careful if evidence.effort else None
    same = evidence.repeats.same if evidence.repeats else None
    return {
        "rest": stored(rest.correlation) if rest else None,
        "rest_upper": stored(rest.upper) if rest else None,
        "rest_n": rest.n if rest else 0,
        "gold": stored(golds.mean) if golds else None,
        "gold_low": stored(golds.low) if golds else None,
        "gold_high": stored(golds.high) if golds else None,
        "gold_n": golds.n if golds else 0,
        "left": stored(sides.left.share) if sides else None,
        "left_low": stored(sides.left.low) if sides else None,
        "left_high": stored(sides.left.high) if sides else None,
        "left_n": sides.left.n if sides else 0,
        "careful": stored(careful.share) if careful else None,
        "same": stored(same.share) if same else None,
        "same_n": same.n if same else 0,
    }


def _findings(flags: RaterFlags) -> list[Row]:
    return [
        {"kind": one.kind, "state": one.state, "says": one.says, "rule": one.rule}
        for one in flags.findings
    ]


def _names(times: Columns, golds: dict[int, GoldAccuracy]) -> dict[int, str]:
    keys = {int(one) for one in np.unique(times.numbers["rater"])} | golds.keys()
    return dict(Rater.objects.filter(pk__in=keys).values_list("pk", "pseudonym"))


def _golds(study: Study) -> dict[int, GoldAccuracy]:
    """Accuracy on known answers, training left out."""
    right: dict[int, list[bool]] = defaultdict(list)
    for answer in all_gold_answers(study):
        if answer.grade.is_right is not None:
            right[answer.rater_id].append(answer.grade.is_right)
    return {
        rater: gold_accuracy(n_right=sum(one), n=len(one))
        for rater, one in right.items()
    }


def _count(times: Columns) -> dict[int, int]:
    raters, n = np.unique(times.numbers["rater"], return_counts=True)
    return dict(zip(raters.tolist(), n.tolist(), strict=True))


def _median_seconds(times: Columns) -> dict[int, float]:
    return {
        rater: float(np.median(seconds))
        for rater, seconds in _by_rater(times, times.numbers["seconds"]).items()
    }


def _by_rater(times: Columns, values: Any) -> dict[int, Any]:  # noqa: ANN401 - any array
    order = np.argsort(times.numbers["rater"], kind="stable")
    raters, first = np.unique(times.numbers["rater"][order], return_index=True)
    parts = np.split(values[order], first[1:]) if len(raters) else []
    return dict(zip(raters.tolist(), parts, strict=True))


def _efforts(times: Columns) -> dict[int, Effort]:
    if not times.n_rows:
        return {}
    task, seconds = times.numbers["task"], times.numbers["seconds"].astype(np.float64)
    item = np.unique(task, return_inverse=True)[1].astype(np.int64)
    fast = too_fast(
        active_seconds=seconds,
        norm_seconds=item_norms(item=item, active_seconds=seconds),
        n_words=times.numbers["n_words"],
    )
    return {rater: effort(one) for rater, one in _by_rater(times, fast).items()}


def _sides(preferences: PreferenceColumns) -> dict[int, LeftChoice]:
    rows = preferences.is_overall & preferences.is_base
    outcome = preferences["outcome"]
    rows &= (outcome == A) | (outcome == B)
    left = (outcome[rows] == A) == (preferences["a_stood_left"][rows] == 1)
    raters, places = np.unique(preferences["rater"][rows], return_inverse=True)
    n = np.bincount(places, minlength=len(raters))
    n_left = np.bincount(places, weights=left, minlength=len(raters))
    return {
        rater: left_choice(n_left=int(went), n_decisive=int(of))
        for rater, went, of in zip(raters.tolist(), n_left, n, strict=True)
    }


def _n_pairs(item: IntArray) -> int:
    n = np.bincount(item) if len(item) else np.zeros(1, dtype=np.int64)
    return int((n * (n - 1) // 2).sum())


def _repeats(
    asked: tuple[Asked, ...], ratings: RatingColumns, again: RatingColumns
) -> dict[int, SelfAgreement]:
    """Of all scales with numbers together: the same answer to the same thing or not."""
    if not again.columns.n_rows:
        return {}
    old, new = ratings.columns.numbers, again.columns.numbers
    keys = np.concatenate([*(sorted(one.ids) for one in asked if one.is_number), []])
    old_rows = np.isin(old["criterion"], keys) & (old["value"] != NONE)
    new_rows = np.isin(new["criterion"], keys) & (new["value"] != NONE)
    names = ("completion", "turn", "criterion", "rater")
    before, after, rater = _matched(
        [old["task"][old_rows], *(old[name][old_rows] for name in names)],
        [new["repeats"][new_rows], *(new[name][new_rows] for name in names)],
        old["value"][old_rows],
        new["value"][new_rows],
    )
    return {
        int(one): self_agreement(
            before=before[rater == one].astype(np.float64),
            after=after[rater == one].astype(np.float64),
            level="nominal",
        )
        for one in np.unique(rater)
    }


def _flips(
    preferences: PreferenceColumns, again: PreferenceColumns
) -> dict[int, tuple[IntArray, IntArray]]:
    old_rows = preferences.is_overall & (preferences["outcome"] < NEITHER)
    new_rows = again.is_overall & (again["outcome"] < NEITHER)
    if not new_rows.any():
        return {}
    before, after, rater = _matched(
        [preferences[name][old_rows] for name in ("task", "a", "b", "rater")],
        [again[name][new_rows] for name in ("repeats", "a", "b", "rater")],
        preferences["outcome"][old_rows],
        again["outcome"][new_rows],
    )
    return {
        int(one): (before[rater == one], after[rater == one])
        for one in np.unique(rater)
    }


def _matched(
    old: list[IntArray], new: list[IntArray], before: IntArray, after: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Values of the rows whose keys stand on both sides; the last key is the rater."""
    both = np.concatenate([np.stack(old, axis=1), np.stack(new, axis=1)])
    codes = np.unique(both, axis=0, return_inverse=True)[1].reshape(-1)
    old_codes, new_codes = codes[: len(before)], codes[len(before) :]
    order = np.argsort(old_codes)
    place = np.searchsorted(old_codes[order], new_codes)
    place = np.minimum(place, max(len(order) - 1, 0))
    if not len(order):
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, empty
    found: BoolArray = old_codes[order][place] == new_codes
    return before[order][place][found], after[found], new[-1][found]
