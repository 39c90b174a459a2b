"""One value throughout: suspicious only where the items differ."""

import math

import numpy as np
import pytest

from feedback.stats.ratings import Ratings
from feedback.stats.straight_lines import straight_lines


def crowd(table):
    """Ratings from one row for each rater."""
    table = np.asarray(table, dtype=float)
    rater, item = np.indices(table.shape)
    return Ratings.of(item=item.ravel(), rater=rater.ravel(), value=table.ravel())


def test_one_value_where_others_vary_is_flagged():
    varied = np.tile([1, 2, 3, 4, 5], 4)

    told = straight_lines(crowd([varied, varied, varied, np.full(20, 3)]))

    assert [line.is_constant for line in told] == [False, False, False, True]
    assert told[3].value == 3.0
    assert told[3].p_value < 1e-9
    assert math.isnan(told[0].value)
    assert math.isnan(told[0].p_value)


def test_one_value_where_all_agree_is_honest():
    told = straight_lines(crowd(np.zeros((4, 30))))

    assert not any(line.is_constant for line in told)
    assert told[0].p_value == pytest.approx(1.0)


def test_nineteen_ratings_are_too_few():
    varied = np.tile([1, 2, 3, 4, 5], 4)[:19]

    told = straight_lines(crowd([varied, varied, np.full(19, 3)]))

    assert told[2].p_value < 1e-6
    assert not told[2].is_constant


def test_the_chance_is_the_product_over_items():
    # Two items, three raters; a third of all ratings are 2. The last rater's 1s meet
    # others who said 1 and 2, then 1 and 1: (1 + 2/3) / 3 times (2 + 2/3) / 3.
    told = straight_lines(crowd([[1, 1], [2, 1], [1, 1]]))

    share = 5 / 6
    assert told[2].p_value == pytest.approx((1 + share) / 3 * (2 + share) / 3)


def test_rare_harm_does_not_make_honest_raters_suspects():
    rng = np.random.default_rng(4)
    flagged = 0
    for _ in range(100):
        harmful = rng.random(60) < 0.03
        seen = harmful[None, :] & (rng.random((5, 60)) < 0.8)
        flagged += sum(line.is_constant for line in straight_lines(crowd(seen)))

    assert flagged <= 2  # of 500


def test_a_number_without_ratings_is_no_line():
    told = straight_lines(Ratings.of(item=[0], rater=[1], value=[2]))

    assert [line.n for line in told] == [0, 1]
    assert math.isnan(told[0].value)
    assert straight_lines(Ratings.of(item=[], rater=[], value=[])) == ()
