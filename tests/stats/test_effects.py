"""Length and order effects: recovered, covered, and absent when absent."""

import math

import numpy as np
import pytest

from feedback.stats.effects import length_effect, order_effect
from feedback.stats.ratings import Ratings


def votes(rng, *, length=0.0, side=0.0, spread=0.0, n_raters=25, each=40, models=None):
    """Votes of raters whose taste for length varies by `spread` around `length`."""
    n = n_raters * each
    rater = np.repeat(np.arange(n_raters), each)
    taste = rng.normal(length, spread, n_raters)
    left_model = right_model = np.zeros(n, dtype=int)
    strengths = np.zeros(1) if models is None else np.array(models)
    if models is not None:
        left_model = rng.integers(0, len(models), n)
        right_model = (left_model + rng.integers(1, len(models), n)) % len(models)
    # Stronger models write more: length is confounded with the model.
    left_length = np.exp(rng.normal(5.0, 0.5, n) + strengths[left_model])
    right_length = np.exp(rng.normal(5.0, 0.5, n) + strengths[right_model])
    log_odds = (
        side
        + taste[rater] * np.log(left_length / right_length)
        + strengths[left_model]
        - strengths[right_model]
    )
    left_won = rng.random(n) < 1 / (1 + np.exp(-log_odds))
    return {
        "left_won": left_won,
        "left_length": left_length,
        "right_length": right_length,
        "rater": rater,
    }, {"left_model": left_model, "right_model": right_model}


def test_length_and_side_are_recovered_and_covered():
    rng = np.random.default_rng(31)
    covered = []
    for _ in range(150):
        told = length_effect(**votes(rng, length=0.4, side=0.16, spread=0.8)[0])
        covered.append(told.length.low <= 0.4 <= told.length.high)
    # A spread of tastes draws the average coefficient to zero by some hundredths.
    assert np.mean(covered) >= 0.87

    told = length_effect(**votes(rng, length=0.4, side=0.16, n_raters=200)[0])
    assert (told.n_votes, told.n_raters) == (8000, 200)
    assert told.length.estimate == pytest.approx(0.4, abs=4 * told.length.error)
    assert told.side.estimate == pytest.approx(0.16, abs=4 * told.side.error)
    assert told.length.error < 0.05


def test_raters_who_differ_widen_the_interval():
    rng = np.random.default_rng(32)
    arrays, _ = votes(rng, spread=1.5, each=100)

    clustered = length_effect(**arrays).length.error
    # The same votes, as if each had its own rater.
    naive = length_effect(**arrays | {"rater": np.arange(2500)}).length.error

    assert clustered > 2 * naive


def test_what_models_explain_is_not_blamed_on_length():
    rng = np.random.default_rng(33)
    arrays, models = votes(rng, models=[-0.8, -0.3, 0.3, 0.8], n_raters=60)

    raw = length_effect(**arrays)
    told = length_effect(**arrays, **models)

    assert raw.length.low > 0.2
    assert raw.longer_won.low > 0.55
    assert told.length.low < 0.0 < told.length.high


def test_equal_lengths_are_nobodys_win():
    told = length_effect(
        left_won=np.array([True, False, True, False]),
        left_length=np.array([10.0, 20.0, 30.0, 8.0]),
        right_length=np.array([10.0, 10.0, 10.0, 16.0]),
        rater=np.array([0, 0, 1, 1]),
    )

    assert (told.longer_won.n_so, told.longer_won.n) == (2, 3)


def test_one_rater_has_an_estimate_and_no_error():
    rng = np.random.default_rng(34)

    told = length_effect(**votes(rng, length=2.0, n_raters=1, each=300)[0])

    assert told.length.estimate > 1.0
    assert math.isnan(told.length.error)
    assert math.isnan(told.side.low)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"left_length": np.zeros(40)}, "no length"),
        ({"left_model": np.zeros(40, dtype=int)}, "one side only"),
        ({"left_won": np.ones(3, dtype=bool)}, "do not fit a design"),
    ],
)
def test_what_does_not_fit_is_refused(change, says):
    arrays, _ = votes(np.random.default_rng(0), n_raters=1)

    with pytest.raises(ValueError, match=says):
        length_effect(**arrays | change)


def shifts(rng, *, per_hundred, n_raters=20, n_items=200, overlap=8):
    """Ratings in a random order for each rater, changing as the rater goes on."""
    worth = rng.normal(3.0, 1.0, n_items)
    item = np.repeat(np.arange(n_items), overlap)
    rater = np.concatenate(
        [rng.choice(n_raters, overlap, replace=False) for _ in range(n_items)]
    )
    position = np.zeros(len(item), dtype=int)
    for one in range(n_raters):
        rows = np.flatnonzero(rater == one)
        position[rows] = rng.permutation(len(rows))
    value = worth[item] + per_hundred * position / 100
    return Ratings.of(
        item=item, rater=rater, value=value + rng.normal(0, 0.6, len(item))
    ), position


def test_raters_who_grow_stricter_are_seen():
    rng = np.random.default_rng(35)
    found = 0
    for _ in range(20):
        told = order_effect(*shifts(rng, per_hundred=-0.8), rng=rng)
        found += told.change.p_value < 0.05 and told.change.estimate < 0
        assert told.n_raters == 20
    assert found >= 17


def test_raters_who_do_not_change_are_left_alone():
    rng = np.random.default_rng(36)
    p_values = [
        order_effect(*shifts(rng, per_hundred=0.0), rng=rng).change.p_value
        for _ in range(80)
    ]

    assert np.mean(np.array(p_values) <= 0.05) <= 0.125  # three errors above .05


def test_the_slope_is_that_of_a_line_through_the_ratings():
    ratings, position = shifts(
        np.random.default_rng(37), per_hundred=1.0, n_raters=9, n_items=30
    )
    slopes = []
    for one in range(9):
        away = [
            v - np.mean(ratings.value[(ratings.item == i) & (ratings.rater != one)])
            for i, v in zip(
                ratings.item[ratings.rater == one],
                ratings.value[ratings.rater == one],
                strict=True,
            )
        ]
        slopes.append(100 * np.polyfit(position[ratings.rater == one], away, 1)[0])

    told = order_effect(ratings, position, rng=np.random.default_rng(0))

    assert told.change.estimate == pytest.approx(np.mean(slopes))


def test_too_few_ratings_have_no_slope():
    ratings = Ratings.of(item=[0, 0, 1], rater=[0, 1, 0], value=[1, 2, 3])
    rng = np.random.default_rng(0)

    told = order_effect(ratings, np.array([0, 0, 1]), rng=rng)

    assert told.n_raters == 0
    assert math.isnan(told.change.estimate)
    with pytest.raises(ValueError, match="positions do not fit"):
        order_effect(ratings, np.array([0]), rng=rng)
