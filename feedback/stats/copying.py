"""Raters whose answers coincide far beyond what agreement explains.

Two good raters agree because the items are clear. Two who copy agree on what is not
clear too: one gives an answer that the item does not suggest, and the other gives the
same. Each answer is therefore judged by what the other rater usually answers where the
remaining raters say the same as here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np

from feedback.stats.arrays import FloatArray, IntArray
from feedback.stats.ratings import Ratings

FEWEST_SHARED = 20
FALSE_ALARMS = 0.01
LEAST_COPIED = 0.35
PRIOR_WEIGHT = 5.0
_NORMAL_MAD = 1.4826


@dataclass(frozen=True)
class Coincidence:
    """Two raters who said the same more often than they should.

    Attributes:
        rater: the one with the lower number; which of them copied is not known.
        other: the one with the higher number.
        n_shared: items both rated.
        n_same: of these, items with the same answer.
        expected_same: how many there should be if neither saw the other's answers.
        p_value: chance of this in any pair of the study, Bonferroni over all pairs.
    """

    rater: int
    other: int
    n_shared: int
    n_same: int
    expected_same: float
    p_value: float

    @property
    def copied(self) -> float:
        """Of the items where they need not have said the same, the share they did."""
        free = self.n_shared - self.expected_same
        return (self.n_same - self.expected_same) / free if free > 0.0 else 0.0

    @property
    def is_suspicious(self) -> bool:
        """Hardly chance, and a good third of the free answers at least."""
        return self.p_value < FALSE_ALARMS and self.copied >= LEAST_COPIED


@dataclass(frozen=True)
class Copying:
    """What was looked at, and what was found.

    Attributes:
        n_pairs: pairs of raters with at least 20 shared items.
        suspicious: those that coincide too often, the most surprising first.
    """

    n_pairs: int
    suspicious: tuple[Coincidence, ...]

    def with_rater(self, rater: int) -> tuple[Coincidence, ...]:
        """The suspicious pairs that this rater is one of."""
        return tuple(c for c in self.suspicious if rater in {c.rater, c.other})


@dataclass(frozen=True, eq=False)
class _Shared:
    """One row for each item that two raters share; the pair is a single number."""

    pair: IntArray
    one: IntArray
    other: IntArray


def copying(ratings: Ratings) -> Copying:
    """Finds raters who seem to share answers.

    Args:
        ratings: of one criterion, on a scale of few values. Time and memory grow with
            the number of pairs of ratings of one item.

    Returns:
        The pairs found. On scales of five values at most 1 in 33 studies without
        copying has one; on yes-or-no criteria the same from six raters on, but up to 1
        in 10 with three or four, where two good raters and a poor one look alike. Who
        copies half of the answers is found on 100 shared items, who copies all on 40;
        yes-or-no criteria take two to three times as many. Simulated; the rates are
        pinned in the tests.

    Source:
        The omega index of answer copying, Wollack (1997), made symmetrical; centered
        and scaled by all pairs, since items differ in how much they mislead.
    """
    values, code = np.unique(ratings.value, return_inverse=True)
    shared = _shared_often(ratings)
    if not len(shared.pair):
        return Copying(0, ())
    tables = _answers_by_consensus(ratings, code, len(values))
    seen = _consensus_of_the_rest(ratings, code, len(values), shared)
    same = (code[shared.one] == code[shared.other]).astype(np.float64)
    # How probable the answer of one is to come from the other, by habit alone.
    from_other = tables[ratings.rater[shared.other], seen, code[shared.one]]
    from_one = tables[ratings.rater[shared.one], seen, code[shared.other]]

    pairs, row, n_shared = np.unique(
        shared.pair, return_inverse=True, return_counts=True
    )
    surprise = np.minimum(
        _standardized(same, from_other, row), _standardized(same, from_one, row)
    )
    surprise = _against_all_pairs(surprise)
    n_same = np.bincount(row, weights=same)
    expected = np.maximum(
        np.bincount(row, weights=from_other), np.bincount(row, weights=from_one)
    )
    n_raters = ratings.n_raters
    found = [
        Coincidence(
            rater=int(pairs[k]) // n_raters,
            other=int(pairs[k]) % n_raters,
            n_shared=int(n_shared[k]),
            n_same=int(n_same[k]),
            expected_same=float(expected[k]),
            p_value=min(1.0, len(pairs) * NormalDist().cdf(-float(surprise[k]))),
        )
        for k in np.argsort(-surprise, kind="stable")
    ]
    return Copying(len(pairs), tuple(c for c in found if c.is_suspicious))


def _shared_often(ratings: Ratings) -> _Shared:
    rows = list(_neighbors(ratings))
    one = np.concatenate([r[0] for r in rows]) if rows else np.zeros(0, dtype=np.int64)
    other = np.concatenate([r[1] for r in rows]) if rows else one
    pair = ratings.rater[one] * ratings.n_raters + ratings.rater[other]
    _, row, n_shared = np.unique(pair, return_inverse=True, return_counts=True)
    often = n_shared[row] >= FEWEST_SHARED
    return _Shared(pair[often], one[often], other[often])


def _neighbors(ratings: Ratings) -> Iterator[tuple[IntArray, IntArray]]:
    """Every two ratings of one item, by their distance in a sorted list."""
    order = np.lexsort((ratings.rater, ratings.item))
    item = ratings.item[order]
    distance = 1
    while True:
        near = np.flatnonzero(item[:-distance] == item[distance:])
        if not len(near):
            return
        yield order[near], order[near + distance]
        distance += 1


def _answers_by_consensus(
    ratings: Ratings, code: IntArray, n_values: int
) -> FloatArray:
    """How each rater answers, for each thing that the rest may say.

    Shape (n_raters, n_values + 1, n_values). The last consensus is "nobody else".
    A rater's own answers weigh against those of all raters, who count as five.
    """
    counts = _counts(ratings, code, n_values)[ratings.item]
    counts[np.arange(len(code)), code] -= 1
    seen = _plurality(counts)
    cell = (ratings.rater * (n_values + 1) + seen) * n_values + code
    size = ratings.n_raters * (n_values + 1) * n_values
    own = np.bincount(cell, minlength=size).astype(np.float64)
    own = own.reshape(ratings.n_raters, n_values + 1, n_values)
    everyone = own.sum(axis=0) + 1.0 / n_values
    everyone /= everyone.sum(axis=1, keepdims=True)
    smoothed = own + PRIOR_WEIGHT * everyone
    table: FloatArray = smoothed / smoothed.sum(axis=2, keepdims=True)
    return table


def _consensus_of_the_rest(
    ratings: Ratings, code: IntArray, n_values: int, shared: _Shared
) -> IntArray:
    """What the raters other than these two say about the item, for each row."""
    counts = _counts(ratings, code, n_values)[ratings.item[shared.one]]
    rows = np.arange(len(shared.one))
    counts[rows, code[shared.one]] -= 1
    counts[rows, code[shared.other]] -= 1
    return _plurality(counts)


def _counts(ratings: Ratings, code: IntArray, n_values: int) -> IntArray:
    cells = np.bincount(
        ratings.item * n_values + code, minlength=ratings.n_items * n_values
    )
    return cells.reshape(ratings.n_items, n_values)


def _plurality(counts: IntArray) -> IntArray:
    nobody = counts.sum(axis=1) == 0
    answers: IntArray = np.where(nobody, counts.shape[1], counts.argmax(axis=1))
    return answers


def _standardized(same: FloatArray, expected: FloatArray, row: IntArray) -> FloatArray:
    over = np.bincount(row, weights=same - expected)
    spread = np.bincount(row, weights=expected * (1.0 - expected))
    # Half a coincidence of continuity, and never a spread of nothing.
    standardized: FloatArray = (over - 0.5) / np.sqrt(spread + sqrt(1e-9))
    return standardized


def _against_all_pairs(surprise: FloatArray) -> FloatArray:
    """Surprise beyond that of the usual pair, in its spreads where these are wide."""
    usual = float(np.median(surprise))
    spread = _NORMAL_MAD * float(np.median(np.abs(surprise - usual)))
    beyond: FloatArray = (surprise - max(usual, 0.0)) / max(spread, 1.0)
    return beyond
