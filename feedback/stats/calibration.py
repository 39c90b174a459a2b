"""How sure a consensus is against how often it is right, and mending that by one number."""

from dataclasses import dataclass

import numpy as np

from feedback.stats.arrays import FloatArray, IntArray
from feedback.stats.consensus import (
    ENOUGH_GOLDS,
    DawidSkene,
    apply_temperature,
    calibration_error,
    fit_temperature,
)

_PARTS = 5
_LEAST_PROBABILITY = 1e-6


@dataclass(frozen=True)
class Calibration:
    """A temperature, and what it does to probabilities it was not fitted to.

    Attributes:
        n_golds: items of known label.
        temperature: fitted on all of them; NaN of fewer than `ENOUGH_GOLDS`.
        n_held_out: of these, how many were judged by a temperature fitted without
            them; 0 where too few would be left to fit one.
        loss_before: mean log-loss of the held out as they were; NaN of none.
        loss_after: the same, scaled.
        error_before: expected calibration error of the held out as they were.
        error_after: the same, scaled.
    """

    n_golds: int
    temperature: float
    n_held_out: int
    loss_before: float
    loss_after: float
    error_before: float
    error_after: float


def calibrate(
    posterior: FloatArray, gold: IntArray, *, rng: np.random.Generator
) -> Calibration:
    """Fit a temperature, and judge it on items it has not seen.

    The golds are cut at random into five parts, each scaled by a temperature fitted on
    the other four, if these are `ENOUGH_GOLDS` or more. Smaller parts would mislead: of
    golds held out one by one each wrong one raises the sureness it is judged by.

    Args:
        posterior: shape (n_golds, n_values); not fitted with the known labels.
        gold: shape (n_golds,); the known labels.
        rng: cuts the parts.

    Returns:
        NaN for what there are too few golds for.

    Raises:
        ValueError: as `fit_temperature`, but for few golds.

    Source:
        Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017); Stone,
        "Cross-Validatory Choice and Assessment of Statistical Predictions" (1974).
    """
    n = len(gold)
    nan = float("nan")
    if n < ENOUGH_GOLDS:
        return Calibration(n, nan, 0, nan, nan, nan, nan)
    temperature = fit_temperature(posterior, gold)
    if n - -(-n // _PARTS) < ENOUGH_GOLDS:
        return Calibration(n, temperature, 0, nan, nan, nan, nan)
    part = rng.permutation(n) % _PARTS
    scaled = np.empty_like(posterior)
    for one in range(_PARTS):
        out = part == one
        fitted = fit_temperature(posterior[~out], gold[~out])
        scaled[out] = apply_temperature(posterior[out], fitted)
    return Calibration(
        n_golds=n,
        temperature=temperature,
        n_held_out=n,
        loss_before=log_loss(posterior, gold),
        loss_after=log_loss(scaled, gold),
        error_before=calibration_error(posterior, gold),
        error_after=calibration_error(scaled, gold),
    )


def log_loss(posterior: FloatArray, gold: IntArray) -> float:
    """Mean of minus the log of the probability of what is true.

    Args:
        posterior: shape (n_golds, n_values). A probability below one in a million is
            taken for one in a million: a share of votes may be 0.
        gold: shape (n_golds,); the known labels.

    Returns:
        0 for certain and right; NaN of no golds.

    Source:
        Good, "Rational Decisions" (1952).
    """
    if not len(gold):
        return float("nan")
    right = posterior[np.arange(len(gold)), gold]
    return float(-np.log(np.maximum(right, _LEAST_PROBABILITY)).mean())


def posterior_under(
    fit: DawidSkene, item: IntArray, rater: IntArray, value: IntArray, *, n_items: int
) -> FloatArray:
    """What a fitted model of raters makes of items that it was not fitted on.

    Args:
        fit: of `dawid_skene`.
        item: shape (n_ratings,); the item of each rating.
        rater: shape (n_ratings,); who gave it, as in the fit.
        value: shape (n_ratings,); what the rating said.
        n_items: items there are; one without ratings gets the prior.

    Returns:
        Shape (n_items, n_values); probability of each label.

    Raises:
        IndexError: if a rater or a value is not in the fit.

    Source:
        Dawid & Skene (1979), equation 2.5.
    """
    logs = np.tile(np.log(fit.prior), (n_items, 1))
    np.add.at(logs, item, np.log(fit.confusion[rater, :, value]))
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    posterior: FloatArray = raised / raised.sum(axis=1, keepdims=True)
    return posterior
