"""From several raters to one row: each decision by itself, and what always holds."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.aggregate import (
    Candidate,
    Label,
    Rating,
    best_text,
    decide_label,
    mean_scores,
    share_at_bar,
    standing_of,
    why_not_chosen,
    why_not_taught,
)
from exports.families import split_of
from exports.pair_votes import PairVerdict, Vote, decide_pair, shrunken
from exports.rules import Rule, Rules
from feedback.stats.margins import shrink

RULES = Rules()


def ratings(*values, rater=1, criterion="tone"):
    return [
        Rating(rater=rater + n, criterion=criterion, value=value)
        for n, value in enumerate(values)
    ]


def standing(*values, criterion="tone", is_flagged=False, rules=RULES):
    return standing_of(
        ratings(*values, criterion=criterion), is_flagged=is_flagged, rules=rules
    )


def votes(text):
    """a and b are slight, A and B much better, = a tie, ! neither."""
    strengths = {"a": 1, "b": 1, "A": 2, "B": 2, "=": 0, "!": 0}
    names = {"=": "tie", "!": "neither"}
    return [
        Vote(rater=n, outcome=names.get(v, v.lower()), strength=strengths[v])
        for n, v in enumerate(text)
    ]


def test_a_rater_counts_once_however_often_they_rated():
    twice = [*ratings(5, 5, rater=1), Rating(rater=1, criterion="tone", value=1)]
    assert mean_scores(twice) == {"tone": 4.0}
    assert mean_scores(ratings(None)) == {}


def test_the_overall_is_a_share_of_each_criterions_own_scale():
    found = standing_of(
        [
            Rating(rater=1, criterion="tone", value=5),
            Rating(rater=1, criterion="harm", value=0, minimum=0, maximum=10),
        ],
        is_flagged=False,
        rules=RULES,
    )
    assert found.overall == 0.5
    assert found.scores == {"harm": 0.0, "tone": 5.0}
    assert (found.shares, found.n_raters, found.barred) == ((0.5,), 1, None)


def test_a_completion_that_nobody_rated_stands_nowhere():
    nowhere = standing()
    assert (nowhere.overall, nowhere.shares, nowhere.n_raters) == (None, (), 0)


@pytest.mark.parametrize(
    ("values", "is_flagged", "barred"),
    [
        ((3, 3), False, None),
        ((3, 2), False, Rule.BELOW_SAFETY_FLOOR),
        ((5, 5), True, Rule.OPEN_SAFETY_FLAG),
        ((1, 1), True, Rule.OPEN_SAFETY_FLAG),
        ((None,), False, None),
    ],
)
def test_safety_bars_by_flag_or_by_mean(values, is_flagged, barred):
    found = standing(*values, criterion="safety", is_flagged=is_flagged)
    assert found.barred is barred


@pytest.mark.parametrize(
    ("said", "winner", "strength", "agreement", "counts"),
    [
        ("A", "a", 2.0, 1.0, (1, 0, 0)),
        ("b", "b", 1.0, 1.0, (1, 0, 0)),
        ("AAb", "a", 1.0, 0.666667, (2, 1, 0)),
        ("aa=", "a", 0.666667, 0.666667, (2, 0, 1)),
        ("BBB!", "b", 1.5, 0.75, (3, 0, 1)),
    ],
)
def test_more_than_half_with_the_strength_on_their_side_choose(
    said, winner, strength, agreement, counts
):
    found = decide_pair(votes(said), rules=RULES)
    assert (found.winner, found.strength, found.agreement) == (
        winner,
        strength,
        agreement,
    )
    assert (found.n_for, found.n_against, found.n_tie) == counts
    assert not found.is_adjudicated


@given(*[st.integers(0, 9)] * 3, st.floats(0, 1))
def test_a_margin_is_that_of_the_statistics(n_for, n_tie, n_against, tie_share):
    even = (1 - tie_share) / 2
    oracle = shrink(
        np.array([[n_for, n_tie, n_against]]), np.array([[even, tie_share, even]])
    )
    # Its columns are first, tie, second.
    margin, smoothing = shrunken(n_for, n_tie, n_against, tie_share=tie_share)
    assert margin == pytest.approx(oracle.margin[0], abs=1e-6)
    decisive = oracle.p_first[0] + oracle.p_second[0]
    if decisive > 1e-3:
        assert smoothing == pytest.approx(oracle.p_second[0] / decisive, abs=1e-6)


@given(st.text("abAB=!", min_size=1, max_size=7), st.sampled_from("ab"))
def test_a_verdict_settles_whatever_the_votes_say(said, side):
    found = decide_pair(votes(said), rules=RULES, verdict=Vote(0, side, 1))
    assert (found.winner, found.is_adjudicated) == (side, True)
    assert 0 < found.margin < 1
    assert 0 < found.label_smoothing < 0.5
    assert found.n_for == sum(vote.lower() == side for vote in said)


@pytest.mark.parametrize(
    ("outcome", "rule"),
    [("tie", Rule.UNSETTLED_TIE), ("neither", Rule.NEITHER_ACCEPTABLE)],
)
def test_a_verdict_may_choose_neither(outcome, rule):
    found = decide_pair(votes("AA"), rules=RULES, verdict=Vote(0, outcome, 0))
    assert found is rule


def test_a_snapshot_may_ask_for_agreement_and_a_verdict_does_without():
    strict = Rules(min_agreement=0.8)
    assert decide_pair(votes("AAb"), rules=strict) is Rule.TOO_LITTLE_AGREEMENT
    assert isinstance(decide_pair(votes("AAAAb"), rules=strict), PairVerdict)
    settled = decide_pair(votes("AAb"), rules=strict, verdict=Vote(0, "a", 1))
    assert isinstance(settled, PairVerdict)
    mixed = standing(5, 5, 5, 3, rules=strict)
    assert decide_label(mixed, rules=strict) is Rule.TOO_LITTLE_AGREEMENT
    assert isinstance(decide_label(standing(5, 5), rules=strict), Label)
    candidate = Candidate("t", False, mixed, 0)
    assert (
        why_not_taught(candidate, rules=strict, barred={}) is Rule.TOO_LITTLE_AGREEMENT
    )
    verdict = standing_of(
        ratings(5, 5, 5, 3), is_flagged=False, rules=strict, verdict=ratings(5)
    )
    assert isinstance(decide_label(verdict, rules=strict), Label)
    taught = Candidate("t", False, verdict, 0)
    assert why_not_taught(taught, rules=strict, barred={}) is None


def test_a_verdicts_ratings_hold_and_the_raters_still_count():
    found = standing_of(
        ratings(1, 2), is_flagged=False, rules=RULES, verdict=ratings(5)
    )
    assert (found.scores, found.n_raters) == ({"tone": 5.0}, 2)
    assert found.is_adjudicated
    assert decide_label(found, rules=RULES) == Label(is_desirable=True, agreement=0.0)


def test_a_text_that_names_its_maker_is_never_desirable():
    def named(*values):
        return standing_of(
            ratings(*values), is_flagged=False, rules=RULES, names_its_maker=True
        )

    assert named(5).barred is Rule.NAMES_ITS_MAKER
    assert decide_label(named(5), rules=RULES) is Rule.NAMES_ITS_MAKER
    assert decide_label(named(1), rules=RULES) == Label(
        is_desirable=False, agreement=1.0
    )


def test_what_is_held_is_not_taught_and_a_verdicts_text_goes_first():
    held = Candidate("t", True, standing(5), 0, held=Rule.IN_DISPUTE)
    assert why_not_taught(held, rules=RULES, barred={}) is Rule.IN_DISPUTE
    rater = Candidate("r", True, standing(5), 1)
    final = Candidate("f", True, standing(1), 2, is_final=True)
    best, _ = best_text([rater, final], rules=RULES, barred={})
    assert best is final


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("", Rule.TOO_FEW_RATERS),
        ("ab", Rule.UNSETTLED_TIE),
        ("=", Rule.UNSETTLED_TIE),
        ("a=", Rule.UNSETTLED_TIE),
        ("a!", Rule.UNSETTLED_TIE),
        # Two slightly for a, one much for b: the majority without the strength.
        ("aaB", Rule.UNSETTLED_TIE),
        ("!", Rule.NEITHER_ACCEPTABLE),
        ("A!!", Rule.NEITHER_ACCEPTABLE),
    ],
)
def test_what_is_not_settled_has_a_rule(said, rule):
    assert decide_pair(votes(said), rules=RULES) is rule


def test_a_vote_needs_as_many_raters_as_asked_for():
    two = Rules(min_raters=2)
    assert decide_pair(votes("A"), rules=two) is Rule.TOO_FEW_RATERS
    assert isinstance(decide_pair(votes("AA"), rules=two), PairVerdict)
    same_rater = [*votes("A"), *votes("A")]
    assert decide_pair(same_rater, rules=two) is Rule.TOO_FEW_RATERS


@given(st.text("abAB=!", max_size=7))
def test_swapping_the_sides_swaps_the_verdict(said):
    here = decide_pair(votes(said), rules=RULES)
    there = decide_pair(
        votes(said.translate(str.maketrans("abAB", "baBA"))), rules=RULES
    )
    if isinstance(here, Rule):
        assert there is here
    else:
        assert {here.winner, there.winner} == {"a", "b"}
        assert (here.margin, here.agreement) == (there.margin, there.agreement)
        assert 0 < here.margin < 1
        assert here.label_smoothing == there.label_smoothing
        assert 0.5 < here.agreement <= 1


@given(st.text("abAB=!", max_size=5))
def test_the_order_of_votes_does_not_matter(said):
    found = {
        repr(decide_pair(votes(order), rules=RULES)) for order in permutations(said)
    }
    assert len(found) == 1


def test_a_chosen_text_is_neither_barred_nor_the_rejected_one():
    barred = {"unsafe": Rule.OPEN_SAFETY_FLAG}
    assert why_not_chosen("safe", rejected="bad", barred=barred) is None
    # A correction that repeats an unsafe completion is unsafe as well.
    assert (
        why_not_chosen(" unsafe\n", rejected="bad", barred=barred)
        is Rule.OPEN_SAFETY_FLAG
    )
    same = why_not_chosen("bad ", rejected="bad", barred=barred)
    assert same is Rule.CHOSEN_EQUALS_REJECTED


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (standing(5, 4), Label(is_desirable=True, agreement=1.0)),
        (standing(5, 5, 3), Label(is_desirable=True, agreement=0.666667)),
        (standing(1, 2), Label(is_desirable=False, agreement=1.0)),
        (standing(3), Rule.BETWEEN_THE_BARS),
        (standing(None), Rule.NOT_RATED),
        (standing(), Rule.TOO_FEW_RATERS),
        (standing(5, is_flagged=True), Rule.OPEN_SAFETY_FLAG),
        (standing(3, is_flagged=True), Label(is_desirable=False, agreement=1.0)),
        (standing(None, is_flagged=True), Label(is_desirable=False, agreement=None)),
        (
            standing(2, criterion="safety"),
            Label(is_desirable=False, agreement=1.0),
        ),
    ],
)
def test_labels(found, expected):
    assert decide_label(found, rules=RULES) == expected


def test_the_share_at_the_bar_is_of_raters():
    assert share_at_bar(standing(5, 4, 3, 1), rules=RULES) == 0.5
    assert share_at_bar(standing(None), rules=RULES) is None


@pytest.mark.parametrize(
    ("candidate", "rule"),
    [
        (Candidate("good", False, standing(5), 0), None),
        (Candidate("fair", False, standing(3), 0), Rule.BELOW_THE_BAR),
        (Candidate("none", False, standing(None), 0), Rule.NOT_RATED),
        (Candidate("none", False, standing(), 0), Rule.TOO_FEW_RATERS),
        (Candidate("unsafe", False, standing(5), 0), Rule.OPEN_SAFETY_FLAG),
        (Candidate("written", True, standing(1), 0), None),
        (Candidate("unsafe", True, standing(5), 0), Rule.OPEN_SAFETY_FLAG),
    ],
)
def test_what_may_be_taught(candidate, rule):
    barred = {"unsafe": Rule.OPEN_SAFETY_FLAG}
    assert why_not_taught(candidate, rules=RULES, barred=barred) is rule


def test_the_best_text_is_a_correction_then_the_better_rated_then_the_first():
    low, high = standing(4), standing(5)
    more = standing(5, 5)
    texts = [
        Candidate("completion", False, more, 0),
        Candidate("early", True, high, 1),
        Candidate("late", True, high, 2),
        Candidate("low", True, low, 3),
    ]
    for order in permutations(texts):
        best, kept_out = best_text(order, rules=RULES, barred={})
        assert best is texts[1]
        assert kept_out == [Rule.ANOTHER_TEXT_IS_BETTER] * 3
    best, _ = best_text(
        [texts[0], Candidate("fewer", False, high, 9)], rules=RULES, barred={}
    )
    assert best is texts[0]
    best, _ = best_text(
        [Candidate("unrated", True, standing(), 0), texts[3]], rules=RULES, barred={}
    )
    assert best is texts[3]


def test_without_a_good_text_nothing_is_taught_and_each_is_counted():
    bad = Candidate("bad", False, standing(1), 0)
    assert best_text([bad, bad], rules=RULES, barred={}) == (
        None,
        [Rule.BELOW_THE_BAR] * 2,
    )
    assert best_text([], rules=RULES, barred={}) == (None, [])


@given(st.integers(0, 2**32 - 1), st.integers(0, 50), st.integers(0, 50))
def test_a_larger_test_share_only_moves_families_from_train_to_test(head, one, other):
    group_id = f"{head:08x}" + "0" * 8
    small, large = sorted((one, other))
    if split_of(group_id, test_percent=small) == "test":
        assert split_of(group_id, test_percent=large) == "test"
    assert split_of(group_id, test_percent=0) == "train"


def test_sql_and_python_split_alike(sealed):
    members = sealed.members.values_list("group_id", "split").distinct()
    for group_id, split in members:
        assert split_of(group_id, test_percent=sealed.test_percent) == split
