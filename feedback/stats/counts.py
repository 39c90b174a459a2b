"""Ratings as a table of counts, and the few patterns such a table is made of."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feedback.stats.arrays import IntArray

Codes = npt.NDArray[np.integer]

_LARGEST_CODE = 2**62


@dataclass(frozen=True)
class Patterns:
    """The different rows of a table of counts, and how many items share each.

    A million ratings on a scale of five make a few hundred patterns; whatever is a
    sum over items is the same sum over patterns, weighted.
    """

    rows: IntArray
    """Shape (n_patterns, n_values)."""
    n_items: IntArray
    """Shape (n_patterns,); at least 1 each."""

    def with_ratings(self, at_least: int) -> "Patterns":
        """Only the items that have so many ratings."""
        keep = self.rows.sum(axis=1) >= at_least
        return Patterns(rows=self.rows[keep], n_items=self.n_items[keep])


def count_ratings(
    items: Codes, values: Codes, *, n_items: int, n_values: int
) -> IntArray:
    """How many ratings of each value each item has.

    Args:
        items: shape (n_ratings,); codes 0 to `n_items` - 1.
        values: shape (n_ratings,); codes 0 to `n_values` - 1.
        n_items: rows of the table; items without a rating become rows of zeros.
        n_values: columns of the table; all values of the scale, used or not.

    Returns:
        Shape (n_items, n_values).

    Raises:
        ValueError: if the arrays differ in shape or a code is outside its range.
    """
    if items.ndim != 1 or items.shape != values.shape:
        raise ValueError(
            f"items of shape {items.shape} do not fit values of shape {values.shape}"
        )
    check_codes("item", items, n_items)
    check_codes("value", values, n_values)
    cells = items.astype(np.int64)
    cells *= n_values
    cells += values
    table = np.bincount(cells, minlength=n_items * n_values)
    return table.reshape(n_items, n_values)


def merge_patterns(counts: IntArray) -> Patterns:
    """Merge items whose counts are identical; items without ratings are left out.

    Args:
        counts: shape (n_items, n_values).

    Returns:
        The patterns, in an order that does not depend on the order of the items.

    Raises:
        ValueError: if the table is not two-dimensional or a count is negative.
    """
    if counts.ndim != 2:  # noqa: PLR2004 - items by values
        raise ValueError(f"counts of shape {counts.shape} are not a table")
    if counts.size == 0:
        empty = np.zeros((0, counts.shape[1]), dtype=np.int64)
        return Patterns(rows=empty, n_items=np.zeros(0, dtype=np.int64))
    if counts.min() < 0:
        raise ValueError(f"a count of {counts.min()} is negative")
    codes, n_codes = row_codes(counts)
    if n_codes > 4 * len(codes):
        found, codes = np.unique(codes, return_inverse=True)
        n_codes = len(found)
    n_items = np.bincount(codes, minlength=n_codes)
    # Any item of a pattern can stand for it: their rows are the same.
    example = np.zeros(n_codes, dtype=np.int64)
    example[codes] = np.arange(len(codes))
    occurs = np.flatnonzero(n_items)
    rows = counts[example[occurs]].astype(np.int64)
    merged = Patterns(rows=rows, n_items=n_items[occurs].astype(np.int64))
    return merged.with_ratings(1)


def row_codes(table: Codes) -> tuple[IntArray, int]:
    """One number per row, equal where the rows are equal.

    Args:
        table: shape (n_rows, n_columns); at least one row, no number negative.

    Returns:
        Shape (n_rows,), and the number that all of them are below.
    """
    codes = np.zeros(len(table), dtype=np.int64)
    n_codes = 1
    for column in table.T:
        base = int(column.max()) + 1
        if n_codes > _LARGEST_CODE // base:
            found, codes = np.unique(codes, return_inverse=True)
            n_codes = len(found)
        codes *= base
        codes += column
        n_codes *= base
    return codes, n_codes


def equal_neighbors(ordered: Codes) -> Iterator[tuple[IntArray, IntArray]]:
    """Places of each two equal numbers of a sorted array, once each.

    Args:
        ordered: shape (n,); equal numbers stand together.

    Yields:
        Lower and higher places: those one apart, two apart, until there are none.
    """
    place = np.arange(len(ordered))
    for apart in range(1, len(ordered)):
        place = place[place + apart < len(ordered)]
        place = place[ordered[place] == ordered[place + apart]]
        if not place.size:
            return
        yield place, place + apart


def check_codes(name: str, codes: Codes, n_codes: int) -> None:
    """Refuse codes outside 0 to `n_codes` - 1.

    Raises:
        ValueError: naming the codes found and those allowed.
    """
    if codes.size and not (codes.min() >= 0 and codes.max() < n_codes):
        raise ValueError(
            f"{name} codes run from {codes.min()} to {codes.max()}; "
            f"allowed are 0 to {n_codes - 1}"
        )
