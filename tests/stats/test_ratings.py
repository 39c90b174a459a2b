"""Three columns that fit together, or a refusal that says why not."""

import numpy as np
import pytest

from feedback.stats.ratings import Ratings


def test_ratings_count_their_items_and_raters_and_sum_over_raters():
    ratings = Ratings.of(item=[0, 4, 4], rater=[1, 1, 2], value=[3, 4, 5])

    assert (ratings.n_items, ratings.n_raters) == (5, 3)
    assert ratings.per_rater(ratings.value).tolist() == [0.0, 7.0, 5.0]
    some = ratings.only(np.array([2]))
    assert (some.item.tolist(), some.rater.tolist(), some.value.tolist()) == (
        [4],
        [2],
        [5.0],
    )


def test_no_ratings_are_ratings():
    none = Ratings.of(item=[], rater=[], value=[])

    assert (none.n_items, none.n_raters) == (0, 0)
    assert len(none.per_rater(none.value)) == 0


@pytest.mark.parametrize(
    ("item", "rater", "value", "says"),
    [
        ([0, 1], [0], [1.0], "not three alike"),
        ([[0]], [[0]], [[1.0]], "not three alike"),
        ([0, -1], [0, 0], [1, 1], "one is negative"),
        ([0], [-1], [1], "one is negative"),
        ([0], [0], [float("nan")], "not a finite number"),
        ([3, 3], [2, 2], [1, 2], "rated an item twice"),
    ],
)
def test_columns_that_do_not_fit_are_refused(item, rater, value, says):
    with pytest.raises(ValueError, match=says):
        Ratings.of(item=item, rater=rater, value=value)
