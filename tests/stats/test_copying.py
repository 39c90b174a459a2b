"""Coincidence beyond agreement: who copies is found, who agrees is not."""

import numpy as np
import pytest

from feedback.stats.copying import Coincidence, copying
from feedback.stats.ratings import Ratings


def panel(rng, *, n_items, n_raters, copied=0.0, n_values=5, noise=(0.5, 0.9)):
    """Everybody rates everything; the last copies a share of the first's answers."""
    worth = rng.normal((n_values + 1) / 2, n_values / 5, n_items)
    error = rng.normal(size=(n_items, n_raters)) * rng.uniform(*noise, n_raters)
    table = np.clip(np.round(worth[:, None] + error), 1, n_values)
    seen = rng.random(n_items) < copied
    table[seen, -1] = table[seen, 0]
    item, rater = np.indices(table.shape)
    return Ratings.of(item=item.ravel(), rater=rater.ravel(), value=table.ravel())


def found(ratings):
    return {(c.rater, c.other) for c in copying(ratings).suspicious}


@pytest.mark.parametrize(
    ("n_raters", "n_items", "copied", "n_values"),
    [(3, 40, 1.0, 5), (6, 100, 0.5, 5), (12, 40, 1.0, 5), (6, 300, 0.8, 2)],
)
def test_who_copies_is_found_and_nobody_else(n_raters, n_items, copied, n_values):
    rng = np.random.default_rng(41)
    noise = (0.5, 0.9) if n_values > 2 else (0.15, 0.3)
    told = [
        found(
            panel(
                rng,
                n_items=n_items,
                n_raters=n_raters,
                copied=copied,
                n_values=n_values,
                noise=noise,
            )
        )
        for _ in range(20)
    ]

    assert sum((0, n_raters - 1) in pairs for pairs in told) >= 18
    assert sum(len(pairs - {(0, n_raters - 1)}) for pairs in told) <= 1


@pytest.mark.parametrize("n_raters", [3, 6, 12])
def test_who_agrees_is_not_found(n_raters):
    rng = np.random.default_rng(42)

    told = [found(panel(rng, n_items=100, n_raters=n_raters)) for _ in range(40)]

    assert sum(bool(pairs) for pairs in told) <= 3  # of 40, at 1 in 33: two above


@pytest.mark.parametrize(("n_raters", "most"), [(3, 10), (6, 3)])
def test_on_yes_or_no_few_raters_are_suspected_more_often(n_raters, most):
    rng = np.random.default_rng(47)

    told = [
        found(panel(rng, n_items=300, n_raters=n_raters, n_values=2, noise=(0.15, 0.3)))
        for _ in range(60)
    ]

    # Of 60: at 1 in 10 and 1 in 33, plus four and one.
    assert sum(bool(pairs) for pairs in told) <= most


def test_good_raters_of_clear_items_are_not_found():
    rng = np.random.default_rng(43)

    told = [
        found(panel(rng, n_items=80, n_raters=5, noise=(0.1, 0.2))) for _ in range(20)
    ]

    assert sum(bool(pairs) for pairs in told) <= 1


def test_a_find_says_what_was_counted():
    rng = np.random.default_rng(44)
    ratings = panel(rng, n_items=60, n_raters=5, copied=1.0)

    told = copying(ratings)

    assert told.n_pairs == 10
    (pair,) = told.suspicious
    assert (pair.n_shared, pair.n_same) == (60, 60)
    assert pair.expected_same < 40
    assert pair.copied == pytest.approx(1.0)
    assert told.with_rater(0) == told.with_rater(4) == (pair,)
    assert told.with_rater(1) == ()


def test_numbers_of_items_and_order_of_rows_do_not_matter():
    rng = np.random.default_rng(45)
    ratings = panel(rng, n_items=60, n_raters=5, copied=0.9)
    rows = rng.permutation(300)
    renamed = rng.permutation(60)

    shuffled = Ratings(
        renamed[ratings.item[rows]], ratings.rater[rows], ratings.value[rows]
    )

    (one,), (other,) = copying(ratings).suspicious, copying(shuffled).suspicious
    assert (one.rater, one.other, one.n_same) == (
        other.rater,
        other.other,
        other.n_same,
    )
    assert one.expected_same == pytest.approx(other.expected_same)


def test_nineteen_shared_items_are_too_few():
    rng = np.random.default_rng(46)

    assert copying(panel(rng, n_items=19, n_raters=4, copied=1.0)).n_pairs == 0
    assert copying(panel(rng, n_items=20, n_raters=4, copied=1.0)).n_pairs == 6


def test_without_pairs_there_is_nothing_to_find():
    assert copying(Ratings.of(item=[], rater=[], value=[])).n_pairs == 0
    alone = copying(Ratings.of(item=[0, 1], rater=[0, 0], value=[1, 2]))
    assert (alone.n_pairs, alone.suspicious) == (0, ())


def test_where_everything_is_equal_nobody_copied():
    item, rater = (axis.ravel() for axis in np.indices((40, 3)))

    told = copying(Ratings.of(item=item, rater=rater, value=np.ones(120)))

    assert (told.n_pairs, told.suspicious) == (3, ())
    nothing_free = Coincidence(0, 1, 40, 40, expected_same=40.0, p_value=0.0)
    assert nothing_free.copied == 0.0
    assert not nothing_free.is_suspicious
