"""Agreement on sets of labels: each label alone, and the sets as wholes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from feedback.stats.agreement import (
    LEAST_ITEMS_FOR_INTERVAL,
    Agreement,
    measure_agreement,
)
from feedback.stats.arrays import BoolArray, FloatArray
from feedback.stats.bootstrap import N_DRAWS, draw_items, percentile_interval
from feedback.stats.counts import (
    Codes,
    count_ratings,
    equal_neighbors,
    merge_patterns,
    row_codes,
)

SetDistance = Literal["masi", "jaccard"]

_ABSENT_PRESENT = np.array([0.0, 1.0])
_PAIR = 2


@dataclass(frozen=True)
class SetAgreement:
    """How far raters agree on sets; NaN means "not defined"."""

    n_items: int
    """Items with at least two sets."""
    masi: float
    """Krippendorff's alpha with MASI distance."""
    masi_low: float
    """Lower end of its 95 % interval over items; NaN below 20 items."""
    masi_high: float
    jaccard: float
    """Krippendorff's alpha with Jaccard distance."""
    jaccard_low: float
    """Lower end of its 95 % interval over items; NaN below 20 items."""
    jaccard_high: float
    labels: tuple[Agreement, ...]
    """For each label, chosen or not: nominal alpha, AC1, percent."""


def measure_set_agreement(
    items: Codes, sets: BoolArray, *, rng: np.random.Generator, n_draws: int = N_DRAWS
) -> SetAgreement:
    """All that is shown about a question with several labels.

    Args:
        items: shape (n_ratings,); any numbers.
        sets: shape (n_ratings, n_labels); which labels a rating has.
        rng: draws the items of the bootstraps.
        n_draws: draws of each bootstrap.

    Returns:
        Alpha of the sets as wholes, and the agreement on each label.

    Raises:
        ValueError: if the shapes do not fit.

    Source:
        As for `set_alpha` and `measure_agreement`.
    """
    _check(items, sets)
    found, codes = np.unique(items, return_inverse=True)
    labels = tuple(
        measure_agreement(
            count_ratings(
                codes, chosen.astype(np.int64), n_items=len(found), n_values=2
            ),
            values=_ABSENT_PRESENT,
            level="nominal",
            rng=rng,
            n_draws=n_draws,
        )
        for chosen in sets.T
    )
    masi = set_alpha_interval(items, sets, distance="masi", rng=rng, n_draws=n_draws)
    jaccard = set_alpha_interval(
        items, sets, distance="jaccard", rng=rng, n_draws=n_draws
    )
    return SetAgreement(
        n_items=int((np.bincount(codes) >= _PAIR).sum()),
        masi=set_alpha(items, sets, distance="masi"),
        masi_low=masi[0],
        masi_high=masi[1],
        jaccard=set_alpha(items, sets, distance="jaccard"),
        jaccard_low=jaccard[0],
        jaccard_high=jaccard[1],
        labels=labels,
    )


def set_alpha(items: Codes, sets: BoolArray, *, distance: SetDistance) -> float:
    """Krippendorff's alpha where each rating is a set of labels.

    Memory grows with the square of the number of different sets, not of ratings.

    Args:
        items: shape (n_ratings,); any numbers. Items with one rating are left out.
        sets: shape (n_ratings, n_labels); which labels a rating has, maybe none.
        distance: between two sets.

    Returns:
        1 for perfect agreement, 0 for chance; NaN when no item has two ratings or all
        sets are equal.

    Raises:
        ValueError: if the shapes do not fit.

    Source:
        Passonneau, "Measuring Agreement on Set-valued Items (MASI) for Semantic and
        Pragmatic Annotation" (2006); Krippendorff (2011), section D.
    """
    _check(items, sets)
    _, codes, numbers = np.unique(items, return_inverse=True, return_counts=True)
    is_paired = numbers[codes] >= _PAIR
    codes, numbers = codes[is_paired], numbers[codes][is_paired]
    if not codes.size:
        return float("nan")
    paired = sets[is_paired]
    _, example, kind_codes = np.unique(
        row_codes(paired.astype(np.int64))[0], return_index=True, return_inverse=True
    )
    between = set_distances(paired[example], distance=distance)
    margins = np.bincount(kind_codes).astype(np.float64)
    expected = float(margins @ between @ margins)
    if expected == 0.0:
        return float("nan")
    observed = _distance_within_items(codes, kind_codes, 1.0 / (numbers - 1), between)
    return 1.0 - (len(codes) - 1.0) * observed / expected


