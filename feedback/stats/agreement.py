"""Agreement between raters, from a table of counts.

Every coefficient here is a sum over items, so it is computed from patterns of counts
and a weight for each: one row of weights gives the estimate, a thousand give its
bootstrap.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from feedback.stats.arrays import FloatArray, IntArray
from feedback.stats.bootstrap import N_DRAWS, draw_items, percentile_interval
from feedback.stats.counts import Patterns, merge_patterns

Level = Literal["nominal", "ordinal", "interval"]
Weighting = Literal["identity", "linear", "quadratic"]

# Below, the interval covers 86 to 89 % instead of 95 %: it is not shown.
LEAST_ITEMS_FOR_INTERVAL = 20
FEW_ITEMS = 50
_PAIR = 2
_NOT_DEFINED = float("nan")


@dataclass(frozen=True)
class Agreement:
    """How far the raters of one criterion agree; NaN means "not defined"."""

    level: Level
    n_items: int
    """Items with at least two ratings; all numbers but `ac`'s chance part are theirs."""
    n_ratings: int
    """Ratings of these items."""
    percent: float
    """Mean share of rater pairs with the same value, 0 to 1."""
    within_one: float
    """The same for values at most 1 apart; NaN on a nominal scale."""
    alpha: float
    alpha_low: float
    alpha_high: float
    ac: float
    """Gwet's AC1 on a nominal scale, else AC2 with quadratic weights."""
    ac_low: float
    ac_high: float

    @property
    def is_few(self) -> bool:
        """Too few items to lean on the interval."""
        return self.n_items < FEW_ITEMS

    @property
    def has_interval(self) -> bool:
        """Enough items for an interval, and one that is defined."""
        return not np.isnan(self.alpha_low)


def measure_agreement(
    counts: IntArray,
    *,
    values: FloatArray,
    level: Level,
    rng: np.random.Generator,
    n_draws: int = N_DRAWS,
) -> Agreement:
    """All that is shown about one criterion's agreement, with bootstrap intervals.

    The interval speaks for other items and these raters, not for other raters.

    Args:
        counts: as for `krippendorff_alpha`; items with one rating count only where
            Gwet's rule has them, in the chance part of `ac`.
        values: as for `krippendorff_alpha`; at least two.
        level: as for `krippendorff_alpha`.
        rng: draws the items of the bootstrap.
        n_draws: draws of the bootstrap.

    Returns:
        The coefficients; no interval below 20 items.

    Raises:
        ValueError: if the shapes do not fit or the scale has a single value.

    Source:
        As for `krippendorff_alpha`, `gwet_ac` and `draw_items`.
    """
    rated = _patterns(counts, values)
    paired = rated.with_ratings(_PAIR)
    n_items = int(paired.n_items.sum())
    weights = agreement_weights(
        values, "identity" if level == "nominal" else "quadratic"
    )
    alpha = _alphas(paired, _once(paired), values, level)[0]
    ac = _acs(rated, _once(rated), weights)[0]
    alphas: list[FloatArray] = []
    acs: list[FloatArray] = []
    if n_items >= LEAST_ITEMS_FOR_INTERVAL:
        is_paired = rated.rows.sum(axis=1) >= _PAIR
        for drawn in draw_items(rated, n_draws=n_draws, rng=rng):
            alphas.append(_alphas(paired, drawn[:, is_paired], values, level))
            acs.append(_acs(rated, drawn, weights))
    alpha_low, alpha_high = percentile_interval(np.concatenate([*alphas, []]))
    ac_low, ac_high = percentile_interval(np.concatenate([*acs, []]))
    is_near = np.abs(values[:, None] - values[None, :]) <= 1.0
    return Agreement(
        level=level,
        n_items=n_items,
        n_ratings=int(paired.rows.sum(axis=1) @ paired.n_items),
        percent=_mean_share(paired, np.eye(len(values))),
        within_one=(
            _NOT_DEFINED
            if level == "nominal"
            else _mean_share(paired, is_near.astype(np.float64))
        ),
        alpha=float(alpha),
        alpha_low=alpha_low,
        alpha_high=alpha_high,
        ac=float(ac),
        ac_low=ac_low,
        ac_high=ac_high,
    )


def krippendorff_alpha(counts: IntArray, *, values: FloatArray, level: Level) -> float:
    """Chance-corrected agreement of many raters, with gaps.

    Args:
        counts: shape (n_units, n_values); how many raters gave a unit each value.
            Units with fewer than two ratings are left out.
        values: shape (n_values,); the values in rising order.
        level: the scale; picks the distance between two values.

    Returns:
        1 for perfect agreement, 0 for chance, below 0 for systematic disagreement.
        NaN when no unit has two ratings or all ratings are equal: agreement is then
        undefined, which is not the same as perfect.

    Raises:
        ValueError: if the shapes do not fit.

    Source:
        Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011).
    """
    paired = _patterns(counts, values).with_ratings(_PAIR)
    return float(_alphas(paired, _once(paired), values, level)[0])


