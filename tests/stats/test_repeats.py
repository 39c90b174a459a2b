"""A rater against themselves."""

import math

import numpy as np
import pytest

from feedback.stats.repeats import flip_rate, self_agreement


def test_alpha_is_that_of_krippendorffs_two_observers():
    # Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section A.
    before = np.array([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], dtype=float)
    after = np.array([1, 1, 1, 0, 0, 1, 0, 0, 0, 0], dtype=float)

    told = self_agreement(before=before, after=after, level="nominal")

    assert round(told.alpha, 3) == 0.095
    assert (told.same.n_so, told.same.n) == (6, 10)


def test_the_same_again_is_one_and_without_variation_undefined():
    ratings = np.array([1.0, 3.0, 5.0])

    assert self_agreement(before=ratings, after=ratings, level="ordinal").alpha == 1.0
    always = np.full(4, 2.0)
    told = self_agreement(before=always, after=always, level="ordinal")
    assert math.isnan(told.alpha)
    assert told.same.share == 1.0


def test_no_repeated_items_say_nothing():
    none = np.zeros(0)

    told = self_agreement(before=none, after=none, level="interval")

    assert math.isnan(told.alpha)
    assert told.same.n == 0


def test_flips_count_where_both_times_were_decided():
    before = np.array([0, 0, 2, 1, 2])
    after = np.array([0, 2, 0, 0, 1])

    told = flip_rate(before=before, after=after)

    assert (told.n_so, told.n) == (2, 3)


def test_who_always_takes_the_left_flips_always():
    # The first completion stood left, then right.
    told = flip_rate(before=np.zeros(30, dtype=int), after=np.full(30, 2))

    assert told.share == 1.0
    assert told.low > 0.88


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            lambda: self_agreement(
                before=np.zeros(2), after=np.zeros(3), level="nominal"
            ),
            "not of the same items",
        ),
        (
            lambda: flip_rate(before=np.zeros((1, 1)), after=np.zeros((1, 1))),
            "not of the same items",
        ),
        (lambda: flip_rate(before=np.array([3]), after=np.array([0])), "neither 0"),
    ],
)
def test_what_does_not_fit_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
