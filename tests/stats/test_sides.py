"""Left-choice rate."""

import numpy as np
import pytest

from feedback.stats.sides import FALSE_ALARMS, left_choice


def test_always_left_is_flagged_from_twenty_votes_on():
    assert left_choice(n_left=20, n_decisive=20).is_biased
    assert not left_choice(n_left=19, n_decisive=19).is_biased


def test_the_edge_is_where_binomial_tables_put_it():
    # Binomial table, n = 20, p = .5: P(X <= 2) = .0002, P(X <= 3) = .0013.
    assert left_choice(n_left=2, n_decisive=20).is_biased
    assert not left_choice(n_left=3, n_decisive=20).is_biased
    told = left_choice(n_left=17, n_decisive=20)
    assert told.p_value == pytest.approx(2 * 0.0013, abs=1e-4)
    assert told.left.share == 0.85


def test_honest_raters_are_flagged_no_more_often_than_stated():
    rng = np.random.default_rng(7)
    for n in (20, 57, 300):
        lefts = rng.binomial(n, 0.5, size=4000)
        rate = np.mean(
            [left_choice(n_left=int(k), n_decisive=n).is_biased for k in lefts]
        )
        assert rate <= FALSE_ALARMS + 3 * np.sqrt(FALSE_ALARMS / 4000)


def test_no_vote_is_no_bias():
    assert not left_choice(n_left=0, n_decisive=0).is_biased