def alpha_by_distance(counts: IntArray, *, distance: FloatArray) -> float:
    """Krippendorff's alpha with any distance between two values.

    Args:
        counts: as for `krippendorff_alpha`.
        distance: shape (n_values, n_values); symmetric, zero on the diagonal, 0 or
            more. It stands where Krippendorff writes the squared difference.

    Returns:
        As `krippendorff_alpha`; NaN also when all ratings are at distance zero.

    Raises:
        ValueError: if the shapes do not fit, or the distance is not one.

    Source:
        Krippendorff (2011), section D.
    """
    if (
        distance.ndim != 2  # noqa: PLR2004 - values by values
        or not np.array_equal(distance, distance.T)
        or np.any(np.diag(distance) != 0.0)
        or np.any(distance < 0.0)
    ):
        raise ValueError(
            "a distance is a square table, symmetric, zero on its diagonal and "
            f"nowhere negative; this is not: {distance!r}"
        )
    paired = _patterns(counts, distance[0]).with_ratings(_PAIR)
    rows = paired.rows.astype(np.float64)
    return float(_alphas_at(rows, _once(paired), distance)[0])


def gwet_ac(
    counts: IntArray, *, values: FloatArray, weighting: Weighting = "identity"
) -> float:
    """Gwet's agreement coefficient: AC1 unweighted, AC2 weighted.

    Missing ratings follow Gwet's rule: an item with one rating says nothing about
    observed agreement, yet counts in how often each value is used.

    Args:
        counts: shape (n_items, n_values); all values of the scale, used or not, since
            their number enters the chance part.
        values: shape (n_values,); in rising order, at least two.
        weighting: what counts as agreement between two values.

    Returns:
        1 for perfect agreement, also if all ratings are equal: chance agreement is
        then 0 by Gwet's definition. NaN when no item has two ratings.

    Raises:
        ValueError: if the shapes do not fit or the scale has a single value.

    Source:
        Gwet, "Computing inter-rater reliability and its variance in the presence of
        high agreement" (2008); "Handbook of Inter-Rater Reliability" (4th edition,
        2014), chapters 2 to 4.
    """
    rated = _patterns(counts, values)
    return float(_acs(rated, _once(rated), agreement_weights(values, weighting))[0])


def agreement_weights(values: FloatArray, weighting: Weighting) -> FloatArray:
    """How far two values agree: 1 if equal, 0 if as far apart as the scale allows.

    Gwet's weights called "ordinal" are not among them: they are not Krippendorff's
    ordinal distance, and the shared name misleads.

    Args:
        values: shape (n_values,); in rising order, at least two.
        weighting: identity (equal or not), linear or quadratic in the difference.

    Returns:
        Shape (n_values, n_values), from 0 to 1.

    Raises:
        ValueError: if there are fewer than two values or they do not rise.

    Source:
        Cohen, "Weighted kappa" (1968); Gwet (2014), chapter 3.
    """
    if len(values) < 2 or np.any(np.diff(values) <= 0):  # noqa: PLR2004
        raise ValueError(f"a scale needs two or more rising values, not {values}")
    if weighting == "identity":
        return np.eye(len(values))
    apart = np.abs(values[:, None] - values[None, :]) / (values[-1] - values[0])
    weights: FloatArray = 1.0 - (apart if weighting == "linear" else np.square(apart))
    return weights


def percent_agreement(counts: IntArray) -> float:
    """Mean over units of the share of rater pairs that gave the same value.

    Args:
        counts: as for `krippendorff_alpha`.

    Returns:
        0 to 1; NaN when no unit has two ratings.
    """
    paired = merge_patterns(counts).with_ratings(_PAIR)
    return _mean_share(paired, np.eye(counts.shape[1]))


def within_one_agreement(counts: IntArray, *, values: FloatArray) -> float:
    """Mean over units of the share of rater pairs whose values are at most 1 apart.

    Args:
        counts: as for `krippendorff_alpha`.
        values: shape (n_values,); numbers.

    Returns:
        0 to 1; NaN when no unit has two ratings.

    Raises:
        ValueError: if the shapes do not fit.
    """
    is_near = np.abs(values[:, None] - values[None, :]) <= 1.0
    paired = _patterns(counts, values).with_ratings(_PAIR)
    return _mean_share(paired, is_near.astype(np.float64))


