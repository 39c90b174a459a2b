"""Intraclass correlation: agreement of raters on measured values."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from feedback.stats.arrays import FloatArray
from feedback.stats.distributions import beta_quantile

Form = Literal["1,1", "2,1", "3,1", "1,k", "2,k", "3,k"]

_NOT_DEFINED = float("nan")
_LEAST_DIVISOR = 1e-9
_ROUNDING = 1e-20
_LEAST_FREEDOM = 0.1


@dataclass(frozen=True)
class IntraclassCorrelation:
    """One form of ICC with its interval; NaN means "not defined"."""

    form: Form
    """First the model, then whether it speaks of one rater or of the mean of all k.

    1: each item has raters of its own. 2: the raters are a sample and their levels
    count. 3: these raters only, and their levels do not count.
    """
    n_items: int
    n_raters: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class _MeanSquares:
    """Analysis of variance of a complete table of items by raters."""

    n: int
    k: int
    items: float
    raters: float
    error: float
    within: float


def intraclass_correlation(
    ratings: FloatArray, *, form: Form, coverage: float = 0.95
) -> IntraclassCorrelation:
    """The share of variance that is due to the items.

    Args:
        ratings: shape (n_items, n_raters); complete, at least 2 by 2.
        form: which of Shrout and Fleiss' six.
        coverage: of the interval, which rests on F distributions.

    Returns:
        1 at most; may be negative. NaN when nothing varies, and for a mean of raters
        who agree so much less than by chance that their mean tells nothing apart.
        The interval is NaN when the value is, and when a variance of zero leaves no
        F ratio or Satterthwaite's rule no degrees of freedom; its low end alone is
        NaN where it has no bound.

    Raises:
        ValueError: if the table is too small or has gaps; Krippendorff's alpha at
            the interval level does without complete tables.

    Source:
        Shrout & Fleiss, "Intraclass Correlations: Uses in Assessing Rater
        Reliability" (1979); the interval of ICC(2,1) by Satterthwaite's degrees of
        freedom, as there.
    """
    found = _mean_squares(ratings)
    tail = (1.0 - coverage) / 2.0
    model, unit = form.split(",")
    if model == "2":
        single, low, high = _two_way(found, tail)
    else:
        single, low, high = _one_ratio(found, tail, is_one_way=model == "1")
    if unit == "k":
        single, low, high = (_of_mean(x, found.k) for x in (single, low, high))
    return IntraclassCorrelation(
        form=form, n_items=found.n, n_raters=found.k, value=single, low=low, high=high
    )


def _mean_squares(ratings: FloatArray) -> _MeanSquares:
    if ratings.ndim != 2 or min(ratings.shape) < 2:  # noqa: PLR2004
        raise ValueError(
            f"an ICC needs two or more items and raters, not shape {ratings.shape}"
        )
    if not np.isfinite(ratings).all():
        raise ValueError(
            "an ICC needs a complete table of finite numbers; use Krippendorff's "
            "alpha at the interval level where ratings are missing"
        )
    n, k = ratings.shape
    # Counted from one of them, equal ratings are exact zeros.
    table = ratings - ratings[0, 0]
    table -= table.mean()
    by_item = table.mean(axis=1)
    by_rater = table.mean(axis=0)
    rest = table - by_item[:, None] - by_rater[None, :]
    squares = np.array([k, n, 1.0]) * [
        np.square(part).sum() for part in (by_item, by_rater, rest)
    ]
    # What rounding leaves of an exact zero must not become a ratio of nothings.
    squares[squares <= _ROUNDING * squares.sum()] = 0.0
    items, raters, error = squares.tolist()
    return _MeanSquares(
        n=n,
        k=k,
        items=items / (n - 1),
        raters=raters / (k - 1),
        error=error / ((n - 1) * (k - 1)),
        within=(raters + error) / (n * (k - 1)),
    )


def _one_ratio(
    found: _MeanSquares, tail: float, *, is_one_way: bool
) -> tuple[float, float, float]:
    """ICC(1,1) or ICC(3,1): both are functions of one ratio of variances."""
    n, k = found.n, found.k
    below = found.within if is_one_way else found.error
    top = found.items
    if top + (k - 1) * below == 0.0:
        return _NOT_DEFINED, _NOT_DEFINED, _NOT_DEFINED
    value = (top - below) / (top + (k - 1) * below)
    if below == 0.0 or top == 0.0:
        return value, _NOT_DEFINED, _NOT_DEFINED
    df_items, df_below = n - 1, n * (k - 1) if is_one_way else (n - 1) * (k - 1)
    ratio = top / below
    low = ratio / f_quantile(1.0 - tail, df_items, df_below)
    high = ratio * f_quantile(1.0 - tail, df_below, df_items)
    return value, (low - 1.0) / (low + k - 1.0), (high - 1.0) / (high + k - 1.0)


def _two_way(found: _MeanSquares, tail: float) -> tuple[float, float, float]:
    """ICC(2,1): raters are a sample, so their levels count as disagreement."""
    n, k = found.n, found.k
    items, raters, error = found.items, found.raters, found.error
    below = items + (k - 1) * error + k * (raters - error) / n
    if below == 0.0:
        return _NOT_DEFINED, _NOT_DEFINED, _NOT_DEFINED
    value = (items - error) / below
    if error == 0.0 or items == 0.0:
        return value, _NOT_DEFINED, _NOT_DEFINED
    ratio = raters / error
    a = k * value * ratio
    b = n * (1.0 + (k - 1) * value) - k * value
    spread = (n - 1) * a**2 + b**2
    squared = (k - 1) * (n - 1) * (a + b) ** 2
    if squared <= _LEAST_FREEDOM * spread:
        return value, _NOT_DEFINED, _NOT_DEFINED
    freedom = squared / spread
    upper = f_quantile(1.0 - tail, n - 1, freedom)
    lower = f_quantile(1.0 - tail, freedom, n - 1)
    level = k * raters + (k * n - k - n) * error
    low = n * (items - upper * error) / (upper * level + n * items)
    high = n * (lower * items - error) / (level + n * lower * items)
    return value, low, high


def _of_mean(single: float, k: int) -> float:
    """Spearman and Brown: from one rater to the mean of k."""
    below = 1.0 + (k - 1) * single
    return k * single / below if below > _LEAST_DIVISOR else _NOT_DEFINED


def f_quantile(probability: float, df_above: float, df_below: float) -> float:
    """The value below which an F ratio falls with the given probability.

    Args:
        probability: above 0, below 1.
        df_above: degrees of freedom of the numerator, above 0; need not be whole.
        df_below: degrees of freedom of the denominator, above 0.

    Returns:
        Above 0.

    Raises:
        ValueError: if an argument is outside its range.

    Source:
        The ratio's share df_above F / (df_above F + df_below) is a beta variable;
        Abramowitz & Stegun, "Handbook of Mathematical Functions" (1964), 26.6.2.
    """
    # Asked of the small side: near 1 the share's complement would lose its digits.
    rest = beta_quantile(1.0 - probability, a=df_below / 2.0, b=df_above / 2.0)
    if not 0.0 < rest < 1.0:
        raise ValueError(f"probability {probability} is not inside 0 and 1")
    return df_below * (1.0 - rest) / (df_above * rest)
