"""Permutation tests and the false discovery rate, against published data."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.permutation import benjamini_hochberg, group_difference, sign_flip

# Darwin's maize, differences in eighths of an inch: Fisher (1935), section 21.
MAIZE = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48.0])
# Extra hours of sleep on two drugs: Student (1908), Cushny & Peebles' data.
SLEEP = np.concatenate(
    [
        [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
        [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
    ]
)
# Benjamini & Hochberg (1995), section 4.1: fifteen tests in a trial on thrombolysis.
THROMBOLYSIS = np.concatenate(
    [
        [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459],
        [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000],
    ]
)
P_VALUES = st.lists(st.floats(0.0, 1.0), max_size=20)


def test_darwins_maize_is_as_surprising_as_fisher_counted():
    told = sign_flip(MAIZE, rng=np.random.default_rng(1935), n_flips=49_999)

    # 863 of 32,768 arrangements are as high, and as many as low.
    assert told.p_value == pytest.approx(2 * 863 / 32_768, abs=0.003)
    assert told.estimate == pytest.approx(20.93, abs=0.005)
    # Student: t = 2.148, so that .05 just excludes zero.
    assert (told.low, told.high) == pytest.approx((0.03, 41.84), abs=0.02)


def test_the_interval_between_drugs_is_the_published_one():
    told = group_difference(
        SLEEP, np.arange(20) < 10, rng=np.random.default_rng(1908), n_permutations=9_999
    )

    # Welch's interval for these data: -3.365 to .205, with p = .079.
    assert (told.low, told.high) == pytest.approx((-3.3655, 0.2055), abs=1e-4)
    assert told.estimate == pytest.approx(-1.58)
    assert told.p_value == pytest.approx(0.081, abs=0.01)


def test_few_values_give_the_share_of_all_arrangements():
    values = np.array([1.0, 2.0, 4.0, 4.0, 7.0, 11.0, 12.0])
    inside = np.arange(7) >= 4

    observed = values[inside].mean() - values[~inside].mean()
    apart = [
        np.mean([values[k] for k in chosen])
        - np.mean([values[k] for k in range(7) if k not in chosen])
        for chosen in itertools.combinations(range(7), 3)
    ]
    exact = np.mean(np.abs(apart) >= observed - 1e-12)

    told = group_difference(values, inside, rng=np.random.default_rng(3))
    assert told.p_value == pytest.approx(exact, abs=0.015)


def test_chance_is_called_significant_as_often_as_stated():
    rng = np.random.default_rng(11)
    flips, groups = [], []
    for _ in range(400):
        values = rng.standard_t(3, size=30)
        flips.append(sign_flip(values, rng=rng, n_flips=199).p_value)
        told = group_difference(values, np.arange(30) < 15, rng=rng, n_permutations=199)
        groups.append(told.p_value)

    for p_values in (np.array(flips), np.array(groups)):
        assert np.mean(p_values <= 0.05) == pytest.approx(0.05, abs=0.033)


def test_one_seed_gives_one_answer():
    inside = np.arange(15) < 7
    one, other = (
        group_difference(MAIZE, inside, rng=np.random.default_rng(5)) for _ in range(2)
    )

    assert one == other


def test_a_single_value_has_no_interval_and_equal_values_a_narrow_one():
    rng = np.random.default_rng(0)

    alone = sign_flip(np.array([3.0]), rng=rng)
    assert math.isnan(alone.low)
    assert alone.p_value == 1.0
    single = group_difference(np.array([1.0, 2.0, 4.0]), np.arange(3) < 1, rng=rng)
    assert math.isnan(single.high)
    equal = group_difference(np.full(6, 2.0), np.arange(6) < 3, rng=rng)
    assert (equal.low, equal.estimate, equal.high, equal.p_value) == (0, 0, 0, 1)


def test_the_published_example_rejects_four_of_fifteen():
    q_values = benjamini_hochberg(THROMBOLYSIS)

    assert (q_values <= 0.05).sum() == 4
    assert q_values[3] == pytest.approx(0.0095 * 15 / 4)


@settings(deadline=None, max_examples=50)
@given(P_VALUES)
def test_q_values_reject_what_the_step_up_rule_rejects(p_values):
    p = np.array(p_values)
    q_values = benjamini_hochberg(p)

    assert (q_values >= p - 1e-12).all()
    for rate in (0.01, 0.05, 0.3):
        kept = [
            k for k in range(1, len(p) + 1) if np.sort(p)[k - 1] <= rate * k / len(p)
        ]
        limit = np.sort(p)[max(kept) - 1] if kept else -1.0
        # On the line itself rounding decides, for the rule as for the q-value.
        sure = np.abs(q_values - rate) > 1e-12
        assert ((q_values <= rate) == (p <= limit))[sure].all()


def test_what_was_not_tested_does_not_count():
    q_values = benjamini_hochberg(np.array([0.02, np.nan, 0.04]))

    assert q_values[[0, 2]].tolist() == pytest.approx([0.04, 0.04])
    assert math.isnan(q_values[1])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            lambda: sign_flip(np.zeros(0), rng=np.random.default_rng(0)),
            "no rater has a value",
        ),
        (
            lambda: group_difference(
                np.zeros(3), np.ones(3, dtype=bool), rng=np.random.default_rng(0)
            ),
            "3 of 3 are in the group",
        ),
        (lambda: benjamini_hochberg(np.array([1.5])), "not between 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
