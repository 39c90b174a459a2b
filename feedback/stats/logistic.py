"""Logistic regression with errors that allow for raters who answer alike."""

from dataclasses import dataclass

import numpy as np

from feedback.stats.arrays import BoolArray, FloatArray, IntArray

RIDGE = 1e-6
MOST_STEPS = 100
PRECISION = 1e-10


@dataclass(frozen=True, eq=False)
class Logistic:
    """A fitted model.

    Attributes:
        coefficients: shape (n_columns,), in nats.
        covariance: shape (n_columns, n_columns); as if votes were independent.
        clustered: shape (n_columns, n_columns); allowing for dependence of votes of
            one rater. NaN with a single rater.
    """

    coefficients: FloatArray
    covariance: FloatArray
    clustered: FloatArray


def fit_logistic(
    design: FloatArray,
    outcome: BoolArray,
    *,
    cluster: IntArray,
    ridge: FloatArray | float = RIDGE,
) -> Logistic:
    """Maximum likelihood with a ridge, by Newton's method.

    Args:
        design: shape (n_votes, n_columns); the intercept is a column like any other.
        outcome: shape (n_votes,); whether it happened.
        cluster: shape (n_votes,); number of the rater.
        ridge: precision of a normal prior around 0, above 0, for all columns or for
            each. The default only keeps separable data finite.

    Returns:
        The fit. The clustered covariance is the sandwich, times G / (G - 1) for G
        raters.

    Raises:
        ValueError: if there is no vote or the shapes do not fit.
        ArithmeticError: if Newton's method does not settle, as with columns whose
            sizes differ by many orders.

    Source:
        Cox (1958); Liang & Zeger (1986) for the sandwich.
    """
    n_votes, n_columns = design.shape
    if not n_votes or outcome.shape != (n_votes,) or cluster.shape != (n_votes,):
        raise ValueError(
            f"{outcome.shape} outcomes and {cluster.shape} raters do not fit a design "
            f"of {design.shape}, or there is no vote"
        )
    penalty = np.broadcast_to(np.asarray(ridge, dtype=np.float64), (n_columns,))
    happened = outcome.astype(np.float64)
    beta = np.zeros(n_columns)
    for _ in range(MOST_STEPS):
        expected = _expit(design @ beta)
        gradient = design.T @ (happened - expected) - penalty * beta
        step = np.linalg.solve(_hessian(design, expected, penalty), gradient)
        # Far from the answer a full step may overshoot; three nats are plenty at once.
        beta = beta + step * min(1.0, 3.0 / max(float(np.abs(step).max()), 1e-300))
        if float(np.abs(step).max()) < PRECISION:
            return _fitted(design, happened, beta, penalty, cluster)
    raise ArithmeticError(
        f"the fit of {n_columns} columns has not settled after {MOST_STEPS} steps"
    )


def _fitted(
    design: FloatArray,
    happened: FloatArray,
    beta: FloatArray,
    penalty: FloatArray,
    cluster: IntArray,
) -> Logistic:
    expected = _expit(design @ beta)
    inverse = np.linalg.inv(_hessian(design, expected, penalty))
    covariance = inverse.astype(np.float64, copy=False)
    raters, row = np.unique(cluster, return_inverse=True)
    scores = np.zeros((len(raters), len(beta)))
    np.add.at(scores, row, design * (happened - expected)[:, None])
    n = len(raters)
    enough = n / (n - 1.0) if n > 1 else np.nan
    clustered: FloatArray = enough * (covariance @ (scores.T @ scores) @ covariance)
    return Logistic(beta, covariance, clustered)


def _hessian(
    design: FloatArray, expected: FloatArray, penalty: FloatArray
) -> FloatArray:
    weight = expected * (1.0 - expected)
    hessian: FloatArray = (design.T * weight) @ design + np.diag(penalty)
    return hessian


def _expit(log_odds: FloatArray) -> FloatArray:
    # The hyperbolic tangent does not overflow.
    expected: FloatArray = 0.5 * (1.0 + np.tanh(0.5 * log_odds))
    return expected
