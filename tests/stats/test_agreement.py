"""Krippendorff's own worked example (2011, section E): four observers, twelve units."""

import math

import numpy as np
import pytest

from feedback.stats.agreement import krippendorff_alpha, percent_agreement

GAP = 0
OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
        [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
    ]
)
VALUES = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
COUNTS = np.stack([(v == OBSERVERS).sum(axis=0) for v in range(1, 6)], axis=1)


@pytest.mark.parametrize(
    ("level", "published"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)],
)
def test_alpha_of_the_published_example(level, published):
    alpha = krippendorff_alpha(COUNTS, values=VALUES, level=level)

    assert round(alpha, 3) == published


def test_perfect_agreement_is_one():
    counts = np.array([[2, 0], [0, 3]])

    values = np.array([1.0, 2.0])

    assert krippendorff_alpha(counts, values=values, level="ordinal") == 1.0
    assert percent_agreement(counts) == 1.0


def test_alpha_is_undefined_without_variation_or_pairs():
    values = np.array([1.0, 2.0])

    for counts in ([[3, 0], [2, 0]], [[1, 0], [0, 1]]):
        alpha = krippendorff_alpha(np.array(counts), values=values, level="ordinal")
        assert math.isnan(alpha)
    assert math.isnan(percent_agreement(np.array([[1, 0]])))


def test_percent_agreement_counts_pairs_within_units():
    assert percent_agreement(np.array([[2, 1], [1, 1]])) == pytest.approx(1 / 6)


def test_shapes_must_fit():
    with pytest.raises(ValueError, match="do not fit 2 values"):
        krippendorff_alpha(
            np.array([[1, 1, 1]]), values=np.array([1.0, 2.0]), level="nominal"
        )
