"""Which of a rater's tasks are checks: draws that a restart does not change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.studies.models import Assignment
from feedback.studies.serving import (
    GOLD_WITHIN,
    gold_share,
    is_drawn,
    is_gold_turn,
    retest_order,
)

_SEEDS = st.integers(min_value=-(2**63), max_value=2**63 - 1)


@given(seed=_SEEDS, percent=st.integers(min_value=1, max_value=50))
def test_each_rater_meets_a_gold_among_the_first_twenty_tasks(seed, percent):
    turns = [
        is_gold_turn(seed=seed, pseudonym="R-1", ordinal=one, percent=percent)
        for one in range(1, GOLD_WITHIN + 1)
    ]
    assert any(turns)


@given(seed=_SEEDS, ordinal=st.integers(min_value=1, max_value=100_000))
def test_a_study_without_golds_has_no_turn_for_one(seed, ordinal):
    assert not is_gold_turn(seed=seed, pseudonym="R-1", ordinal=ordinal, percent=0)


@pytest.mark.parametrize(
    ("percent", "ordinal", "share"),
    [
        (5, 1, 5),
        (5, 100, 5),
        (5, 101, 2),
        (50, 100_000, 2),
        (2, 101, 2),
        (1, 101, 1),
        (0, 101, 0),
    ],
)
def test_after_a_hundred_tasks_golds_are_two_in_a_hundred(percent, ordinal, share):
    assert gold_share(percent=percent, ordinal=ordinal) == share


@pytest.mark.parametrize("percent", [2, 5, 50])
@pytest.mark.parametrize(
    ("ordinals", "most"), [(range(21, 101), 50), (range(101, 1001), 2)]
)
def test_the_share_of_golds_is_the_one_asked_for(percent, ordinals, most):
    n_raters, share = 40, min(percent, most) / 100
    n_drawn = sum(
        is_gold_turn(seed=7, pseudonym=f"R-{one}", ordinal=ordinal, percent=percent)
        for one in range(n_raters)
        for ordinal in ordinals
    )
    n = n_raters * len(ordinals)
    # Four standard deviations either way.
    assert abs(n_drawn - n * share) <= 4 * (n * share * (1 - share)) ** 0.5


def test_two_raters_meet_golds_at_different_turns():
    def turns(pseudonym):
        return [
            one
            for one in range(1, 400)
            if is_gold_turn(seed=7, pseudonym=pseudonym, ordinal=one, percent=5)
        ]

    assert turns("R-1") != turns("R-2")
    assert turns("R-1") == turns("R-1")


def test_golds_and_retests_are_drawn_apart():
    def turns(what):
        return {
            one
            for one in range(1, 1000)
            if is_drawn(seed=7, pseudonym="R-1", ordinal=one, what=what, percent=20)
        }

    both = len(turns("gold") & turns("retest"))
    assert turns("gold") != turns("retest")
    assert 15 <= both <= 70  # 40 expected of 1,000 at 4 %


@pytest.mark.parametrize("order", [[0, 1], [1, 0], [0], [2, 0, 1]])
def test_a_retest_turns_the_order_around(order):
    assert retest_order(Assignment(shown_order=order)) == order[::-1]
