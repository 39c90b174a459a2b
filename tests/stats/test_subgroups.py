"""Subgroups: what is there is found, and what is not there is not."""

import math

import numpy as np
import pytest

from feedback.stats.ratings import Ratings
from feedback.stats.subgroups import case_subgroups, rater_subgroups, severity

GROUPS = 40  # simulated studies for each rate below


def study(rng, *, n_raters=40, n_items=120, overlap=6, lean=None, shift=None):
    """Ratings on 1 to 5 by raters of differing severity, items of differing worth.

    `lean` is added to every rating of a rater, `shift` to every rating of an item.
    """
    worth = rng.normal(3.0, 0.8, n_items) + (0 if shift is None else shift)
    severities = rng.normal(0.0, 0.5, n_raters) + (0 if lean is None else lean)
    item = np.repeat(np.arange(n_items), overlap)
    rater = np.concatenate(
        [rng.choice(n_raters, overlap, replace=False) for _ in range(n_items)]
    )
    noise = rng.normal(0.0, 0.6, len(item))
    value = np.clip(np.round(worth[item] + severities[rater] + noise), 1, 5)
    return Ratings.of(item=item, rater=rater, value=value)


def halves(rng, n):
    return np.where(rng.permutation(n) < n // 2, "a", "b").tolist()


def naive_p(values, inside):
    """The t-test over ratings that the module warns of, by its normal limit."""
    one, other = values[inside], values[~inside]
    error = math.sqrt(one.var() / len(one) + other.var() / len(other))
    return math.erfc(abs(one.mean() - other.mean()) / error / math.sqrt(2))


def test_severity_is_the_mean_above_the_others():
    ratings = Ratings.of(
        item=[0, 0, 0, 1, 1, 2], rater=[0, 1, 2, 0, 1, 3], value=[1, 3, 5, 2, 3, 4]
    )

    told = severity(ratings)

    assert told[:3].tolist() == pytest.approx([(-3 - 1) / 2, (0 + 1) / 2, 3])
    assert math.isnan(told[3])


def test_a_group_that_rates_higher_is_found_with_its_interval():
    rng = np.random.default_rng(21)
    found = covered = 0
    for _ in range(GROUPS):
        labels = halves(rng, 40)
        lean = np.where(np.array(labels) == "a", 0.6, 0.0)
        told = rater_subgroups(
            severity(study(rng, lean=lean)), {"age": labels}, rng=rng
        )
        assert [(t.group, t.n_inside, t.n_outside) for t in told] == [
            ("a", 20, 20),
            ("b", 20, 20),
        ]
        found += told[0].q_value < 0.05 and told[0].difference > 0
        covered += told[0].low <= 0.6 <= told[0].high

    assert found >= 0.85 * GROUPS
    assert covered >= 0.85 * GROUPS


def test_random_groups_of_raters_differ_no_more_often_than_stated():
    rng = np.random.default_rng(22)
    right, naive = [], []
    for _ in range(3 * GROUPS):
        ratings, labels = study(rng), halves(rng, 40)
        (told, _) = rater_subgroups(severity(ratings), {"x": labels}, rng=rng)
        right.append(told.p_value <= 0.05)
        inside = np.array(labels)[ratings.rater] == "a"
        naive.append(naive_p(ratings.value, inside) <= 0.05)

    assert np.mean(right) <= 0.10  # 120 studies at .05: three errors above
    assert np.mean(naive) >= 0.25  # why nobody should test ratings


def test_random_groups_of_cases_differ_no_more_often_than_stated():
    rng = np.random.default_rng(23)
    right = []
    for _ in range(2 * GROUPS):
        told = case_subgroups(study(rng), {"sex": halves(rng, 120)}, rng=rng)
        right.append(told[0].p_value <= 0.05)

    assert np.mean(right) <= 0.125  # 80 studies at .05: three errors above


def test_cases_rated_lower_are_found():
    rng = np.random.default_rng(24)
    found = covered = 0
    for _ in range(GROUPS):
        labels = halves(rng, 120)
        shift = np.where(np.array(labels) == "a", -0.7, 0.0)
        told = case_subgroups(study(rng, shift=shift), {"sex": labels}, rng=rng)
        found += told[0].q_value < 0.05 and told[0].difference < 0
        covered += told[0].low <= -0.7 <= told[0].high

    assert found >= 0.85 * GROUPS
    # Rounding and the ends of the scale draw the difference a little to zero.
    assert covered >= 0.80 * GROUPS


def test_fourteen_raters_are_listed_and_not_tested():
    labels = {"age": ["old"] * 14 + ["young"] * 15 + ["", ""]}
    severities = np.append(np.linspace(-1, 1, 30), np.nan)

    told = rater_subgroups(severities, labels, rng=np.random.default_rng(0))

    assert [(t.group, t.n_inside, t.n_outside) for t in told] == [
        ("old", 14, 15),
        ("young", 15, 14),
    ]
    assert not any(t.is_tested for t in told)
    assert math.isnan(told[0].q_value)


def test_q_values_count_every_group_of_the_call():
    rng = np.random.default_rng(25)
    severities = np.concatenate([np.linspace(0, 1, 20), np.linspace(2, 3, 20)])
    noise = {f"random {k}": halves(rng, 40) for k in range(4)}
    labels = {"age": ["a"] * 20 + ["b"] * 20} | noise

    told = rater_subgroups(severities, labels, rng=rng)

    assert [t.attribute for t in told[:2]] == ["age", "age"]
    assert told[0].p_value == pytest.approx(1 / 5000)
    # Both ages share the smallest p-value: rank two of ten.
    assert told[0].q_value == pytest.approx(10 / 2 / 5000)


def test_few_cases_or_few_raters_are_listed_and_not_tested():
    rng = np.random.default_rng(26)
    few_cases = case_subgroups(
        study(rng),
        {"language": ["fr"] * 14 + ["en"] * 100 + [""] * 6},
        rng=rng,
    )
    few_raters = case_subgroups(
        study(rng, n_raters=8), {"sex": halves(rng, 120)}, rng=rng
    )

    assert [(t.group, t.n_inside, t.n_outside) for t in few_cases] == [
        ("en", 100, 14),
        ("fr", 14, 100),
    ]
    assert not any(t.is_tested for t in few_cases)
    assert few_raters[0].n_raters == 8
    assert not few_raters[0].is_tested


def test_one_text_for_each_number_is_needed():
    with pytest.raises(ValueError, match="age has 1 texts for 2 numbers"):
        rater_subgroups(np.zeros(2), {"age": ["old"]}, rng=np.random.default_rng(0))
