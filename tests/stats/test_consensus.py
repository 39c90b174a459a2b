"""Votes, Dawid and Skene, temperature and scores: published data, oracles, recovery."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.consensus import (
    HOTTEST,
    Smoothing,
    apply_temperature,
    calibration_error,
    choose_method,
    dawid_skene,
    fit_temperature,
    score_summary,
    vote_shares,
)
from feedback.stats.crowds import Profile, draw_crowd

# Dawid & Skene (1979), table 1: 45 patients; observer 1 rated three times, 2 to 5 once.
PATIENTS = """
    1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223
    2322223 4444444 2223343 1111111 2223212 1211111 1112111 1111111 1111111
    2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222
    1111111 1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343
    2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222
"""
PATIENT = np.repeat(np.arange(45), 7)
OBSERVER = np.tile([0, 0, 0, 1, 2, 3, 4], 45)
CLASS = np.array([int(digit) - 1 for digit in PATIENTS if digit.isdigit()])
SIZES = {"n_items": 45, "n_raters": 5, "n_values": 4}
# The paper maximizes the likelihood itself: next to no prior.
HARDLY_ANY = Smoothing(per_rater=1e-9, correct=0.0, per_label=1e-9)


def long_form(crowd, n_asked=None):
    item, rater, value = (
        array[:, :n_asked].ravel() for array in (crowd.item, crowd.rater, crowd.value)
    )
    sizes = {
        "n_items": len(crowd.truth),
        "n_raters": len(crowd.accuracy),
        "n_values": crowd.n_values,
    }
    return item, rater, value, sizes


def dense_em(item, rater, value, smoothing, n_steps, *, n_items, n_raters, n_values):
    """The same model, slowly: a table of items by raters by values."""
    table = np.zeros((n_items, n_raters, n_values))
    for i, r, v in zip(item, rater, value, strict=True):
        table[i, r, v] += 1
    posterior = table.sum(axis=1) / table.sum(axis=(1, 2))[:, None]
    imagined = smoothing.per_rater / n_values + smoothing.correct * np.eye(n_values)
    for _ in range(n_steps):
        counts = np.einsum("ik,irv->rkv", posterior, table) + imagined
        confusion = counts / counts.sum(axis=2, keepdims=True)
        prior = posterior.sum(axis=0) + smoothing.per_label
        prior /= prior.sum()
        objective = smoothing.per_label * np.log(prior).sum()
        objective += (imagined * np.log(confusion)).sum()
        for i in range(n_items):
            likelihood = prior.copy()
            for r in range(n_raters):
                for v in range(n_values):
                    likelihood *= confusion[r, :, v] ** table[i, r, v]
            posterior[i] = likelihood / likelihood.sum()
            objective += np.log(likelihood.sum())
    return posterior, confusion, prior, objective


def test_the_anesthetists_of_dawid_and_skene():
    fit = dawid_skene(
        PATIENT,
        OBSERVER,
        CLASS,
        **SIZES,
        smoothing=HARDLY_ANY,
        max_steps=1000,
        tolerance=1e-12,
    )

    assert fit.is_converged
    assert np.round(fit.prior, 2).tolist() == [0.40, 0.42, 0.11, 0.07]
    assert np.round(fit.confusion[0], 2).tolist() == [
        [0.89, 0.11, 0.0, 0.0],
        [0.07, 0.88, 0.05, 0.0],
        [0.0, 0.34, 0.66, 0.0],
        [0.0, 0.0, 0.56, 0.44],
    ]
    assert fit.n_ratings.tolist() == [135, 45, 45, 45, 45]


@pytest.mark.parametrize("smoothing", [Smoothing(), Smoothing(0.5, 0.0, 3.0)])
def test_a_slow_second_implementation_agrees(smoothing):
    crowd = draw_crowd(
        Profile((0.5, 0.3, 0.2), accuracy=0.6),
        n_items=60,
        n_raters=8,
        n_asked=4,
        rng=np.random.default_rng(2),
    )
    item, rater, value, sizes = long_form(crowd)
    # Items with one to four ratings, in any order.
    rng = np.random.default_rng(3)
    order = rng.permutation(np.flatnonzero(np.arange(240) % 4 < 1 + item % 4))
    item, rater, value = item[order], rater[order], value[order]

    fit = dawid_skene(
        item,
        rater,
        value,
        **sizes,
        smoothing=smoothing,
        max_steps=7,
        tolerance=0.0,
    )
    posterior, confusion, prior, objective = dense_em(
        item, rater, value, smoothing, 7, **sizes
    )

    assert fit.n_steps == 7
    assert not fit.is_converged
    np.testing.assert_allclose(fit.posterior, posterior, atol=1e-12)
    np.testing.assert_allclose(fit.confusion, confusion, atol=1e-12)
    np.testing.assert_allclose(fit.prior, prior, atol=1e-12)
    assert fit.log_posterior == pytest.approx(objective, rel=1e-12)


def test_no_step_lowers_the_log_posterior():
    fits = [
        dawid_skene(PATIENT, OBSERVER, CLASS, **SIZES, max_steps=n, tolerance=0.0)
        for n in range(1, 15)
    ]

    assert (np.diff([fit.log_posterior for fit in fits]) > -1e-9).all()


def test_raters_are_recovered_within_their_intervals():
    crowd = draw_crowd(
        Profile((0.6, 0.4), accuracy=0.8, evenness=10.0, hard=0.0),
        n_items=2000,
        n_raters=60,
        n_asked=7,
        rng=np.random.default_rng(11),
    )
    item, rater, value, sizes = long_form(crowd)
    fit = dawid_skene(item, rater, value, **sizes)
    low, high = fit.accuracy_interval()
    inside = (low <= crowd.accuracy) & (crowd.accuracy <= high)

    assert np.abs(fit.accuracy - crowd.accuracy).max() < 0.09
    # 60 raters at .95: fewer than 51 inside has a chance below one in a thousand.
    assert inside.sum() >= 51
    np.testing.assert_allclose(
        fit.accuracy, np.einsum("k,rkk->r", fit.prior, fit.confusion)
    )


def test_unequal_raters_are_told_apart_better_than_votes_do():
    crowd = draw_crowd(
        Profile((0.5, 0.5), accuracy=0.72, evenness=3.0, hard=0.0),
        n_items=1000,
        n_raters=30,
        n_asked=5,
        rng=np.random.default_rng(4),
    )
    item, rater, value, sizes = long_form(crowd)
    shares = vote_shares(item, value, n_items=1000, n_values=2)
    fit = dawid_skene(item, rater, value, **sizes)

    by_votes = (shares.argmax(axis=1) == crowd.truth).mean()
    assert (fit.posterior.argmax(axis=1) == crowd.truth).mean() > by_votes + 0.02


def test_an_item_without_ratings_keeps_the_prior_and_does_not_move_it():
    rated = dawid_skene(PATIENT, OBSERVER, CLASS, **SIZES)
    more = dawid_skene(PATIENT, OBSERVER, CLASS, **{**SIZES, "n_items": 50})

    np.testing.assert_allclose(more.prior, rated.prior)
    np.testing.assert_allclose(more.posterior[:45], rated.posterior)
    np.testing.assert_allclose(more.posterior[45:], np.tile(rated.prior, (5, 1)))


def test_a_rater_without_ratings_has_the_prior_confusion():
    fit = dawid_skene(PATIENT, OBSERVER, CLASS, **{**SIZES, "n_raters": 6})

    # Two spread over four values and two more for being right: 2.5 of 4.
    np.testing.assert_allclose(np.diagonal(fit.confusion[5]), 2.5 / 4.0)
    assert fit.n_ratings[5] == 0


@settings(deadline=None, max_examples=24)
@given(order=st.permutations(range(4)))
def test_labels_may_be_renamed(order):
    names = np.array(order)
    plain = dawid_skene(PATIENT, OBSERVER, CLASS, **SIZES)
    renamed = dawid_skene(PATIENT, OBSERVER, names[CLASS], **SIZES)

    np.testing.assert_allclose(renamed.posterior[:, names], plain.posterior, atol=1e-9)


def test_vote_shares_are_shares():
    shares = vote_shares(
        np.array([0, 0, 0, 2]), np.array([1, 1, 0, 2]), n_items=3, n_values=3
    )

    np.testing.assert_allclose(shares[0], [1 / 3, 2 / 3, 0.0])
    assert np.isnan(shares[1]).all()
    assert shares[2].tolist() == [0.0, 0.0, 1.0]


def overlap(n_items, raters_of_item):
    item = np.repeat(np.arange(n_items), raters_of_item)
    rater = np.tile(np.arange(raters_of_item), n_items)
    return item, rater


def test_a_rater_model_needs_twenty_overlapping_ratings_of_the_median_rater():
    for n_items, method in ((20, "dawid_skene"), (19, "votes")):
        item, rater = overlap(n_items, 3)
        sizes = {"n_items": n_items, "n_raters": 3}
        assert choose_method(item, rater, **sizes, is_factual=True) == method
        # Where raters may rightly differ there are no errors to model.
        assert choose_method(item, rater, **sizes, is_factual=False) == "votes"


def test_repeated_ratings_by_one_rater_are_no_overlap():
    item, rater = overlap(30, 2)

    alone = choose_method(item, rater * 0, n_items=30, n_raters=1, is_factual=True)

    assert alone == "votes"
    nothing = np.array([], dtype=np.int64)
    assert (
        choose_method(nothing, nothing, n_items=1, n_raters=1, is_factual=True)
        == "votes"
    )


def test_raters_who_never_rated_do_not_lower_the_median():
    item, rater = overlap(20, 3)

    method = choose_method(item, rater, n_items=20, n_raters=50, is_factual=True)

    assert method == "dawid_skene"


def overconfident(rng, n=4000, temperature=2.5):
    """Probabilities whose golds follow them only after cooling by `temperature`."""
    logs = rng.normal(scale=3.0, size=(n, 3))
    stated = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    honest = apply_temperature(stated, temperature)
    gold = (rng.random(n)[:, None] > honest.cumsum(axis=1)).sum(axis=1)
    return stated, np.minimum(gold, 2)


def test_the_temperature_is_recovered_and_calibrates():
    stated, gold = overconfident(np.random.default_rng(9))

    temperature = fit_temperature(stated, gold)
    mended = apply_temperature(stated, temperature)

    assert temperature == pytest.approx(2.5, rel=0.1)
    assert calibration_error(stated, gold) > 0.1
    assert calibration_error(mended, gold) < 0.03


def test_no_other_temperature_has_less_log_loss():
    stated, gold = overconfident(np.random.default_rng(10), n=200)
    best = fit_temperature(stated, gold)

    def loss(temperature):
        mended = apply_temperature(stated, temperature)
        return -np.log(mended[np.arange(200), gold]).sum()

    assert loss(best) <= min(loss(t) for t in np.linspace(0.2, 10.0, 200)) + 1e-9


def test_golds_that_contradict_every_probability_stop_at_the_bound():
    stated = np.tile([0.9, 0.1], (50, 1))

    assert fit_temperature(stated, np.ones(50, dtype=np.int64)) == pytest.approx(
        HOTTEST
    )


@settings(deadline=None)
@given(
    rows=st.lists(
        st.lists(st.floats(0.001, 1.0), min_size=3, max_size=3), min_size=1, max_size=9
    ),
    temperature=st.floats(0.1, 10.0),
)
def test_a_temperature_keeps_the_order_and_the_sum(rows, temperature):
    stated = np.array(rows) / np.array(rows).sum(axis=1, keepdims=True)

    mended = apply_temperature(stated, temperature)

    np.testing.assert_allclose(mended.sum(axis=1), 1.0)
    in_order = np.take_along_axis(mended, stated.argsort(axis=1), axis=1)
    assert (np.diff(in_order, axis=1) >= -1e-12).all()


def test_calibration_error_of_a_worked_case():
    # Two at .95, one right: off by .45. Two at .55, both right: off by .45.
    # One at exactly 1 and right belongs to the last bin: off by (.95 * 2 + 1 - 2) / 5.
    stated = np.array([[0.95, 0.05], [0.95, 0.05], [0.55, 0.45], [0.55, 0.45]])
    gold = np.array([0, 1, 0, 0])

    assert calibration_error(stated, gold) == pytest.approx(0.45)
    sure = np.vstack([stated, [1.0, 0.0]])
    error = calibration_error(sure, np.append(gold, 0))
    assert error == pytest.approx((0.9 + 0.9) / 5)
    # .6 closes the bin below .65: one right and one wrong do not cancel.
    edge = np.array([[0.6, 0.4], [0.65, 0.35]])
    assert calibration_error(edge, np.array([0, 1])) == pytest.approx(1.05 / 2)


def test_scores_are_summarized_per_item():
    item = np.array([0, 2, 0, 0, 2, 2, 2])
    score = np.array([1.0, 50.0, 5.0, 2.0, 60.0, 10.0, 61.0])

    scores = score_summary(item, score, n_items=3)

    assert scores.n.tolist() == [3, 0, 4]
    np.testing.assert_allclose(scores.mean, [8 / 3, np.nan, 45.25])
    np.testing.assert_allclose(scores.median, [2.0, np.nan, 55.0])
    np.testing.assert_allclose(scores.share_within, [2 / 3, np.nan, 0.0])
    wider = score_summary(item, score, n_items=3, distance=6.0)
    assert wider.share_within.tolist()[2] == 0.75


@settings(deadline=None)
@given(
    rows=st.lists(
        st.lists(st.integers(0, 100), min_size=1, max_size=6), min_size=1, max_size=6
    )
)
def test_means_and_medians_are_those_of_numpy(rows):
    item = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    score = np.array([float(value) for row in rows for value in row])

    scores = score_summary(item, score, n_items=len(rows))

    np.testing.assert_allclose(scores.mean, [np.mean(row) for row in rows])
    np.testing.assert_allclose(scores.median, [np.median(row) for row in rows])


PAIR = np.array([0, 1])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: vote_shares(PAIR, np.array([0]), n_items=2, n_values=2),
            "arrays differ in length: {'item': 2, 'value': 1}",
        ),
        (
            lambda: vote_shares(PAIR, PAIR, n_items=2, n_values=1),
            "value runs from 0 to 1, not within 0 to 0",
        ),
        (
            lambda: vote_shares(-PAIR, PAIR, n_items=2, n_values=2),
            "item runs from -1 to 0, not within 0 to 1",
        ),
        (
            lambda: dawid_skene(
                PAIR[:0], PAIR[:0], PAIR[:0], n_items=1, n_raters=1, n_values=2
            ),
            "0 ratings and 100 steps",
        ),
        (
            lambda: dawid_skene(PATIENT, OBSERVER, CLASS, **SIZES, max_steps=0),
            "315 ratings and 0 steps",
        ),
        (lambda: Smoothing(per_rater=0.0), "lets a single rating rule a label out"),
        (lambda: Smoothing(correct=-1.0), "lets a single rating rule a label out"),
        (
            lambda: fit_temperature(np.full((49, 2), 0.5), np.zeros(49, dtype=int)),
            "49 golds are too few: need 50",
        ),
        (lambda: apply_temperature(np.eye(2), 0.0), "temperature 0.0 is not above 0"),
        (
            lambda: calibration_error(np.eye(3), PAIR),
            r"probabilities of shape \(3, 3\) do not fit 2 golds",
        ),
        (
            lambda: calibration_error(np.eye(2), PAIR + 1),
            "gold runs from 1 to 2, not within 0 to 1",
        ),
        (
            lambda: score_summary(PAIR, np.array([1.0, np.nan]), n_items=2),
            "not one finite number for each of 2 ratings",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