def set_alpha_interval(
    items: Codes,
    sets: BoolArray,
    *,
    distance: SetDistance,
    rng: np.random.Generator,
    n_draws: int = N_DRAWS,
) -> tuple[float, float]:
    """The 95 % interval of `set_alpha`, drawing items again with replacement.

    It speaks for other items and these raters. Memory grows with the items times the
    number of different sets.

    Args:
        items: as for `set_alpha`.
        sets: as for `set_alpha`.
        distance: as for `set_alpha`.
        rng: draws the items.
        n_draws: draws of the bootstrap.

    Returns:
        Low and high; NaN twice below 20 items with two ratings, and where alpha is not
        defined in more than one draw of twenty.

    Raises:
        ValueError: if the shapes do not fit.

    Source:
        As for `set_alpha`, `draw_items` and `percentile_interval`.
    """
    _check(items, sets)
    found, codes = np.unique(items, return_inverse=True)
    if (np.bincount(codes) >= _PAIR).sum() < LEAST_ITEMS_FOR_INTERVAL:
        return float("nan"), float("nan")
    kinds, example, kind_codes = np.unique(
        row_codes(sets.astype(np.int64))[0], return_index=True, return_inverse=True
    )
    counts = count_ratings(codes, kind_codes, n_items=len(found), n_values=len(kinds))
    paired = merge_patterns(counts).with_ratings(_PAIR)
    between = set_distances(sets[example], distance=distance)
    rows = paired.rows.astype(np.float64)
    per_item = rows.sum(axis=1)
    # A set is at no distance from itself, so ordered pairs need no correction.
    apart = ((rows @ between) * rows).sum(axis=1) / (per_item - 1.0)
    alphas: list[FloatArray] = []
    for drawn in draw_items(paired, n_draws=n_draws, rng=rng):
        margins = drawn @ rows
        expected = ((margins @ between) * margins).sum(axis=1)
        observed = (drawn @ per_item - 1.0) * (drawn @ apart)
        alpha = np.full(len(drawn), np.nan)
        np.divide(observed, expected, out=alpha, where=expected > 0.0)
        alphas.append(1.0 - alpha)
    return percentile_interval(np.concatenate(alphas))


def set_distances(sets: BoolArray, *, distance: SetDistance) -> FloatArray:
    """Distance of each two sets.

    Jaccard similarity is the share of common labels in all labels of both. MASI
    multiplies it by 1 for equal sets, 2/3 if one contains the other, 1/3 if they only
    overlap, and 0 if they have nothing in common. Two empty sets are equal: distance
    0. An empty set has nothing in common with any other: distance 1.

    Args:
        sets: shape (n_sets, n_labels).
        distance: which of the two.

    Returns:
        Shape (n_sets, n_sets), from 0 to 1.

    Source:
        Passonneau (2006); Jaccard (1908).
    """
    flags = sets.astype(np.float64)
    sizes = flags.sum(axis=1)
    common = flags @ flags.T
    together = sizes[:, None] + sizes[None, :] - common
    similarity = np.ones_like(common)
    np.divide(common, together, out=similarity, where=together > 0.0)
    if distance == "masi":
        smaller = np.minimum(sizes[:, None], sizes[None, :])
        larger = np.maximum(sizes[:, None], sizes[None, :])
        monotonicity = np.where(common == smaller, 2.0 / 3.0, 1.0 / 3.0)
        monotonicity[common == larger] = 1.0
        similarity *= monotonicity
    apart: FloatArray = 1.0 - similarity
    return apart


def _distance_within_items(
    codes: Codes, kind_codes: Codes, shares: FloatArray, between: FloatArray
) -> float:
    """Sum over items of the distances of its ordered pairs, each over (m - 1)."""
    order = np.argsort(codes, kind="stable")
    codes, kind_codes, shares = codes[order], kind_codes[order], shares[order]
    total = 0.0
    for left, right in equal_neighbors(codes):
        distances = between[kind_codes[left], kind_codes[right]]
        total += 2.0 * float(shares[left] @ distances)
    return total


def _check(items: Codes, sets: BoolArray) -> None:
    if items.ndim != 1 or sets.ndim != 2 or len(items) != len(sets):  # noqa: PLR2004
        raise ValueError(
            f"items of shape {items.shape} do not fit sets of shape {sets.shape}"
        )
