"""Intervals by drawing items again, with replacement."""

from collections.abc import Iterator

import numpy as np

from feedback.stats.arrays import FloatArray
from feedback.stats.counts import Patterns

N_DRAWS = 1000
# A batch's product with the patterns has no more terms than this: memory stays small,
# and the product is not split over threads, which would cost more than it saves.
_TERMS = 250_000
_LEAST_DEFINED = 0.95


def draw_items(
    patterns: Patterns, *, n_draws: int, rng: np.random.Generator
) -> Iterator[FloatArray]:
    """Draw as many items as there are, again and again, with replacement.

    Items of one pattern are alike, so a draw of items is one multinomial draw over
    patterns: the same distribution, at a cost that does not grow with the items.

    Args:
        patterns: at least one.
        n_draws: how many draws.
        rng: the only source of chance; the same state gives the same draws.

    Yields:
        Shape (n_in_batch, n_patterns); how often the items of a pattern were drawn.
        The batches together have `n_draws` rows.

    Source:
        Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 6.
    """
    total = int(patterns.n_items.sum())
    shares = patterns.n_items / total
    in_batch = max(1, _TERMS // patterns.rows.size)
    for first in range(0, n_draws, in_batch):
        size = min(in_batch, n_draws - first)
        yield rng.multinomial(total, shares, size=size).astype(np.float64)


def percentile_interval(
    draws: FloatArray, *, coverage: float = 0.95
) -> tuple[float, float]:
    """The middle part of what the draws gave.

    Args:
        draws: shape (n_draws,); NaN where the statistic was not defined.
        coverage: the share of the draws between the two ends.

    Returns:
        Low and high; NaN twice if more than one draw in twenty was not defined,
        because what is left would then not speak for all.

    Source:
        Efron & Tibshirani (1993), chapter 13, the percentile interval.
    """
    defined = draws[~np.isnan(draws)]
    if not draws.size or len(defined) < _LEAST_DEFINED * len(draws):
        return float("nan"), float("nan")
    tail = (1.0 - coverage) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return float(low), float(high)
