"""What a rater and their lead read."""

from math import nan

import numpy as np
import pytest

from feedback.stats.copying import Coincidence
from feedback.stats.golds import gold_accuracy
from feedback.stats.proportions import wilson
from feedback.stats.raters import RaterEvidence, review_rater
from feedback.stats.repeats import self_agreement
from feedback.stats.rest import RestCorrelation
from feedback.stats.sequential import drift
from feedback.stats.sides import left_choice
from feedback.stats.speed import effort
from feedback.stats.straight_lines import StraightLine

RATINGS = np.array([1.0, 2.0, 3.0, 4.0])
GOOD = RaterEvidence(
    golds=gold_accuracy(n_right=19, n=20),
    drift=drift(np.ones(20, dtype=bool)),
    rest=RestCorrelation(n=50, correlation=0.61, upper=0.74),
    line=StraightLine(n=50, value=nan, p_value=nan),
    sides=left_choice(n_left=26, n_decisive=50),
    effort=effort(np.zeros(50, dtype=bool)),
    coincidences=(),
    repeats=self_agreement(before=RATINGS, after=RATINGS, level="ordinal"),
    flips=wilson(1, 10),
)
BAD = RaterEvidence(
    golds=gold_accuracy(n_right=8, n=20),
    drift=drift(np.zeros(4, dtype=bool)),
    rest=RestCorrelation(n=50, correlation=-0.31, upper=-0.08),
    line=StraightLine(n=50, value=3.0, p_value=1e-9),
    sides=left_choice(n_left=50, n_decisive=50),
    effort=effort(np.ones(50, dtype=bool)),
    coincidences=(Coincidence(2, 7, 40, 38, expected_same=21.4, p_value=1e-6),),
)
NOTHING = RaterEvidence(
    golds=gold_accuracy(n_right=0, n=0),
    drift=drift(np.ones(0, dtype=bool)),
    rest=RestCorrelation(n=0, correlation=nan, upper=nan),
    line=StraightLine(n=0, value=nan, p_value=nan),
    sides=left_choice(n_left=0, n_decisive=0),
    effort=effort(np.ones(0, dtype=bool)),
    repeats=self_agreement(before=np.zeros(0), after=np.zeros(0), level="nominal"),
    flips=wilson(0, 0),
)


def says(evidence, kind):
    (finding,) = [f for f in review_rater(evidence).findings if f.kind == kind]
    return finding


def test_a_good_rater_has_findings_and_no_flag():
    told = review_rater(GOOD)

    assert [f.kind for f in told.findings] == [
        "golds",
        "drift",
        "rest",
        "straight line",
        "sides",
        "speed",
        "copying",
        "repeats",
        "swapped",
    ]
    assert [f.state for f in told.findings] == ["fine"] * 7 + ["shown only"] * 2
    assert told.flagged == ()


def test_a_bad_rater_is_flagged_for_everything_there_is_a_rule_for():
    told = review_rater(BAD)

    assert told.kinds == {f.kind for f in told.findings}
    assert len(told.flagged) == 7


def test_a_newcomer_has_too_few_of_everything():
    told = review_rater(NOTHING)

    assert {f.state for f in told.findings} == {"too few"}
    assert review_rater(RaterEvidence()).findings == ()


@pytest.mark.parametrize("evidence", [GOOD, BAD, NOTHING])
def test_every_finding_says_its_number_and_its_rule(evidence):
    for finding in review_rater(evidence).findings:
        assert finding.says.endswith(".")
        assert finding.rule.endswith(".")
        assert "nan" not in finding.says
        # What decides is written where it is read: the limit, or that there is none.
        assert ("lagged" in finding.rule) != ("no limit" in finding.rule)


@pytest.mark.parametrize(
    ("evidence", "kind", "words"),
    [
        (GOOD, "golds", "19 of 20 golds right. That makes an accuracy of 91 % likely"),
        (GOOD, "drift", "No alarm in 20 golds."),
        (BAD, "drift", "Alarm at gold 4 of 4."),
        (GOOD, "rest", "the correlation with their mean is 0.61, at most 0.74"),
        (NOTHING, "rest", "they do not vary enough"),
        (BAD, "straight line", "All 50 ratings are 3."),
        (BAD, "straight line", "the chance of that is less than .001"),
        (GOOD, "straight line", "50 ratings, not all equal"),
        (GOOD, "sides", "26 of 50 (52 %, 95 % interval 39 % to 65 %) decisive votes"),
        (GOOD, "sides", "with a chance of 0.888"),
        (BAD, "speed", "0 of 50 (0 %"),
        (BAD, "copying", "38 of 40 shared items have the same answer"),
        (BAD, "copying", "where 21 were to be expected"),
        (GOOD, "copying", "No other rater's answers coincide"),
        (GOOD, "repeats", "4 of 4 (100 %"),
        (NOTHING, "swapped", "None of 0 pairs"),
    ],
)
def test_the_words_are_the_numbers(evidence, kind, words):
    assert words in says(evidence, kind).says
