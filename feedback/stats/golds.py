"""What answers to golds say about a rater's accuracy."""

from dataclasses import dataclass

from feedback.stats.distributions import beta_cdf, beta_quantile

ACCEPTABLE = 0.70
DOUBTFUL_BELOW = 0.05


@dataclass(frozen=True)
class GoldAccuracy:
    """A rater's accuracy, as far as golds tell: Beta(1 + right, 1 + wrong).

    Attributes:
        n: golds answered.
        n_right: golds answered right.
        mean: expected accuracy.
        low: accuracy that the rater is below with probability 2.5 %.
        high: accuracy that the rater is below with probability 97.5 %.
    """

    n: int
    n_right: int
    mean: float
    low: float
    high: float

    def probability_above(self, accuracy: float) -> float:
        """Probability that the rater is more accurate than this."""
        n_wrong = self.n - self.n_right
        # Asked of errors, so that a probability near 1 keeps its digits.
        return beta_cdf(1.0 - accuracy, a=1 + n_wrong, b=1 + self.n_right)

    @property
    def is_doubtful(self) -> bool:
        """Less than 5 % probable that the rater is right more than 70 % of the time."""
        return self.probability_above(ACCEPTABLE) < DOUBTFUL_BELOW


def gold_accuracy(*, n_right: int, n: int) -> GoldAccuracy:
    """The posterior of a rater's accuracy from a flat prior.

    Args:
        n_right: golds answered right.
        n: golds answered, none twice.

    Returns:
        The posterior; without golds its mean is .5 and its interval .025 to .975.

    Raises:
        ValueError: if the numbers do not fit.

    Source:
        Bayes (1763), the rule of succession; Gelman et al., "Bayesian Data Analysis"
        (2013), section 2.4.
    """
    if not 0 <= n_right <= n:
        raise ValueError(f"{n_right} right of {n} golds is not possible")
    a, b = 1 + n_right, 1 + n - n_right
    return GoldAccuracy(
        n=n,
        n_right=n_right,
        mean=a / (a + b),
        low=beta_quantile(0.025, a=a, b=b),
        high=beta_quantile(0.975, a=a, b=b),
    )


def golds_needed(*, above: float, n_wrong: int, surely: float = 0.95) -> int:
    """How many golds show that a rater is better than this, if so many go wrong.

    Args:
        above: the accuracy to be beaten, 0 to below 1.
        n_wrong: golds answered wrong.
        surely: probability with which it must be beaten, below 1.

    Returns:
        The smallest number of golds, the wrong ones included.

    Raises:
        ValueError: if `above` or `surely` is out of range.

    Source:
        The posterior of `gold_accuracy`.
    """
    if not (0.0 <= above < 1.0 and 0.0 <= surely < 1.0):
        raise ValueError(f"above {above} and surely {surely} must be 0 to below 1")
    n = n_wrong
    while gold_accuracy(n_right=n - n_wrong, n=n).probability_above(above) < surely:
        n += 1
    return n
