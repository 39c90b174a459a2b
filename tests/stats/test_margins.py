"""Margins: shrunken shares, their symmetry, and their use on votes held out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.margins import expected_votes, overall_votes, shrink
from feedback.stats.preference import fit_davidson


def test_four_imagined_votes_join_the_real_ones():
    votes = np.array([[3, 0, 0], [0, 0, 0], [0, 8, 4]])
    expected = np.array([[0.5, 0.25, 0.25], [0.2, 0.3, 0.5], [0.25, 0.5, 0.25]])

    margins = shrink(votes, expected)

    np.testing.assert_allclose(margins.p_first, [5 / 7, 0.2, 1 / 16])
    np.testing.assert_allclose(margins.p_tie, [1 / 7, 0.3, 10 / 16])
    np.testing.assert_allclose(margins.p_second, [1 / 7, 0.5, 5 / 16])
    np.testing.assert_allclose(margins.margin, [4 / 7, -0.3, -4 / 16])
    assert margins.label.tolist() == [0, 2, 1]
    assert margins.n.tolist() == [3, 0, 12]


@settings(deadline=None)
@given(
    votes=st.lists(st.integers(0, 20), min_size=3, max_size=3),
    tie=st.floats(0.01, 0.9),
    share=st.floats(0.01, 0.99),
)
def test_margins_are_antisymmetric_and_probabilities_sum_to_one(votes, tie, share):
    rest = 1.0 - tie
    expected = np.array([[rest * share, tie, rest * (1.0 - share)]])

    plain = shrink(np.array([votes]), expected)
    turned = shrink(np.array([votes[::-1]]), expected[:, ::-1])

    total = plain.p_first + plain.p_tie + plain.p_second
    assert total[0] == pytest.approx(1.0)
    assert turned.margin[0] == pytest.approx(-plain.margin[0])
    assert -1.0 < plain.margin[0] < 1.0


def test_many_votes_outweigh_what_was_expected():
    expected = np.array([[0.9, 0.05, 0.05]])

    assert shrink(np.array([[0, 0, 10_000]]), expected).margin[0] < -0.99


def test_without_systems_the_share_of_ties_is_all_that_is_known():
    votes = np.array([[4, 2, 0], [0, 4, 7]])

    row = overall_votes(votes)[0]

    # 6 ties of 17 votes, and one imagined vote of each kind.
    assert row.tolist() == pytest.approx([6.5 / 20, 7 / 20, 6.5 / 20])
    assert np.array_equal(overall_votes(votes)[1], row)


def pairs_voted_on(rng, n_pairs=1500, n_systems=10):
    """Three votes and one held out on each of many pairs of known systems."""
    strength = rng.normal(size=n_systems)
    first = rng.integers(n_systems, size=n_pairs)
    second = (first + rng.integers(1, n_systems, size=n_pairs)) % n_systems
    gap = strength[first] - strength[second] + rng.normal(size=n_pairs)
    weights = np.stack([np.exp(gap / 2), np.full(n_pairs, 0.6), np.exp(-gap / 2)], 1)
    shares = weights.cumsum(axis=1) / weights.sum(axis=1, keepdims=True)
    cast = (rng.random((n_pairs, 4, 1)) > shares[:, None, :2]).sum(axis=2)
    return first, second, cast[:, :3], cast[:, 3]


def test_shrinking_to_the_model_predicts_held_out_votes_best():
    rng = np.random.default_rng(8)
    first, second, cast, held_out = pairs_voted_on(rng)
    votes = np.stack([(cast == outcome).sum(axis=1) for outcome in range(3)], axis=1)
    fit = fit_davidson(
        np.repeat(first, 3),
        np.repeat(second, 3),
        cast.ravel(),
        rater=rng.integers(30, size=cast.size),
        first_stood_left=rng.random(cast.size) < 0.5,
        n_systems=10,
    )

    def log_loss(margins):
        shares = np.stack([margins.p_first, margins.p_tie, margins.p_second], axis=1)
        return -np.log(shares[np.arange(len(held_out)), held_out]).mean()

    by_model = log_loss(shrink(votes, expected_votes(fit, first, second)))
    by_ties = log_loss(shrink(votes, overall_votes(votes)))
    nearly_raw = log_loss(shrink(votes, overall_votes(votes), prior_votes=0.01))
    assert by_model < by_ties < nearly_raw


@pytest.mark.parametrize(
    ("votes", "expected", "weight", "said"),
    [
        ([[1, 2]], [[0.5, 0.5]], 4.0, r"are not both \(n_pairs, 3\)"),
        ([1, 2, 3], [0.3, 0.3, 0.4], 4.0, r"are not both \(n_pairs, 3\)"),
        ([[1, 2, 3]], [[0.3, 0.3, 0.4]] * 2, 4.0, r"are not both \(n_pairs, 3\)"),
        ([[1, -2, 3]], [[0.3, 0.3, 0.4]], 4.0, "a count is too small"),
        ([[1, 2, 3]], [[0.3, 0.3, 0.4]], 0.0, "prior of 0.0 votes"),
    ],
)
def test_what_cannot_be_shrunk_is_refused(votes, expected, weight, said):
    with pytest.raises(ValueError, match=said):
        shrink(np.array(votes), np.array(expected), prior_votes=weight)
