"""The next pair: balanced by default, by information where systems differ widely."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from feedback.stats.pairing import choose_pair, information_gain, spread
from feedback.stats.preference import fit_davidson

ALL_OPEN = np.ones((4, 4), dtype=bool)
NO_VOTES = np.zeros((4, 4), dtype=int)


def fit_of(strength, n_votes=4000, seed=1, **options):
    rng = np.random.default_rng(seed)
    strength = np.array(strength)
    n = len(strength)
    first = rng.integers(n, size=n_votes)
    second = (first + rng.integers(1, n, size=n_votes)) % n
    is_first = rng.random(n_votes) < 1 / (
        1 + np.exp(strength[second] - strength[first])
    )
    return fit_davidson(
        first,
        second,
        np.where(is_first, 0, 2),
        rater=rng.integers(20, size=n_votes),
        first_stood_left=rng.random(n_votes) < 0.5,
        n_systems=n,
        **options,
    )


def chosen(n, **options):
    rng = np.random.default_rng(4)
    votes = options.pop("n_votes", NO_VOTES)
    is_open = options.pop("is_open", ALL_OPEN)
    return Counter(
        choose_pair(votes, is_open=is_open, rng=rng, **options) for _ in range(n)
    )


def test_spread_is_the_deviation_of_strengths():
    assert spread(fit_of([-2.0, 0.0, 0.5, 1.5])) == pytest.approx(1.47, abs=0.2)


def test_one_system_has_no_spread():
    alone = replace(fit_of([0.0, 0.0]), strength=np.array([0.0]))

    assert spread(alone) == 0.0


def test_before_any_vote_every_pair_is_as_likely():
    counts = chosen(6000, fit=None)

    assert len(counts) == 6
    # 1,000 expected of each; four standard deviations are 115.
    assert all(abs(n - 1000) < 120 for n in counts.values())
    assert all(first < second for first, second in counts)


def test_the_pair_with_fewest_votes_comes_next():
    votes = np.full((4, 4), 5)
    votes[1, 3] = votes[3, 1] = 4

    assert chosen(20, fit=fit_of([0.0, 0.1, 0.2, 0.3]), n_votes=votes) == {(1, 3): 20}


def test_only_open_pairs_are_asked():
    is_open = np.zeros((4, 4), dtype=bool)
    is_open[0, 2] = is_open[2, 0] = True

    assert set(chosen(20, fit=None, is_open=is_open)) == {(0, 2)}
    assert set(chosen(20, fit=fit_of([-4, -1, 1, 4]), is_open=is_open)) == {(0, 2)}


def test_wide_spread_asks_where_most_is_learned_and_a_quarter_at_random():
    fit = fit_of([-4.0, -1.0, 1.0, 4.0])
    first, second = np.triu_indices(4, k=1)
    best = int(information_gain(fit, first, second).argmax())
    counts = chosen(2000, fit=fit)

    # Three quarters, and a sixth of the random quarter: .792; within four deviations.
    share = counts[(int(first[best]), int(second[best]))] / 2000
    assert share == pytest.approx(0.75 + 0.25 / 6, abs=0.037)
    assert len(counts) == 6


def test_a_vote_on_an_open_uncertain_pair_tells_most():
    # Close systems: open outcomes. Few votes on the last: its strength is uncertain.
    rng = np.random.default_rng(2)
    first = np.concatenate([rng.integers(0, 2, size=2000), [0, 1, 0, 1]])
    second = np.concatenate([1 - first[:2000], [2, 2, 2, 2]])
    outcome = np.concatenate([rng.choice([0, 2], size=2000), [0, 2, 2, 0]])
    fit = fit_davidson(
        first,
        second,
        outcome,
        rater=np.arange(2004) % 7,
        first_stood_left=np.arange(2004) % 2 == 0,
        n_systems=3,
    )
    known, unsure = information_gain(fit, np.array([0, 0]), np.array([1, 2]))

    assert unsure > 10 * known > 0.0


def test_the_gain_is_what_one_more_vote_takes_off_the_entropy():
    fit = fit_of([0.0, 0.4, -0.3, 0.6], n_votes=400, ridge=1.0)
    pair = np.array([0]), np.array([1])
    shares = fit.probabilities(*pair)[0]
    fisher = (shares[0] + shares[2] - (shares[0] - shares[2]) ** 2) / 4
    contrast = np.array([1.0, -1.0, 0.0, 0.0])
    before = fit.covariance[:4, :4] + np.ones((4, 4))  # full rank; the level is free
    after = np.linalg.inv(np.linalg.inv(before) + fisher * np.outer(contrast, contrast))
    drop = (np.linalg.slogdet(before)[1] - np.linalg.slogdet(after)[1]) / 2

    assert information_gain(fit, *pair)[0] == pytest.approx(drop)


def test_there_must_be_a_pair_to_choose():
    rng = np.random.default_rng(0)

    with pytest.raises(ValueError, match="no pair of two systems is open"):
        choose_pair(NO_VOTES, is_open=np.eye(4, dtype=bool), fit=None, rng=rng)
    with pytest.raises(ValueError, match=r"\(4, 4\) do not fit \(3, 3\) open pairs"):
        choose_pair(NO_VOTES, is_open=np.ones((3, 3), dtype=bool), fit=None, rng=rng)
