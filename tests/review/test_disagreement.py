"""Each rule that asks for a second pair of eyes, at its edge, without a database."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from feedback.review.disagreement import (
    CLASSES,
    NUMBERS,
    PREFERENCE,
    PRIORITY,
    SETS,
    Given,
    Question,
    Rule,
    Scale,
    disagreements,
    is_drawn_for_audit,
    risks,
    wanted_case,
)

DOCS = Path(__file__).parents[2] / "docs" / "explanation" / "adjudication.md"
SCALES = {
    one.key: one
    for one in (
        Scale("tone", "Tone", NUMBERS),
        Scale("safety", "Safety", NUMBERS, is_safety=True),
        Scale("safe", "Safe", CLASSES, 0, 1, is_safety=True),
        Scale("sure", "Sure", NUMBERS, 0, 100),
        Scale("grade", "Grade", NUMBERS, 1, 3),
        Scale("kind", "Kind", CLASSES),
        Scale("any", "Any of", SETS),
        Scale("safer", "Safer", CLASSES),
    )
}
PAIR = (PREFERENCE, 1, 2)


def rated(key, *values):
    return [Given(ratings={Question(key, 1): value}) for value in values]


def preferred(*votes, key=PREFERENCE):
    return [Given(preferences={(key, 1, 2): vote}) for vote in votes]


A, A_MUCH, B, B_MUCH = ("a", 1), ("a", 2), ("b", 1), ("b", 2)
TIE, NEITHER = ("tie", 0), ("neither", 0)


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        (rated("tone", 3, 4), []),
        (rated("tone", 2, 4), [Rule.SPREAD]),
        (rated("tone", 5), []),
        (rated("sure", 20, 69), []),
        (rated("sure", 20, 70), [Rule.SPREAD]),
        (rated("grade", 1, 2, 2), []),
        (rated("grade", 1, 3), [Rule.SPREAD]),
        (rated("safety", 3, 4), []),
        (rated("safety", 2, 3), []),
        (rated("safety", 2, 4), [Rule.SAFETY_SIDES]),
        (rated("safety", 3, 5), [Rule.SPREAD]),
        (rated("safe", 1, 1, 0), [Rule.SAFETY_SIDES]),
        (rated("kind", ("x",), ("x",), ("y",)), []),
        (rated("kind", ("x",), ("y",)), [Rule.NO_MAJORITY]),
        (rated("kind", ("x",), ("y",), ("z",)), [Rule.NO_MAJORITY]),
        (rated("kind", ("x",), ("x",), ("y",), ("z",)), [Rule.NO_MAJORITY]),
        (rated("any", ("x", "y"), ("x",)), [Rule.OPTION_SPLIT]),
        (rated("any", ("x",), ("x",), ("x", "y")), []),
        (rated("any", (), ()), []),
        (rated("words-are-not-compared", 1, 5), []),
        (preferred(A, A, B), []),
        (preferred(A, B), [Rule.PREFERENCE_SPLIT]),
        (preferred(A, B, TIE), [Rule.PREFERENCE_SPLIT]),
        (preferred(A, A, B, NEITHER), [Rule.PREFERENCE_SPLIT]),
        (preferred(A_MUCH, A_MUCH, B_MUCH), [Rule.PREFERENCE_OPPOSED]),
        (preferred(A_MUCH, A_MUCH, B), []),
        (preferred(A_MUCH), []),
        (preferred(A, B, key="safer"), [Rule.COMPARED_SPLIT]),
        (preferred(A, A, B, key="safer"), []),
        (
            [Given(verdicts={(1, 7): "met"}), Given(verdicts={(1, 7): "not_met"})],
            [Rule.POINTS_SPLIT],
        ),
        (
            [Given(corrected=frozenset({1})), Given(is_fit_as_is=True)],
            [Rule.CORRECTION_SPLIT],
        ),
        ([Given(corrected=frozenset({1})), Given(corrected=frozenset({1}))], []),
    ],
)
def test_what_is_a_disagreement(given, rules):
    assert [one.rule for one in disagreements(given, SCALES)] == rules


def test_each_item_and_turn_is_compared_by_itself():
    apart = [
        Given(ratings={Question("tone", 1): 1, Question("tone", 2): 5}),
        Given(ratings={Question("tone", 1): 1, Question("tone", 2): 5}),
    ]

    assert disagreements(apart, SCALES) == []


def test_of_one_criterion_only_the_most_pressing_is_said():
    given = [
        Given(ratings={Question("safety", 1): 1, Question("safety", 2): 3}),
        Given(ratings={Question("safety", 1): 5, Question("safety", 2): 5}),
    ]

    (one,) = disagreements(given, SCALES)

    assert one.rule == Rule.SAFETY_SIDES
    assert one.words == "Safety stands on both sides of the middle: 1 and 5."


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        (rated("safety", 4, 4), []),
        (rated("safety", 2, 3), [Rule.LOW_SAFETY]),
        (rated("safety", 1, 2), [Rule.LOW_SAFETY]),
        (rated("safety", 3, 3), []),
        ([Given(flags=("mild", "severe")), Given()], [Rule.SEVERE_FLAG]),
        ([Given(flags=("moderate",)), Given()], [Rule.MODERATE_FLAG]),
        ([Given(flags=("mild",)), Given()], [Rule.MILD_FLAG]),
        ([Given()], [Rule.FEW_RATERS]),
        ([], [Rule.FEW_RATERS]),
    ],
)
def test_what_is_a_risk(given, rules):
    assert [one.rule for one in risks(given, SCALES, n_asked=3)] == rules


def test_one_rater_is_enough_where_one_is_asked():
    assert risks([Given()], SCALES, n_asked=1) == []


def test_a_case_says_all_its_reasons_most_pressing_first():
    given = [
        Given(
            ratings={Question("tone", 1): 1},
            preferences={PAIR: A},
            flags=("severe",),
        ),
        Given(ratings={Question("tone", 1): 5}, preferences={PAIR: B}),
    ]

    case = wanted_case(given, SCALES, n_asked=2, is_drawn=True)

    assert case.because == (
        "A rater flagged severe harm. "
        "The preference has no majority: 1 for one answer, 1 for the other. "
        "Tone is far apart: 1 and 5."
    )
    assert (case.reason, case.priority) == ("disagreement", 87)
    assert case.disputed == (PREFERENCE, "tone")


def test_where_raters_agree_a_risk_goes_before_the_draw():
    agree = rated("safety", 2, 2)

    case = wanted_case(agree, SCALES, n_asked=2, is_drawn=True)

    assert (case.reason, case.priority, case.disputed) == ("audit_risk", 60, ())


def test_the_draw_alone_is_a_random_audit_and_no_draw_is_no_case():
    agree = rated("tone", 4, 4)

    drawn = wanted_case(agree, SCALES, n_asked=2, is_drawn=True)

    assert (drawn.reason, drawn.priority) == ("audit_random", 20)
    assert wanted_case(agree, SCALES, n_asked=2, is_drawn=False) is None


def test_more_reasons_never_reach_the_next_kind_of_reason():
    values = sorted(set(PRIORITY.values()))
    for lower, higher in pairwise(values):
        assert lower + 4 < higher


def test_the_draw_is_the_stated_share_and_grows_with_it():
    prints = [f"{number:064x}" for number in range(4000)]

    def drawn(percent, seed=1):
        return {
            one
            for one in prints
            if is_drawn_for_audit(seed=seed, fingerprint=one, audit_percent=percent)
        }

    # 4,000 draws at .1: four standard deviations are 76.
    assert abs(len(drawn(10)) - 400) < 76
    assert drawn(10) < drawn(20)
    assert drawn(10) != drawn(10, seed=2)
    assert (drawn(0), drawn(100)) == (set(), set(prints))


def test_the_documented_table_is_the_one_that_is_applied():
    rows = re.findall(
        r"^\| `(\w+)` \|.*\| (\d+) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE
    )

    assert {rule: int(priority) for rule, priority in rows} == {
        rule.value: priority for rule, priority in PRIORITY.items()
    }
