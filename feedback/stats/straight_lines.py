"""Raters who give one value to everything.

Long runs are no evidence: 28 % of real raters have a run of ten. One value throughout
is, and only where the others' answers make it unlikely: twenty times "no harm" is what
an honest rater says of twenty harmless answers.
"""

from dataclasses import dataclass
from math import nan

import numpy as np

from feedback.stats.ratings import Ratings

FEWEST_RATINGS = 20
FALSE_ALARMS = 0.001


@dataclass(frozen=True)
class StraightLine:
    """Whether a rater ever gave a second value.

    Attributes:
        n: ratings given.
        value: the one value given throughout; NaN if there were several, or none.
        p_value: probability that a rater who answers as the others do would have
            given it throughout; NaN with the value.
    """

    n: int
    value: float
    p_value: float

    @property
    def is_constant(self) -> bool:
        """At least 20 ratings, all equal, as happens once in 1,000 such raters."""
        return self.n >= FEWEST_RATINGS and self.p_value < FALSE_ALARMS


def straight_lines(ratings: Ratings) -> tuple[StraightLine, ...]:
    """For each rater, whether all ratings are equal and how likely that was.

    Args:
        ratings: of one criterion, on a scale of few values.

    Returns:
        One for each rater number, in order. An item counts with the share of its other
        raters who gave the value, drawn towards the share of the value overall with
        the weight of one rater, so that three agreeing others are not certainty.

    Source:
        Own; a product of posterior means of a Dirichlet prior of weight 1.
    """
    values, code = np.unique(ratings.value, return_inverse=True)
    n_values = len(values)
    # Numbers of raters, items and values only: never raters times items.
    cell = ratings.item * n_values + code
    same = np.bincount(cell)[cell] - 1
    others = np.bincount(ratings.item)[ratings.item] - 1
    overall = np.bincount(code, minlength=n_values)[code] / max(len(code), 1)
    surprise = ratings.per_rater(-np.log((same + overall) / (others + 1)))
    n = np.bincount(ratings.rater)
    given = np.unique(ratings.rater * n_values + code)
    n_given = np.bincount(given // max(n_values, 1), minlength=len(n))
    only = np.zeros(len(n), dtype=np.int64)
    only[ratings.rater] = code
    return tuple(
        StraightLine(int(k), float(values[v]), float(np.exp(-s)))
        if distinct == 1
        else StraightLine(int(k), nan, nan)
        for k, v, s, distinct in zip(n, only, surprise, n_given, strict=True)
    )
