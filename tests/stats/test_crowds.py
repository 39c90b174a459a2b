"""Synthetic crowds are what their parameters say, and policies are replayed on them."""

import numpy as np
import pytest

from feedback.stats.crowds import PROFILES, Profile, draw_crowd, replay
from feedback.stats.routing import fixed, lead, locked, posterior, ratings_saved

SIMPLE = Profile((0.7, 0.3), accuracy=0.8, hard=0.0)


def crowd_of(profile, *, n_items=2000, n_raters=40, n_asked=9, seed=5):
    rng = np.random.default_rng(seed)
    return draw_crowd(
        profile, n_items=n_items, n_raters=n_raters, n_asked=n_asked, rng=rng
    )


def test_a_crowd_has_the_stated_labels_and_accuracy():
    crowd = crowd_of(SIMPLE)
    is_right = crowd.value == crowd.truth[:, None]

    # 2,000 labels and 18,000 ratings: three standard errors are below .04 and .03.
    assert (crowd.truth == 0).mean() == pytest.approx(0.7, abs=0.04)
    assert is_right.mean() == pytest.approx(crowd.accuracy.mean(), abs=0.03)
    assert crowd.accuracy.mean() == pytest.approx(0.8, abs=0.04)


def test_nobody_rates_an_item_twice():
    crowd = crowd_of(SIMPLE, n_items=200)

    assert all(len(set(row)) == 9 for row in crowd.rater.tolist())
    assert crowd.item.shape == crowd.value.shape
    assert crowd.item[7].tolist() == [7] * 9


def test_the_lure_gathers_the_errors_of_an_item():
    scattered = crowd_of(Profile((0.25,) * 4, accuracy=0.6, lure=0.0))
    lured = crowd_of(Profile((0.25,) * 4, accuracy=0.6, lure=1.0))

    def kinds_of_error(crowd):
        wrong = crowd.value != crowd.truth[:, None]
        pairs = zip(crowd.value, wrong, strict=True)
        return np.mean([len(set(values[is_wrong])) for values, is_wrong in pairs])

    assert kinds_of_error(lured) <= 1.0
    assert kinds_of_error(scattered) > 1.5


def test_hard_items_are_nearly_guessed():
    crowd = crowd_of(Profile((0.5, 0.5), accuracy=0.9, hard=1.0))

    # Chance .5 and .35 of the distance from it: .5 + .35 * .4 = .64.
    assert (crowd.value == crowd.truth[:, None]).mean() == pytest.approx(0.64, abs=0.02)


def test_the_same_seed_draws_the_same_crowd():
    one, same, other = (crowd_of(SIMPLE, seed=seed) for seed in (1, 1, 2))

    assert np.array_equal(one.value, same.value)
    assert not np.array_equal(one.value, other.value)


def test_a_replay_asks_what_the_policy_asks():
    crowd = crowd_of(SIMPLE, n_items=300)
    rng = np.random.default_rng(0)

    for policy, fewest, most in ((fixed(5), 5, 5), (lead(), 2, 7), (posterior(), 2, 9)):
        played = replay(policy, crowd, rng=rng)
        assert fewest <= played.n_asked.min() <= played.n_asked.max() <= most
        assert (played.n_asked.min() == most) == (policy.kind == "fixed")
        assert set(played.label) == {0, 1}


def test_locked_gives_every_item_the_label_of_the_fixed_overlap_for_less():
    crowd = crowd_of(PROFILES["three grades"])
    full = replay(fixed(5), crowd, rng=np.random.default_rng(0))
    early = replay(locked(5), crowd, rng=np.random.default_rng(0))

    assert np.array_equal(full.is_referred, early.is_referred)
    decided = ~full.is_referred
    assert np.array_equal(full.label[decided], early.label[decided])
    assert ratings_saved(early.n_asked).percent > 15.0


def test_lead_two_saves_a_third_without_losing_accuracy():
    crowd = crowd_of(PROFILES["facts, four labels"])
    rng = np.random.default_rng(0)
    full = replay(fixed(5), crowd, rng=rng)
    led = replay(lead(), crowd, rng=rng)
    gain = (led.label == crowd.truth) - 1.0 * (full.label == crowd.truth)

    assert ratings_saved(led.n_asked).percent >= 35.0
    assert gain.mean() + 1.96 * gain.std() / np.sqrt(len(gain)) >= 0.0
    assert gain.mean() > -0.01


def test_a_crowd_must_be_large_enough():
    with pytest.raises(ValueError, match="9 ratings an item, but only 8 raters"):
        crowd_of(SIMPLE, n_raters=8)
    with pytest.raises(ValueError, match="cap 9 exceeds 5 ratings an item"):
        replay(posterior(), crowd_of(SIMPLE, n_asked=5), rng=np.random.default_rng(0))
