"""From several raters to one row: each decision by itself, and what always holds."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.aggregate import (
    Candidate,
    Label,
    PairVerdict,
    Rating,
    Vote,
    best_text,
    decide_label,
    decide_pair,
    mean_scores,
    share_at_bar,
    split_of,
    standing_of,
    why_not_chosen,
    why_not_taught,
)
from exports.rules import Rule, Rules

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
    ("said", "winner", "margin", "agreement"),
    [
        ("A", "a", 2.0, 1.0),
        ("b", "b", 1.0, 1.0),
        ("AAb", "a", 1.0, 0.666667),
        ("aa=", "a", 0.666667, 0.666667),
        ("BBB!", "b", 1.5, 0.75),
    ],
)
def test_more_than_half_with_the_strength_on_their_side_choose(
    said, winner, margin, agreement
):
    verdict = PairVerdict(winner, margin, agreement, len(said))
    assert decide_pair(votes(said), rules=RULES) == verdict


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
        assert 0 < here.margin <= 2
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
