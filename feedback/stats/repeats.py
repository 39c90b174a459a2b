"""A rater against themselves: items shown twice without saying so."""

from dataclasses import dataclass

import numpy as np

from feedback.stats.agreement import Level, krippendorff_alpha
from feedback.stats.arrays import FloatArray, IntArray
from feedback.stats.proportions import Share, wilson

FIRST, TIE, SECOND = 0, 1, 2


@dataclass(frozen=True)
class SelfAgreement:
    """How often a rater said the same again.

    Attributes:
        same: share of repeated items with the same rating, and its interval.
        alpha: the share set right for chance; NaN where all ratings are equal.
    """

    same: Share
    alpha: float


def self_agreement(
    *, before: FloatArray, after: FloatArray, level: Level
) -> SelfAgreement:
    """Whether one rater gives the same rating to the same item again.

    Args:
        before: shape (n_items,); first rating of each repeated item.
        after: shape (n_items,); second rating of the same items.
        level: the criterion's scale; picks the distance between two ratings.

    Returns:
        The share of equal ratings and Krippendorff's alpha with the two occasions as
        two raters. Alpha depends on how much the items differ: compare it between
        raters of the same items only.

    Raises:
        ValueError: if the shapes differ.

    Source:
        Krippendorff, "Content Analysis" (2004), section 11.1: stability.
    """
    _check_alike(before, after)
    values, codes = np.unique(np.concatenate([before, after]), return_inverse=True)
    item = np.tile(np.arange(len(before)), 2)
    cells = np.bincount(
        item * len(values) + codes, minlength=len(before) * len(values)
    ).astype(np.int64)
    alpha = krippendorff_alpha(
        cells.reshape(len(before), len(values)),
        values=values.astype(np.float64),
        level=level,
    )
    return SelfAgreement(wilson(int((before == after).sum()), len(before)), alpha)


def flip_rate(*, before: IntArray, after: IntArray) -> Share:
    """How often a rater preferred the other completion when the sides were swapped.

    Args:
        before: shape (n_pairs,); 0 the first completion of the pair, 1 neither, 2 the
            second. The pair's own order counts, not the side it stood on.
        after: shape (n_pairs,); the same pairs, shown with sides swapped.

    Returns:
        Share of flips among pairs decided both times, and its interval. A rater who
        always takes the left flips always; a coin flips half of the time.

    Raises:
        ValueError: if the shapes differ or a preference is none of the three.

    Source:
        Wilson (1927) for the interval.
    """
    _check_alike(before, after)
    if not np.isin([*before, *after], [FIRST, TIE, SECOND]).all():
        raise ValueError("a preference is neither 0 (first), 1 (tie) nor 2 (second)")
    decided = (before != TIE) & (after != TIE)
    return wilson(int((before != after)[decided].sum()), int(decided.sum()))


def _check_alike(before: FloatArray | IntArray, after: FloatArray | IntArray) -> None:
    if before.ndim != 1 or before.shape != after.shape:
        raise ValueError(
            f"{before.shape} ratings before and {after.shape} after are not of the "
            "same items"
        )
