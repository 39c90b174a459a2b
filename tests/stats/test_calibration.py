"""A temperature, and what it does to golds that it was not fitted to."""

import math

import numpy as np
import pytest

from feedback.stats.calibration import calibrate, log_loss, posterior_under
from feedback.stats.consensus import (
    apply_temperature,
    dawid_skene,
    fit_temperature,
)


def too_sure(n, *, seed=1, heat=3.0):
    """Labels drawn by honest probabilities, and these made too sure."""
    rng = np.random.default_rng(seed)
    honest = rng.dirichlet(np.ones(3), size=n)
    gold = np.array([rng.choice(3, p=row) for row in honest])
    return apply_temperature(honest, 1.0 / heat), gold


def test_too_sure_probabilities_are_mended_on_what_was_held_out():
    posterior, gold = too_sure(600)
    found = calibrate(posterior, gold, rng=np.random.default_rng(2))
    assert found.temperature == fit_temperature(posterior, gold)
    assert found.temperature == pytest.approx(3.0, rel=0.2)
    assert (found.n_golds, found.n_held_out) == (600, 600)
    assert found.loss_before == pytest.approx(log_loss(posterior, gold))
    assert found.loss_after < found.loss_before - 0.1
    assert found.error_after < 0.06
    assert found.error_before > 0.15
    assert found == calibrate(posterior, gold, rng=np.random.default_rng(2))


def test_nobody_is_judged_by_a_temperature_that_saw_them():
    posterior, gold = too_sure(65)
    found = calibrate(posterior, gold, rng=np.random.default_rng(2))
    part = np.random.default_rng(2).permutation(65) % 5
    scaled = posterior.copy()
    for one in range(5):
        fitted = fit_temperature(posterior[part != one], gold[part != one])
        scaled[part == one] = apply_temperature(posterior[part == one], fitted)
    assert found.n_held_out == 65
    assert found.loss_after == pytest.approx(log_loss(scaled, gold))


@pytest.mark.parametrize(
    ("n", "has_temperature"), [(0, False), (49, False), (50, True), (62, True)]
)
def test_few_golds_give_no_temperature_or_none_to_hold_out(n, has_temperature):
    posterior, gold = too_sure(n)
    found = calibrate(posterior.reshape(n, 3), gold, rng=np.random.default_rng(2))
    assert math.isnan(found.temperature) is not has_temperature
    assert found.n_held_out == 0
    assert math.isnan(found.loss_before)
    assert math.isnan(found.error_after)


def test_log_loss_is_the_mean_surprise():
    posterior = np.array([[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]])
    expected = -(math.log(0.5) + math.log(0.75) + math.log(1e-6)) / 3
    assert log_loss(posterior, np.array([0, 1, 0])) == pytest.approx(expected)
    assert math.isnan(log_loss(posterior[:0], np.array([], dtype=np.int64)))


def test_a_fitted_model_judges_new_items_as_it_judged_its_own():
    rng = np.random.default_rng(4)
    truth = rng.integers(3, size=80)
    item = np.repeat(np.arange(80), 3)
    rater = np.tile(np.arange(3), 80)
    value = np.where(rng.random(240) < 0.8, truth[item], rng.integers(3, size=240))
    fit = dawid_skene(
        item,
        rater,
        value,
        n_items=80,
        n_raters=3,
        n_values=3,
        tolerance=1e-12,
        max_steps=2000,
    )
    again = posterior_under(fit, item, rater, value, n_items=80)
    assert again == pytest.approx(fit.posterior, abs=1e-5)
    nothing = posterior_under(fit, item[:0], rater[:0], value[:0], n_items=2)
    assert nothing == pytest.approx(np.tile(fit.prior, (2, 1)))
