"""The few distributions that intervals and tests need, without SciPy."""

from math import exp, inf, isnan, lgamma, log, log1p, sqrt

PRECISION = 1e-15


def beta_cdf(x: float, *, a: float, b: float) -> float:
    """Probability that a Beta(a, b) variable is at most x.

    Args:
        x: where; below 0 counts as 0, above 1 as 1.
        a: first shape, above 0.
        b: second shape, above 0.

    Returns:
        0 to 1, with a relative error near 1e-13 for shapes up to some ten thousand.

    Raises:
        ValueError: if a shape is not above 0, or x is NaN.

    Source:
        The continued fraction DLMF 8.17.22, by the method of Lentz (1976).
    """
    if a <= 0.0 or b <= 0.0:
        raise ValueError(f"shapes {a} and {b} must both be above 0")
    if isnan(x):
        raise ValueError("x is NaN: there is no probability to tell")
    if not 0.0 < x < 1.0:
        return float(x >= 1.0)
    # The fraction converges fast left of the mean only; the other side mirrors it.
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - beta_cdf(1.0 - x, a=b, b=a)
    front = exp(_log_density(x, a, b) + log(x) + log1p(-x))
    return front * _fraction(x, a, b) / a


def beta_quantile(probability: float, *, a: float, b: float) -> float:
    """The x that a Beta(a, b) variable stays below with this probability.

    Args:
        probability: 0 to 1.
        a: first shape, above 0.
        b: second shape, above 0.

    Returns:
        0 to 1, with a relative error near 1e-12.

    Raises:
        ValueError: if the probability or a shape is out of range.

    Source:
        The inverse of `beta_cdf`, by Newton's method between bounds.
    """
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"probability {probability} is not between 0 and 1")
    if probability > 0.5:  # noqa: PLR2004 - the smaller tail keeps its digits
        return 1.0 - beta_quantile(1.0 - probability, a=b, b=a)
    if probability == 0.0:
        return 0.0
    low, x, high = 0.0, a / (a + b), 1.0
    while True:
        over = beta_cdf(x, a=a, b=b) - probability
        low, high = (x, high) if over < 0.0 else (low, x)
        # Where there is hardly any density a step leads outside, and halving takes over.
        guess = x - over * exp(min(-_log_density(x, a, b), 700.0))
        if not low < guess < high:
            guess = (low + high) / 2.0
        if not low < guess < high or abs(guess - x) <= 1e-13 * x:
            return guess
        x = guess


def t_quantile(probability: float, *, degrees: float) -> float:
    """The t that a Student variable stays below with this probability.

    Args:
        probability: above 0 and below 1.
        degrees: degrees of freedom, above 0; need not be whole.

    Returns:
        The quantile, negative below one half.

    Raises:
        ValueError: if the probability is not strictly inside 0 and 1, or the degrees
            are not above 0.

    Source:
        t^2 / (degrees + t^2) is Beta(1/2, degrees/2); Abramowitz & Stegun 26.7.1.
    """
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability {probability} is not inside 0 and 1")
    both_tails = 2.0 * min(probability, 1.0 - probability)
    # Asked of the small side: near 1 the square's complement would lose its digits.
    share = beta_quantile(both_tails, a=degrees / 2.0, b=0.5)
    size = sqrt(degrees * (1.0 - share) / share) if share > 0.0 else inf
    return size if probability >= 0.5 else -size  # noqa: PLR2004 - the median


def binomial_half_p(n_chosen: int, n: int) -> float:
    """How surprising a split is where each side had the same chance, two-sided.

    Args:
        n_chosen: times one side was chosen.
        n: times there was a choice.

    Returns:
        Exact probability of a split at least as uneven; 1 when there was no choice.

    Raises:
        ValueError: if the numbers do not fit.

    Source:
        The sign test: Arbuthnott (1710); binomial tails are Beta integrals,
        Abramowitz & Stegun 26.5.24.
    """
    if not 0 <= n_chosen <= n:
        raise ValueError(f"{n_chosen} chosen of {n} is not possible")
    fewer = min(n_chosen, n - n_chosen)
    if 2 * fewer == n:
        return 1.0
    return 2.0 * beta_cdf(0.5, a=n - fewer, b=fewer + 1)


def _log_density(x: float, a: float, b: float) -> float:
    scale = lgamma(a + b) - lgamma(a) - lgamma(b)
    return scale + (a - 1.0) * log(x) + (b - 1.0) * log1p(-x)


def _fraction(x: float, a: float, b: float) -> float:
    tiny = 1e-300
    value = d = 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0), tiny)
    c, change, m = 1.0, inf, 0
    while abs(change - 1.0) >= PRECISION:
        m += 1
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for term in (even, odd):
            d = 1.0 / _away_from_zero(1.0 + term * d, tiny)
            c = _away_from_zero(1.0 + term / c, tiny)
            change = d * c
            value *= change
    return value


def _away_from_zero(number: float, tiny: float) -> float:
    return number if abs(number) > tiny else tiny
