"""Ratings as three columns: the shape in which many raters on many items stay small."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from feedback.stats.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Ratings:
    """Who gave what to which item, one row a rating, one criterion at a time.

    Items and raters are numbered from 0 by the caller, who keeps their names.

    Attributes:
        item: shape (n_ratings,); number of the item.
        rater: shape (n_ratings,); number of the rater.
        value: shape (n_ratings,); the rating on its scale.
    """

    item: IntArray
    rater: IntArray
    value: FloatArray

    def __post_init__(self) -> None:
        shapes = {self.item.shape, self.rater.shape, self.value.shape}
        if len(shapes) != 1 or self.item.ndim != 1:
            raise ValueError(f"columns of shapes {sorted(shapes)} are not three alike")
        if not len(self.item):
            return
        if min(self.item.min(), self.rater.min()) < 0:
            raise ValueError("items and raters are numbered from 0; one is negative")
        if not np.isfinite(self.value).all():
            raise ValueError("a rating is not a finite number: leave its row out")
        cell = self.item * self.n_raters + self.rater
        if len(np.unique(cell)) < len(cell):
            raise ValueError(
                "a rater rated an item twice: keep the first rating, and give the "
                "repeated ones to feedback.stats.repeats"
            )

    @classmethod
    def of(cls, *, item: object, rater: object, value: object) -> Self:
        """Ratings from any three sequences of numbers.

        Args:
            item: number of the item of each rating.
            rater: number of its rater.
            value: the rating.

        Returns:
            The ratings.

        Raises:
            ValueError: as the class does.

        Source:
            None: it converts.
        """
        return cls(
            np.asarray(item, dtype=np.int64),
            np.asarray(rater, dtype=np.int64),
            np.asarray(value, dtype=np.float64),
        )

    @property
    def n_items(self) -> int:
        """One more than the highest number of an item."""
        return int(self.item.max()) + 1 if len(self.item) else 0

    @property
    def n_raters(self) -> int:
        """One more than the highest number of a rater."""
        return int(self.rater.max()) + 1 if len(self.rater) else 0

    def per_rater(self, column: FloatArray) -> FloatArray:
        """Sum of a column of as many rows over each rater; shape (n_raters,)."""
        sums = np.bincount(self.rater, weights=column, minlength=self.n_raters)
        return sums.astype(np.float64, copy=False)

    def only(self, rows: IntArray) -> Self:
        """These rows, with the numbers of items and raters as they were."""
        return type(self)(self.item[rows], self.rater[rows], self.value[rows])
