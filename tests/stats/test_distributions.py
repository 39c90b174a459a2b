"""Quantiles and tails against printed tables and sums done the slow way."""

from math import comb, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.distributions import (
    beta_cdf,
    beta_quantile,
    binomial_half_p,
    t_quantile,
)

SHAPES = st.integers(1, 80)
POINTS = st.floats(0.001, 0.999)


@settings(deadline=None, max_examples=50)
@given(POINTS, SHAPES, SHAPES)
def test_beta_with_whole_shapes_is_a_binomial_tail(x, a, b):
    n = a + b - 1
    tail = sum(comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))

    assert beta_cdf(x, a=a, b=b) == pytest.approx(tail, rel=1e-9, abs=1e-14)


def test_beta_outside_the_unit_interval_is_sure():
    assert beta_cdf(-0.1, a=2, b=3) == 0.0
    assert beta_cdf(1.1, a=2, b=3) == 1.0


@settings(deadline=None, max_examples=50)
@given(POINTS, st.floats(0.3, 300.0), st.floats(0.3, 300.0))
def test_the_beta_quantile_undoes_the_beta_distribution(probability, a, b):
    x = beta_quantile(probability, a=a, b=b)

    assert beta_cdf(x, a=a, b=b) == pytest.approx(probability, abs=1e-6)


def test_the_arcsine_law_has_a_closed_form():
    # Beta(1/2, 1/2): P(X <= x) = 2/pi asin(sqrt x); at 1/4 that is 1/3.
    assert beta_cdf(0.25, a=0.5, b=0.5) == pytest.approx(1 / 3, rel=1e-12)
    assert beta_quantile(1 / 3, a=0.5, b=0.5) == pytest.approx(0.25, rel=1e-12)
    assert beta_quantile(0.0, a=0.5, b=0.5) == 0.0
    assert beta_quantile(1.0, a=0.5, b=0.5) == 1.0


def test_large_shapes_stay_exact():
    # The median of a symmetric Beta is one half, however narrow it is.
    assert beta_cdf(0.5, a=20_000, b=20_000) == pytest.approx(0.5, abs=1e-10)


@pytest.mark.parametrize(
    ("degrees", "probability", "printed"),
    [
        # Student's t, as printed in every table; Fisher & Yates (1963), table III.
        (1, 0.975, 12.706),
        (2, 0.975, 4.303),
        (10, 0.975, 2.228),
        (10, 0.95, 1.812),
        (30, 0.995, 2.750),
        (120, 0.975, 1.980),
        (10, 0.025, -2.228),
    ],
)
def test_student_quantiles_are_those_of_the_tables(degrees, probability, printed):
    assert t_quantile(probability, degrees=degrees) == pytest.approx(
        printed, abs=5.1e-4
    )


def test_the_median_of_student_is_zero_and_an_unreachable_tail_is_infinite():
    assert t_quantile(0.5, degrees=7) == pytest.approx(0.0, abs=1e-7)
    assert t_quantile(1e-300, degrees=0.5) == float("-inf")


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 200), st.integers(0, 200))
def test_the_sign_test_sums_both_tails(n_chosen, n_other):
    n = n_chosen + n_other
    fewer = min(n_chosen, n_other)
    tail = sum(comb(n, k) for k in range(fewer + 1)) / 2**n

    assert binomial_half_p(n_chosen, n) == pytest.approx(min(1.0, 2 * tail), rel=1e-9)


def test_a_published_sign_test():
    # Siegel (1956), table D: 17 signs, 3 or fewer of one kind: .006 one-sided.
    assert round(binomial_half_p(3, 17) / 2, 3) == 0.006


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: beta_cdf(0.5, a=0, b=1), "shapes 0 and 1"),
        (lambda: beta_cdf(0.5, a=1, b=-1), "shapes 1 and -1"),
        (lambda: beta_cdf(nan, a=1, b=1), "x is NaN"),
        (lambda: beta_quantile(1.1, a=1, b=1), "probability 1.1"),
        (lambda: beta_quantile(nan, a=1, b=1), "probability nan"),
        (lambda: t_quantile(1.0, degrees=3), "probability 1.0"),
        (lambda: t_quantile(0.9, degrees=0), "shapes"),
        (lambda: binomial_half_p(3, 2), "3 chosen of 2"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