def fleiss_kappa(counts: IntArray) -> float:
    """Chance-corrected agreement where every item has the same number of ratings.

    Args:
        counts: shape (n_items, n_values).

    Returns:
        1 for perfect agreement, 0 for chance; NaN when there are no items or all
        ratings are equal.

    Raises:
        ValueError: if items differ in their number of ratings, or have fewer than two.

    Source:
        Fleiss, "Measuring nominal scale agreement among many raters" (1971).
    """
    numbers = np.unique(counts.sum(axis=1))
    if len(numbers) > 1 or np.any(numbers < _PAIR):
        raise ValueError(
            "Fleiss' kappa needs the same number of ratings, two or more, on every "
            f"item; found {numbers.tolist()}. Krippendorff's alpha does without."
        )
    observed = percent_agreement(counts)
    margins = counts.sum(axis=0)
    if np.count_nonzero(margins) < _PAIR:
        return _NOT_DEFINED
    expected = float(np.square(margins / margins.sum()).sum())
    return (observed - expected) / (1.0 - expected)


def _patterns(counts: IntArray, values: FloatArray) -> Patterns:
    if counts.ndim != 2 or counts.shape[1] != len(values):  # noqa: PLR2004
        raise ValueError(
            f"counts of shape {counts.shape} do not fit {len(values)} values"
        )
    return merge_patterns(counts)


def _once(patterns: Patterns) -> FloatArray:
    """The weights that give the estimate itself: every item once."""
    return patterns.n_items[None, :].astype(np.float64)


def _alphas(
    paired: Patterns, drawn: FloatArray, values: FloatArray, level: Level
) -> FloatArray:
    """Alpha of each draw; `drawn` has shape (n_draws, n_patterns)."""
    rows = paired.rows.astype(np.float64)
    if level == "ordinal":
        return _ordinal_alphas(rows, drawn)
    if level == "interval":
        return _alphas_at(rows, drawn, np.square(values[:, None] - values[None, :]))
    return _alphas_at(rows, drawn, 1.0 - np.eye(len(values)))


def _alphas_at(rows: FloatArray, drawn: FloatArray, distance: FloatArray) -> FloatArray:
    # Sum over units of n_c n_k d_ck / (m - 1); a value is at no distance of itself.
    apart = ((rows @ distance) * rows).sum(axis=1) / (rows.sum(axis=1) - 1.0)
    margins = drawn @ rows
    expected = ((margins @ distance) * margins).sum(axis=1)
    return _corrected(drawn @ apart, expected, margins)


def _ordinal_alphas(rows: FloatArray, drawn: FloatArray) -> FloatArray:
    """The distance is the number of ratings between two values' middles.

    It follows from the margins, so each draw has its own. With the middles taken from
    the mean middle, both sums of squared differences are sums of squares.
    """
    margins = drawn @ rows
    middles = np.cumsum(margins, axis=1) - margins / 2.0
    middles -= margins.sum(axis=1, keepdims=True) / 2.0
    n_ratings = rows.sum(axis=1)
    shared = drawn / (n_ratings - 1.0)
    squares = ((shared * n_ratings) @ rows * np.square(middles)).sum(axis=1)
    crossed = (shared * np.square(middles @ rows.T)).sum(axis=1)
    expected = 2.0 * margins.sum(axis=1) * (margins * np.square(middles)).sum(axis=1)
    return _corrected(2.0 * (squares - crossed), expected, margins)


def _corrected(
    observed: FloatArray, expected: FloatArray, margins: FloatArray
) -> FloatArray:
    ratio = np.full(len(expected), np.nan)
    np.divide(observed, expected, out=ratio, where=expected > 0.0)
    alphas: FloatArray = 1.0 - (margins.sum(axis=1) - 1.0) * ratio
    return alphas


def _acs(rated: Patterns, drawn: FloatArray, weights: FloatArray) -> FloatArray:
    """AC of each draw; `drawn` has shape (n_draws, n_patterns)."""
    rows = rated.rows.astype(np.float64)
    n_ratings = rows.sum(axis=1)
    n_values = rows.shape[1]
    n_drawn = np.maximum(drawn.sum(axis=1), 1.0)
    used = drawn @ (rows / n_ratings[:, None]) / n_drawn[:, None]
    chance = weights.sum() / (n_values * (n_values - 1)) * (used * (1.0 - used)).sum(1)
    is_paired = n_ratings >= _PAIR
    shares = _pair_shares(rows[is_paired], weights)
    n_paired = drawn[:, is_paired].sum(axis=1)
    observed = np.full(len(drawn), np.nan)
    np.divide(
        drawn[:, is_paired] @ shares, n_paired, out=observed, where=n_paired > 0.0
    )
    acs: FloatArray = (observed - chance) / (1.0 - chance)
    return acs


def _pair_shares(rows: FloatArray, weights: FloatArray) -> FloatArray:
    """For each row the mean agreement over its ordered pairs of raters."""
    n_ratings = rows.sum(axis=1)
    agreeing = (rows * (rows @ weights - 1.0)).sum(axis=1)
    shares: FloatArray = agreeing / (n_ratings * (n_ratings - 1.0))
    return shares


def _mean_share(paired: Patterns, weights: FloatArray) -> float:
    if not len(paired.n_items):
        return _NOT_DEFINED
    shares = _pair_shares(paired.rows.astype(np.float64), weights)
    return float(np.average(shares, weights=paired.n_items))
