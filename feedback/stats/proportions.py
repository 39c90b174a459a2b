"""Shares with their intervals."""

from dataclasses import dataclass
from math import nan, sqrt
from statistics import NormalDist


@dataclass(frozen=True)
class Share:
    """How often something was so.

    Attributes:
        n_so: times it was so.
        n: times it could have been.
        low: lower end of the interval; NaN when n is 0.
        high: upper end of the interval; NaN when n is 0.
    """

    n_so: int
    n: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """0 to 1; NaN when n is 0."""
        return self.n_so / self.n if self.n else nan


def wilson(n_so: int, n: int, *, confidence: float = 0.95) -> Share:
    """A share and its score interval, which stays inside 0 and 1 and fits small n.

    Args:
        n_so: times it was so.
        n: times it could have been.
        confidence: of the interval, inside 0 and 1.

    Returns:
        The share. Without any case both ends are NaN: nothing is known.

    Raises:
        ValueError: if the numbers do not fit.

    Source:
        Wilson (1927), without continuity correction; method 3 of Newcombe (1998).
    """
    if not 0 <= n_so <= n:
        raise ValueError(f"{n_so} of {n} is not possible")
    z = NormalDist().inv_cdf((1.0 + confidence) / 2.0)
    if n == 0:
        return Share(n_so, n, nan, nan)
    middle = (n_so + z * z / 2.0) / (n + z * z)
    half = z * sqrt(n_so * (n - n_so) / n + z * z / 4.0) / (n + z * z)
    # Exactly 0 and 1 at the ends, where rounding would leave a crumb.
    low = middle - half if n_so else 0.0
    high = middle + half if n_so < n else 1.0
    return Share(n_so, n, low, high)
