"""Logistic regression, against the space shuttle's O-rings and a slow sandwich."""

import math

import numpy as np
import pytest

from feedback.stats.logistic import fit_logistic

# Dalal, Fowlkes & Hoadley (1989): joint temperature (F) and thermal distress of 23
# launches before Challenger.
TEMPERATURE = np.concatenate(
    [
        [66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78],
        [67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58.0],
    ]
)
DISTRESS = np.array(
    [0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1], dtype=bool
)
DESIGN = np.stack([np.ones(23), TEMPERATURE], axis=1)


def test_the_published_fit_of_the_o_rings():
    fit = fit_logistic(DESIGN, DISTRESS, cluster=np.arange(23), ridge=1e-12)

    assert fit.coefficients == pytest.approx([15.043, -0.2322], abs=5e-4)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([7.379, 0.1082], abs=5e-4)


def test_the_sandwich_is_the_sum_over_raters():
    rng = np.random.default_rng(86)
    cluster = rng.integers(0, 5, 60)
    design = np.stack([np.ones(60), rng.normal(size=60)], axis=1)
    outcome = rng.random(60) < 0.6

    fit = fit_logistic(design, outcome, cluster=cluster)

    meat = np.zeros((2, 2))
    for rater in range(5):
        score = np.zeros(2)
        for row in np.flatnonzero(cluster == rater):
            p = 1 / (1 + math.exp(-float(design[row] @ fit.coefficients)))
            score += design[row] * (outcome[row] - p)
        meat += np.outer(score, score)
    expected = 5 / 4 * fit.covariance @ meat @ fit.covariance
    assert fit.clustered == pytest.approx(expected)


def test_votes_that_never_differ_stay_finite():
    fit = fit_logistic(np.ones((50, 1)), np.ones(50, dtype=bool), cluster=np.zeros(50))

    assert 5.0 < fit.coefficients[0] < 30.0
    assert math.isnan(fit.clustered[0, 0])


def test_columns_of_absurd_sizes_are_reported_and_not_guessed():
    with pytest.raises(ArithmeticError, match="not settled"):
        fit_logistic(
            np.stack([np.ones(23), TEMPERATURE * 1e-8], axis=1),
            DISTRESS,
            cluster=np.arange(23),
            ridge=1e-30,
        )


@pytest.mark.parametrize(
    ("design", "outcome", "cluster"),
    [
        (np.ones((0, 1)), np.ones(0), np.ones(0)),
        (np.ones((2, 1)), np.ones(3), np.ones(2)),
        (np.ones((2, 1)), np.ones(2), np.ones(3)),
    ],
)
def test_what_does_not_fit_is_refused(design, outcome, cluster):
    with pytest.raises(ValueError, match="do not fit a design"):
        fit_logistic(design, outcome.astype(bool), cluster=cluster)
