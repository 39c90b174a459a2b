"""Agreement of two raters, and of each two raters of a study."""

from dataclasses import dataclass

import numpy as np

from feedback.stats.arrays import FloatArray, IntArray
from feedback.stats.counts import (
    Codes,
    check_codes,
    count_ratings,
    equal_neighbors,
)


@dataclass(frozen=True)
class RaterPair:
    """How two raters agree on the items both have rated; NaN means "not defined"."""

    first: int
    second: int
    n_items: int
    percent: float
    """Share of these items with the same value, 0 to 1."""
    kappa: float
    """Cohen's kappa, weighted as asked."""


def weighted_kappa(table: IntArray, *, weights: FloatArray) -> float:
    """Chance-corrected agreement of two raters.

    Args:
        table: shape (n_values, n_values); how many items have the row's value from
            the first rater and the column's from the second.
        weights: shape (n_values, n_values); how far two values agree, 1 on the
            diagonal: see `agreement_weights`. Identity gives Cohen's (1960) kappa.

    Returns:
        1 for perfect agreement, 0 for chance. NaN when the table is empty or chance
        alone would give full agreement, as when both use one value throughout.

    Raises:
        ValueError: if the shapes do not fit or a value does not agree with itself.

    Source:
        Cohen, "Weighted kappa: nominal scale agreement with provision for scaled
        disagreement or partial credit" (1968).
    """
    if table.ndim != 2 or table.shape != weights.shape:  # noqa: PLR2004
        raise ValueError(
            f"a table of shape {table.shape} does not fit weights of {weights.shape}"
        )
    if np.any(np.diag(weights) != 1.0):
        raise ValueError(f"weights need 1 on the diagonal, not {np.diag(weights)}")
    return float(_kappas(table[None, :, :], weights)[0])


def compare_raters(
    items: Codes, raters: Codes, values: Codes, *, weights: FloatArray
) -> tuple[RaterPair, ...]:
    """Each two raters with a common item, from a sparse list of ratings.

    Args:
        items: shape (n_ratings,); any numbers.
        raters: shape (n_ratings,); any numbers, none twice on an item.
        values: shape (n_ratings,); codes 0 to n_values - 1.
        weights: as for `weighted_kappa`.

    Returns:
        One entry for each pair, ordered by the two raters' numbers; the first is the
        smaller.

    Raises:
        ValueError: if the arrays differ in shape, a code is outside the scale, or a
            rater has rated an item twice.

    Source:
        As for `weighted_kappa`.
    """
    n_values = len(weights)
    left, right = pairs_within_items(items, raters)
    who, rater_codes = np.unique(raters, return_inverse=True)
    keys = rater_codes[left] * np.int64(len(who)) + rater_codes[right]
    found, pair_codes = np.unique(keys, return_inverse=True)
    # A code beyond the scale could still make a cell inside the table.
    check_codes("value", values, n_values)
    cells = values[left].astype(np.int64) * n_values + values[right]
    tables = count_ratings(
        pair_codes, cells, n_items=len(found), n_values=n_values * n_values
    ).reshape(len(found), n_values, n_values)
    n_items = tables.sum(axis=(1, 2))
    same = np.trace(tables, axis1=1, axis2=2)
    return tuple(
        RaterPair(
            first=int(who[key // len(who)]),
            second=int(who[key % len(who)]),
            n_items=int(n),
            percent=float(agreed / n),
            kappa=float(kappa),
        )
        for key, n, agreed, kappa in zip(
            found, n_items, same, _kappas(tables, weights), strict=True
        )
    )


def pairs_within_items(items: Codes, raters: Codes) -> tuple[IntArray, IntArray]:
    """Places of each two ratings of the same item.

    Args:
        items: shape (n_ratings,); any numbers.
        raters: shape (n_ratings,); any numbers, none twice on an item.

    Returns:
        Two arrays of shape (n_pairs,): places in `items`. The first of a pair has the
        smaller rater.

    Raises:
        ValueError: if the arrays differ in shape or a rater has an item twice.
    """
    if items.ndim != 1 or items.shape != raters.shape:
        raise ValueError(
            f"items of shape {items.shape} do not fit raters of shape {raters.shape}"
        )
    order = np.lexsort((raters, items))
    lefts, rights = [order[:0]], [order[:0]]
    for left, right in equal_neighbors(items[order]):
        lefts.append(order[left])
        rights.append(order[right])
    first, second = np.concatenate(lefts), np.concatenate(rights)
    is_twice = raters[first] == raters[second]
    if np.any(is_twice):
        place = first[is_twice][0]
        raise ValueError(
            f"rater {raters[place]} has rated item {items[place]} twice; "
            "keep one rating of each rater and item"
        )
    return first, second


def _kappas(tables: IntArray, weights: FloatArray) -> FloatArray:
    """Kappa of each of many tables, shape (n_tables, n_values, n_values)."""
    n_items = tables.sum(axis=(1, 2)).astype(np.float64)
    away = 1.0 - weights
    observed = n_items * (tables * away).sum(axis=(1, 2))
    rows, columns = tables.sum(axis=2), tables.sum(axis=1)
    expected = ((rows @ away) * columns).sum(axis=1)
    ratio = np.full(len(tables), np.nan)
    np.divide(observed, expected, out=ratio, where=expected > 0.0)
    kappas: FloatArray = 1.0 - ratio
    return kappas
