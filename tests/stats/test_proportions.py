"""The score interval, against the examples that made it known."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.proportions import wilson


@pytest.mark.parametrize(
    ("n_so", "n", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17:857, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_newcombes_examples(n_so, n, low, high):
    told = wilson(n_so, n)

    assert (round(told.low, 4), round(told.high, 4)) == (low, high)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 300), st.integers(1, 300), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_ends_solve_the_score_equation(n_so, n_other, confidence):
    told = wilson(n_so, n_so + n_other, confidence=confidence)
    z = {0.8: 1.2815515655, 0.95: 1.9599639845, 0.99: 2.5758293035}[confidence]

    assert 0.0 <= told.low <= told.share <= told.high <= 1.0
    for end in (told.low, told.high):
        spread = math.sqrt(end * (1 - end) / told.n)
        assert abs(told.share - end) == pytest.approx(z * spread, abs=1e-8)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 50), st.integers(0, 50))
def test_so_and_not_so_mirror_each_other(n_so, n_other):
    n = n_so + n_other
    so, other = wilson(n_so, n), wilson(n_other, n)

    assert so.low == pytest.approx(1 - other.high, nan_ok=True)


def test_nothing_is_known_without_a_case():
    told = wilson(0, 0)

    assert math.isnan(told.share)
    assert math.isnan(told.low)
    assert math.isnan(told.high)


def test_more_than_all_is_refused():
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)
