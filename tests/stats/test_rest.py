"""Each rater against the rest, beside a slow oracle and a textbook interval."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.ratings import Ratings
from feedback.stats.rest import (
    RestCorrelation,
    fisher_upper,
    others_mean,
    rest_correlations,
)

SPARSE = st.dictionaries(
    st.tuples(st.integers(0, 7), st.integers(0, 4)), st.integers(1, 5), max_size=40
)


def ratings_of(cells):
    return Ratings.of(
        item=[i for i, _ in cells],
        rater=[r for _, r in cells],
        value=list(cells.values()),
    )


def test_a_textbook_interval_of_a_correlation():
    # Zar, "Biostatistical Analysis", wing and tail lengths of 12 birds: r = .870,
    # 95 % interval .592 to .963, with z rounded to three places; each end is one-sided
    # at 97.5 %.
    high = fisher_upper(0.870, n=12, confidence=0.975)
    low = -fisher_upper(-0.870, n=12, confidence=0.975)

    assert (low, high) == pytest.approx((0.592, 0.963), abs=1e-3)


@settings(deadline=None, max_examples=50)
@given(SPARSE)
def test_the_others_mean_and_correlation_are_those_of_a_slow_oracle(cells):
    ratings = ratings_of(cells)
    means = others_mean(ratings)
    pairs = {}
    for row, (item, rater) in enumerate(cells):
        rest = [v for (i, r), v in cells.items() if i == item and r != rater]
        expected = float(np.mean(rest)) if rest else math.nan
        assert means[row] == pytest.approx(expected, nan_ok=True)
        if rest:
            pairs.setdefault(rater, []).append((cells[item, rater], expected))

    for rater, told in enumerate(rest_correlations(ratings)):
        own, rest = np.array(pairs.get(rater, [])).reshape(-1, 2).T
        assert told.n == len(own)
        if len(own) < 2 or np.ptp(own) == 0 or np.ptp(rest) < 1e-9:
            assert math.isnan(told.correlation)
        else:
            assert told.correlation == pytest.approx(np.corrcoef(own, rest)[0, 1])
            assert -1.0 <= told.correlation <= told.upper <= 1.0


def test_the_bound_needs_four_pairs_and_a_correlation():
    assert fisher_upper(0.1, n=3) == 1.0
    assert math.isnan(fisher_upper(math.nan, n=50))
    assert fisher_upper(1.0, n=50) == pytest.approx(1.0)
    assert fisher_upper(-1.0, n=50) == pytest.approx(-1.0)


@pytest.mark.parametrize(("true", "n"), [(0.0, 20), (0.2, 60), (0.6, 30)])
def test_the_bound_covers_as_often_as_it_says(true, n):
    rng = np.random.default_rng(1921)
    x = rng.normal(size=(2000, n))
    y = true * x + math.sqrt(1 - true**2) * rng.normal(size=(2000, n))
    covered = [
        fisher_upper(np.corrcoef(a, b)[0, 1], n=n) >= true
        for a, b in zip(x, y, strict=True)
    ]

    assert np.mean(covered) == pytest.approx(0.95, abs=0.02)


def test_careless_needs_twenty_ratings_and_a_low_bound():
    assert RestCorrelation(20, -0.5, 0.19).is_careless
    assert not RestCorrelation(19, -0.5, 0.19).is_careless
    assert not RestCorrelation(20, -0.2, 0.20).is_careless
    assert not RestCorrelation(20, math.nan, math.nan).is_careless


def test_a_rater_who_stands_alone_has_nothing_to_correlate_with():
    told = rest_correlations(Ratings.of(item=[0, 1], rater=[2, 2], value=[1, 5]))

    assert [t.n for t in told] == [0, 0, 0]
    assert all(math.isnan(t.correlation) for t in told)
