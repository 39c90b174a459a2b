"""Tests that ask nothing of the shape of a distribution, one value per rater."""

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from feedback.stats.arrays import BoolArray, FloatArray
from feedback.stats.distributions import t_quantile

PERMUTATIONS = 4999
_NUMBERS_AT_ONCE = 500_000


@dataclass(frozen=True)
class Difference:
    """A mean or a difference of means, and whether chance explains it.

    Attributes:
        estimate: in the unit of the values.
        low: lower end of the 95 % interval; NaN below two values on a side.
        high: upper end; NaN below two values on a side.
        p_value: two-sided.
    """

    estimate: float
    low: float
    high: float
    p_value: float


def sign_flip(
    values: FloatArray, *, rng: np.random.Generator, n_flips: int = PERMUTATIONS
) -> Difference:
    """Whether values are zero on average, if each could as well have been negative.

    Args:
        values: shape (n,); one for each rater.
        rng: draws the flips.
        n_flips: drawn; the smallest p-value is 1 / (n_flips + 1).

    Returns:
        The mean, Student's interval around it, and the p-value of the flips.

    Raises:
        ValueError: if there is no value.

    Source:
        Fisher, "The Design of Experiments" (1935), section 21; Phipson & Smyth (2010)
        for counting the data themselves as one flip.
    """
    if not len(values):
        raise ValueError("no rater has a value: there is nothing to flip")
    mean = float(values.mean())
    n_extreme = 0
    for n_now in _portions(n_flips, each=len(values)):
        signs = rng.integers(0, 2, size=(n_now, len(values))) * 2.0 - 1.0
        n_extreme += _n_as_far(signs @ values / len(values), mean)
    low, high = _around(mean, _squared_error(values), len(values) - 1.0)
    return Difference(mean, low, high, (n_extreme + 1) / (n_flips + 1))


def group_difference(
    values: FloatArray,
    inside: BoolArray,
    *,
    rng: np.random.Generator,
    n_permutations: int = PERMUTATIONS,
) -> Difference:
    """Whether a group differs from the rest, if labels could have fallen otherwise.

    Args:
        values: shape (n,); one for each rater (or each case).
        inside: shape (n,); who belongs to the group.
        rng: draws the permutations; time grows with their number times n, to some twenty
            seconds for 200,000 values.
        n_permutations: drawn; the smallest p-value is 1 / (n_permutations + 1).

    Returns:
        Mean of the group minus mean of the rest, Welch's interval, and the p-value of
        the permutations.

    Raises:
        ValueError: if the group or the rest is empty.

    Source:
        Pitman (1937); interval of Welch (1947); Phipson & Smyth (2010).
    """
    n_inside = int(inside.sum())
    if not 0 < n_inside < len(values):
        raise ValueError(
            f"{n_inside} of {len(values)} are in the group: one side is empty"
        )
    group, rest = values[inside], values[~inside]
    estimate = float(group.mean() - rest.mean())
    total = float(values.sum())
    n_extreme = 0
    for n_now in _portions(n_permutations, each=len(values)):
        shuffled = rng.permuted(np.tile(values, (n_now, 1)), axis=1)
        drawn = shuffled[:, :n_inside].sum(axis=1)
        apart = drawn / n_inside - (total - drawn) / len(rest)
        n_extreme += _n_as_far(apart, estimate)
    low, high = _welch(estimate, group, rest)
    return Difference(estimate, low, high, (n_extreme + 1) / (n_permutations + 1))


def benjamini_hochberg(p_values: FloatArray) -> FloatArray:
    """The false discovery rate at which each test would still be reported.

    Args:
        p_values: shape (n,); NaN where nothing was tested.

    Returns:
        Shape (n,), q-values; NaN stays NaN and does not count as a test.

    Raises:
        ValueError: if a p-value is not between 0 and 1.

    Source:
        Benjamini & Hochberg, "Controlling the False Discovery Rate" (1995).
    """
    tested = np.flatnonzero(~np.isnan(p_values))
    p = p_values[tested]
    if len(p) and not 0.0 <= p.min() <= p.max() <= 1.0:
        raise ValueError("a p-value is not between 0 and 1")
    falling = np.argsort(-p, kind="stable")
    rank = np.arange(len(p), 0, -1)
    adjusted = np.minimum.accumulate(p[falling] * len(p) / rank)
    q_values = np.full(len(p_values), np.nan)
    q_values[tested[falling]] = adjusted
    return q_values


def _portions(n: int, *, each: int) -> list[int]:
    """So many at a time that they stay within some megabytes, however many values."""
    at_once = max(1, _NUMBERS_AT_ONCE // each)
    whole, left = divmod(n, at_once)
    return [at_once] * whole + [left] * (left > 0)


def _n_as_far(drawn: FloatArray, observed: float) -> int:
    # Rounding must not make a permutation that equals the data less extreme than it.
    slack = 1e-12 * (1.0 + abs(observed))
    return int((np.abs(drawn) >= abs(observed) - slack).sum())


def _welch(estimate: float, group: FloatArray, rest: FloatArray) -> tuple[float, float]:
    one, other = _squared_error(group), _squared_error(rest)
    if one + other <= 0.0:
        return estimate, estimate
    # Welch-Satterthwaite; NaN errors, from a single value, carry through.
    below = one**2 / max(len(group) - 1, 1) + other**2 / max(len(rest) - 1, 1)
    return _around(estimate, one + other, (one + other) ** 2 / below)


def _squared_error(values: FloatArray) -> float:
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else nan


def _around(estimate: float, squared: float, degrees: float) -> tuple[float, float]:
    if np.isnan(squared):
        return nan, nan
    half = t_quantile(0.975, degrees=min(degrees, 1e6)) * sqrt(squared)
    return estimate - half, estimate + half
