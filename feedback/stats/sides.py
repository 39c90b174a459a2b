"""Whether a rater prefers a side whatever stands there."""

from dataclasses import dataclass

from feedback.stats.distributions import binomial_half_p
from feedback.stats.proportions import Share, wilson

FEWEST_VOTES = 20
FALSE_ALARMS = 0.001


@dataclass(frozen=True)
class LeftChoice:
    """How often a rater took the left completion.

    Attributes:
        left: share of decisive votes that went left, and its interval.
        p_value: probability of a split at least as uneven by chance.
    """

    left: Share
    p_value: float

    @property
    def is_biased(self) -> bool:
        """At least 20 decisive votes, split as chance does once in 1,000 raters."""
        return self.left.n >= FEWEST_VOTES and self.p_value < FALSE_ALARMS


def left_choice(*, n_left: int, n_decisive: int) -> LeftChoice:
    """Whether a rater's votes lean to a side.

    Sides are drawn at random for each rater and pair, so that whatever a rater thinks
    of the completions, half of the votes should go left.

    Args:
        n_left: decisive votes for the completion on the left.
        n_decisive: votes for either; "neither" is not one.

    Returns:
        The share with its interval, and an exact two-sided test against one half. Of
        honest raters at most 1 in 1,000 is flagged.

    Raises:
        ValueError: if the numbers do not fit.

    Source:
        Sign test; interval of Wilson (1927).
    """
    return LeftChoice(wilson(n_left, n_decisive), binomial_half_p(n_left, n_decisive))
