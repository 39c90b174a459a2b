"""Whether a rater had time to read.

Active seconds only: a telephone call is not reading, and a fast reader is no cheat.
What is found is shown to people; nothing is deleted or left unpaid on time alone.
"""

from dataclasses import dataclass

import numpy as np

from feedback.stats.arrays import BoolArray, FloatArray, IntArray
from feedback.stats.proportions import Share, wilson

FEWEST_SECONDS = 2.0
SHARE_OF_NORM = 0.10
WORDS_PER_MINUTE = 600.0
ENOUGH_EFFORT = 0.90
FEWEST_RATINGS = 20


@dataclass(frozen=True)
class Effort:
    """Response-time effort: how often a rater took time enough.

    Attributes:
        careful: share of ratings that were not too fast, and its interval.
    """

    careful: Share

    @property
    def is_low(self) -> bool:
        """At least 20 ratings, of which fewer than 90 % took time enough."""
        return self.careful.n >= FEWEST_RATINGS and self.careful.share < ENOUGH_EFFORT


def item_norms(*, item: IntArray, active_seconds: FloatArray) -> FloatArray:
    """The usual time for each rating's item: the median over its raters.

    Args:
        item: shape (n_ratings,); number of the item, from 0.
        active_seconds: shape (n_ratings,); time the rater was active on it.

    Returns:
        Shape (n_ratings,), in seconds.

    Source:
        Wise & Ma, "Setting Response Time Thresholds" (2012): the norm of the item.
    """
    order = np.lexsort((active_seconds, item))
    seconds = active_seconds[order]
    _, start, n = np.unique(item[order], return_index=True, return_counts=True)
    middle = (seconds[start + (n - 1) // 2] + seconds[start + n // 2]) / 2.0
    norms = np.empty(len(item))
    norms[order] = np.repeat(middle, n)
    return norms


def too_fast(
    *, active_seconds: FloatArray, norm_seconds: FloatArray, n_words: IntArray
) -> BoolArray:
    """Ratings given faster than the shown text could be read.

    Args:
        active_seconds: shape (n_ratings,); time the rater was active.
        norm_seconds: shape (n_ratings,); usual time for the item, see `item_norms`.
        n_words: shape (n_ratings,); words of text shown with the item.

    Returns:
        Shape (n_ratings,): below 2 s, below a tenth of the item's norm, or above 600
        words a minute. The thresholds come from the literature on tests; they were not
        measured on clinicians.

    Source:
        Wise & Ma (2012), normative threshold of 10 %; 600 words a minute is twice the
        upper end of usual silent reading, 175 to 300, in Brysbaert, "How Many Words
        Do We Read per Minute?" (2019).
    """
    fewest = np.maximum(FEWEST_SECONDS, SHARE_OF_NORM * norm_seconds)
    reading = n_words * (60.0 / WORDS_PER_MINUTE)
    fast: BoolArray = active_seconds < np.maximum(fewest, reading)
    return fast


def effort(fast: BoolArray) -> Effort:
    """How often one rater took time enough.

    Args:
        fast: shape (n_ratings,); the rater's part of `too_fast`.

    Returns:
        The share and whether it is low.

    Source:
        Wise & Kong, "Response Time Effort" (2005), flag below .90.
    """
    return Effort(wilson(int((~fast).sum()), len(fast)))
