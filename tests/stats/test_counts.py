import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.counts import (
    count_ratings,
    equal_neighbors,
    merge_patterns,
    row_codes,
)


def test_ratings_are_counted_by_item_and_value():
    items = np.array([2, 0, 2, 2], dtype=np.int32)
    values = np.array([1, 0, 1, 0], dtype=np.int8)

    counts = count_ratings(items, values, n_items=4, n_values=2)

    assert counts.tolist() == [[1, 0], [0, 0], [1, 2], [0, 0]]
    assert counts.dtype == np.int64


def test_no_ratings_are_a_table_of_zeros():
    none = np.array([], dtype=np.int64)

    assert count_ratings(none, none, n_items=2, n_values=3).tolist() == [[0] * 3] * 2


@pytest.mark.parametrize(
    ("items", "values", "message"),
    [
        ([0, 1], [0], "do not fit values"),
        ([[0]], [[0]], "do not fit values"),
        ([0, 3], [0, 0], "item codes run from 0 to 3; allowed are 0 to 2"),
        ([-1, 0], [0, 0], "item codes run from -1 to 0"),
        ([0, 1], [0, 5], "value codes run from 0 to 5; allowed are 0 to 4"),
    ],
)
def test_codes_outside_the_table_are_refused(items, values, message):
    with pytest.raises(ValueError, match=message):
        count_ratings(np.array(items), np.array(values), n_items=3, n_values=5)


tables = st.integers(1, 6).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 3), min_size=width, max_size=width),
        min_size=1,
        max_size=20,
    )
)


@settings(deadline=None)
@given(rows=tables)
def test_patterns_stand_for_the_items_they_came_from(rows):
    patterns = merge_patterns(np.array(rows))

    expanded = np.repeat(patterns.rows, patterns.n_items, axis=0).tolist()
    assert sorted(expanded) == sorted(row for row in rows if any(row))
    assert len({tuple(row) for row in patterns.rows.tolist()}) == len(patterns.rows)


@settings(deadline=None)
@given(rows=tables)
def test_patterns_do_not_depend_on_the_order_of_items(rows):
    one, other = merge_patterns(np.array(rows)), merge_patterns(np.array(rows[::-1]))

    assert one.rows.tolist() == other.rows.tolist()
    assert one.n_items.tolist() == other.n_items.tolist()


def test_rows_too_wide_for_one_number_are_still_told_apart():
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 2, (40, 300))
    rows = np.concatenate([rows, rows[:5]])

    codes, n_codes = row_codes(rows)

    assert len(set(codes.tolist())) == 40
    assert codes[:5].tolist() == codes[40:].tolist()
    assert 0 <= codes.min() <= codes.max() < n_codes
    assert merge_patterns(rows).n_items.sum() == 45
    assert len(merge_patterns(rows).rows) == 40


def test_an_empty_table_has_no_patterns():
    patterns = merge_patterns(np.zeros((0, 3), dtype=np.int64))

    assert patterns.rows.shape == (0, 3)
    assert patterns.n_items.shape == (0,)


def test_tables_that_are_none_are_refused():
    with pytest.raises(ValueError, match="not a table"):
        merge_patterns(np.array([1, 2]))
    with pytest.raises(ValueError, match="a count of -1 is negative"):
        merge_patterns(np.array([[1, -1]]))


@pytest.mark.parametrize("numbers", [[], [4], [1, 2], [1, 1, 1], [1, 1, 2, 3, 3, 3]])
def test_neighbors_are_all_pairs_of_equal_numbers(numbers):
    found = {
        (int(a), int(b))
        for left, right in equal_neighbors(np.array(numbers))
        for a, b in zip(left, right, strict=True)
    }

    places = range(len(numbers))
    assert found == {
        (a, b) for a in places for b in places if a < b and numbers[a] == numbers[b]
    }
