"""Every policy by its rule, then by the properties no order or label may break."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.routing import (
    ASK,
    SPECIALIST,
    Decision,
    Policy,
    audit_draw,
    decide,
    describe,
    fixed,
    lead,
    locked,
    posterior,
    ratings_saved,
)

VOTE_POLICIES = [fixed(5), locked(5), lead(2, cap=7), lead(3, cap=9)]
votes = st.lists(st.integers(0, 3), min_size=0, max_size=12)


def counted(labels, n_labels=4):
    return np.bincount(np.array(labels, dtype=np.int64), minlength=n_labels)


def walk(policy, labels):
    """Ask one rater after another; the decision and how many were asked."""
    for n in range(len(labels) + 1):
        decision = decide(policy, counted(labels[:n]))
        if decision != ASK:
            return decision, n
    return ASK, len(labels)


@pytest.mark.parametrize(
    ("policy", "counts", "expected"),
    [
        (fixed(1), [0, 0], ASK),
        (fixed(1), [0, 1], Decision("stop", 1)),
        (fixed(3), [2, 0], ASK),
        (fixed(3), [2, 1], Decision("stop", 0)),
        (fixed(4), [2, 2], SPECIALIST),
        (fixed(3), [1, 4], Decision("stop", 1)),
        (locked(5), [1, 0], ASK),
        (locked(5), [2, 0], ASK),
        (locked(5), [0, 3], Decision("stop", 1)),
        (locked(5), [3, 1], Decision("stop", 0)),
        (locked(5), [2, 1, 1], ASK),
        (locked(5), [2, 2, 1], SPECIALIST),
        (lead(2, cap=7), [1, 0], ASK),
        (lead(2, cap=7), [0, 2], Decision("stop", 1)),
        (lead(2, cap=7), [1, 1], ASK),
        (lead(2, cap=7), [3, 3], ASK),
        (lead(2, cap=7), [4, 3], SPECIALIST),
        (lead(2, cap=7), [3, 5], Decision("stop", 1)),
        (lead(1, cap=7), [1, 0], ASK),
        (lead(1, cap=7), [1, 1, 0], ASK),
    ],
)
def test_votes_decide(policy, counts, expected):
    assert decide(policy, np.array(counts)) == expected


@pytest.mark.parametrize(
    ("counts", "probabilities", "expected"),
    [
        ([1, 0], [0.99, 0.01], ASK),
        ([1, 1], [0.05, 0.95], Decision("stop", 1)),
        ([2, 0], [0.89, 0.11], ASK),
        ([2, 0], [0.90, 0.10], Decision("stop", 0)),
        ([5, 4], [0.60, 0.40], SPECIALIST),
        ([5, 4], [0.05, 0.95], Decision("stop", 1)),
    ],
)
def test_a_posterior_decides_between_two_and_nine_ratings(
    counts, probabilities, expected
):
    policy = posterior(0.90, cap=9)

    assert decide(policy, np.array(counts), np.array(probabilities)) == expected


def test_the_defaults_are_the_measured_ones():
    assert lead() == lead(2, cap=7)
    assert posterior() == posterior(0.90, cap=9)


@settings(deadline=None)
@given(labels=st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_locked_never_changes_the_label_of_the_fixed_overlap(labels):
    early, n_asked = walk(locked(5), labels)
    full, _ = walk(fixed(5), labels)

    assert early == full
    assert n_asked <= 5


@settings(deadline=None)
@given(labels=st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_locked_stops_at_the_first_moment_the_label_is_certain(labels):
    decision, n_asked = walk(locked(5), labels)

    if decision.action == "stop" and n_asked > 2:
        before = counted(labels[: n_asked - 1])
        others = np.delete(before, decision.label)
        n_left = 5 - (n_asked - 1)
        assert others.max() + n_left >= before[decision.label]


@settings(deadline=None)
@given(labels=st.lists(st.integers(0, 3), min_size=7, max_size=7))
def test_lead_stops_only_when_ahead_by_two(labels):
    decision, n_asked = walk(lead(2, cap=7), labels)
    ordered = sorted(counted(labels[:n_asked]))

    if decision.action == "stop":
        assert ordered[-1] - ordered[-2] >= 2
    else:
        assert (decision, n_asked) == (SPECIALIST, 7)
        assert ordered[-1] - ordered[-2] < 2


@settings(deadline=None)
@given(labels=votes, order=st.permutations(range(4)))
@pytest.mark.parametrize("policy", VOTE_POLICIES, ids=lambda policy: policy.kind)
def test_decisions_ignore_the_names_of_labels(policy, labels, order):
    plain = decide(policy, counted(labels))
    renamed = decide(policy, counted([order[label] for label in labels]))

    assert renamed.action == plain.action
    if plain.label is not None:
        assert renamed.label == order[plain.label]


@settings(deadline=None)
@given(labels=votes)
@pytest.mark.parametrize("policy", VOTE_POLICIES, ids=lambda policy: policy.kind)
def test_every_item_gets_its_base_wave_and_no_more_than_its_cap(policy, labels):
    decision = decide(policy, counted(labels))

    if len(labels) < 2:
        assert decision == ASK
    if len(labels) >= policy.cap:
        assert decision != ASK


def test_a_fixed_overlap_is_all_base_wave():
    assert fixed(5).base_ratings == 5
    assert fixed(1).base_ratings == 1
    assert lead().base_ratings == locked(9).base_ratings == 2


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: fixed(0), "cap 0 is too low: fixed needs at least 1"),
        (lambda: locked(1), "cap 1 is too low: locked needs at least 2"),
        (lambda: lead(0), "lead 0 is not between 1 and cap 7"),
        (lambda: lead(8), "lead 8 is not between 1 and cap 7"),
        (lambda: posterior(0.5), "threshold 0.5 is not above .5"),
        (lambda: posterior(1.0), "threshold 1.0 is not above .5"),
        (lambda: Policy("posterior", cap=1), "cap 1 is too low"),
    ],
)
def test_a_policy_that_cannot_work_is_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


@pytest.mark.parametrize("counts", [[3], [[1, 1]], [2, -1]])
def test_counts_must_be_ratings_of_two_labels_or_more(counts):
    with pytest.raises(ValueError, match="not one number of ratings"):
        decide(lead(), np.array(counts))


def test_a_posterior_policy_needs_its_probabilities():
    counts = np.array([1, 1])

    with pytest.raises(ValueError, match="needs 2 probabilities; they are missing"):
        decide(posterior(), counts)
    with pytest.raises(ValueError, match=r"they are of shape \(3,\)"):
        decide(posterior(), counts, np.array([0.2, 0.3, 0.5]))


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (fixed(1), "Every item gets one rating, which decides."),
        (fixed(3), "Every item gets 3 ratings."),
        (locked(5), "up to 5, but no longer than the ratings still to come could"),
        (lead(2, cap=7), "until one label is ahead of every other by 2 ratings."),
        (lead(1, cap=7), "until one label is ahead of every other by 1 rating."),
        (lead(2, cap=7), "after 7 ratings, a specialist decides."),
        (posterior(0.9, cap=9), "until one label is at least 90 % probable"),
        (posterior(0.975, cap=9), "at least 97.5 % probable"),
    ],
)
def test_a_policy_is_described_in_plain_words(policy, words):
    assert words in describe(policy)


def test_an_audit_draws_its_share_and_the_same_items_everywhere():
    names = [f"{n:064x}" for n in range(20_000)]
    drawn = {n for n in names if audit_draw(seed=7, fingerprint=n)}

    # Ten percent of 20,000, within four standard deviations of a fair draw.
    assert abs(len(drawn) - 2000) < 4 * math.sqrt(20_000 * 0.1 * 0.9)
    assert drawn < {n for n in names if audit_draw(seed=7, fingerprint=n, percent=20)}
    assert drawn != {n for n in names if audit_draw(seed=8, fingerprint=n)}
    # Pinned: another machine or version must draw the same items.
    assert [n for n in range(30) if names[n] in drawn] == [9, 11, 13]


def test_an_audit_of_none_or_all_draws_none_or_all():
    assert not audit_draw(seed=1, fingerprint="ab", percent=0)
    assert audit_draw(seed=1, fingerprint="ab", percent=100)
    with pytest.raises(ValueError, match="percent 101 is not between 0 and 100"):
        audit_draw(seed=1, fingerprint="ab", percent=101)


def test_savings_are_counted_against_the_fixed_overlap():
    savings = ratings_saved([2, 2, 4, 7])

    assert (savings.n_items, savings.n_asked, savings.n_fixed) == (4, 15, 20)
    assert savings.n_saved == 5
    assert savings.percent == 25.0
    assert savings.minutes(seconds_per_rating=90.0) == 7.5
    assert ratings_saved(np.array([7, 7])).n_saved == -4
    assert ratings_saved([3], overlap=3).percent == 0.0


def test_savings_are_undefined_before_anything_is_decided():
    assert math.isnan(ratings_saved([]).percent)
    with pytest.raises(ValueError, match="overlap 0 is below 1"):
        ratings_saved([2], overlap=0)
