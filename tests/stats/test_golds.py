"""Gold accuracy, against Gelman's example and the project's own table."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.golds import gold_accuracy, golds_needed


def test_the_published_posterior_of_placenta_previa():
    # Gelman et al., "Bayesian Data Analysis", section 2.4: 437 girls in 980 births.
    told = gold_accuracy(n_right=437, n=980)

    assert (round(told.mean, 3), round(told.low, 3), round(told.high, 3)) == (
        0.446,
        0.415,
        0.477,
    )


def test_nothing_is_known_without_golds():
    told = gold_accuracy(n_right=0, n=0)

    assert told.mean == 0.5
    assert (told.low, told.high) == pytest.approx((0.025, 0.975))
    assert told.probability_above(0.7) == pytest.approx(0.3)
    assert not told.is_doubtful


@pytest.mark.parametrize(
    ("above", "golds"),
    [(0.7, (8, 13, 18)), (0.8, (13, 21, 29)), (0.9, (28, 45, 60))],
)
def test_golds_needed_are_those_of_the_projects_table(above, golds):
    told = tuple(golds_needed(above=above, n_wrong=wrong) for wrong in range(3))

    assert told == golds


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 60), st.integers(0, 60))
def test_a_right_answer_raises_and_a_wrong_one_lowers(n_right, n_wrong):
    n = n_right + n_wrong
    before = gold_accuracy(n_right=n_right, n=n)
    right = gold_accuracy(n_right=n_right + 1, n=n + 1)
    wrong = gold_accuracy(n_right=n_right, n=n + 1)

    assert wrong.mean < before.mean < right.mean
    assert before.low < before.mean < before.high
    assert wrong.probability_above(0.7) < right.probability_above(0.7)


def test_half_right_is_doubtful_once_there_are_enough():
    assert not gold_accuracy(n_right=3, n=6).is_doubtful
    assert gold_accuracy(n_right=10, n=20).is_doubtful
    assert not gold_accuracy(n_right=14, n=20).is_doubtful


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: gold_accuracy(n_right=3, n=2), "3 right of 2"),
        (lambda: golds_needed(above=1.0, n_wrong=0), "above 1.0"),
        (lambda: golds_needed(above=0.5, n_wrong=0, surely=1.0), "surely 1.0"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
