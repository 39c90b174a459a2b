"""Qualification and drift, against published plans, tables and slow oracles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.sequential import (
    DriftChart,
    QualificationPlan,
    characteristic,
    cusum,
    drift,
    qualify,
)

ANSWERS = st.lists(st.booleans(), max_size=60)
# NIST/SEMATECH e-Handbook, 6.2.6: p1 = .01, p2 = .10, errors .05 and .10 give the
# lines -.939 + .0397 n (accept) and 1.205 + .0397 n (reject), after Wald (1945).
HANDBOOK = QualificationPlan(
    fit=0.99, unfit=0.90, wrongly_failed=0.05, wrongly_passed=0.10, most=100
)


def right(*, n_right=0, n_wrong=0):
    return np.array([False] * n_wrong + [True] * n_right)


def test_a_published_plan_accepts_after_twenty_four_without_a_defect():
    assert qualify(right(n_right=23), HANDBOOK).verdict == "go on"

    passed = qualify(right(n_right=30), HANDBOOK)

    assert (passed.verdict, passed.n_golds, passed.n_right) == ("pass", 24, 24)


def test_the_boundaries_are_the_published_lines():
    up, down = np.log(0.99 / 0.90), np.log(0.01 / 0.10)

    assert -HANDBOOK.pass_at / (up - down) == pytest.approx(-0.939, abs=5e-4)
    assert -HANDBOOK.fail_at / (up - down) == pytest.approx(1.205, abs=5e-4)
    assert up / (up - down) == pytest.approx(0.0397, abs=5e-5)


def test_two_early_defects_fail_by_the_published_plan():
    failed = qualify(right(n_wrong=2, n_right=5), HANDBOOK)

    assert (failed.verdict, failed.n_golds, failed.n_right) == ("fail", 2, 0)
    assert len(failed.evidence) == 2


def test_twelve_rights_pass_and_three_wrongs_fail_by_our_plan():
    assert qualify(right(n_right=11)).verdict == "go on"
    assert qualify(right(n_right=12)).verdict == "pass"
    assert qualify(right(n_wrong=2)).verdict == "go on"
    assert qualify(right(n_wrong=3)).verdict == "fail"
    assert qualify(right()).verdict == "go on"


def test_a_person_looks_when_forty_golds_do_not_decide():
    between = np.tile([True, True, True, True, True, False], 8)

    undecided = qualify(between)

    assert (undecided.verdict, undecided.n_golds) == ("human looks", 40)
    assert qualify(between[:39]).verdict == "go on"


@settings(deadline=None, max_examples=50)
@given(ANSWERS)
def test_answers_after_the_verdict_change_nothing(answers):
    told = qualify(np.array(answers, dtype=bool))
    again = qualify(np.array(answers[: told.n_golds], dtype=bool))

    assert (again.verdict, again.n_golds) == (told.verdict, told.n_golds)
    if told.verdict in {"pass", "fail"}:
        assert qualify(np.array([*answers, False], dtype=bool)).verdict == told.verdict


@pytest.mark.parametrize("accuracy", [0.7, 0.8, 0.9])
def test_the_characteristic_is_what_simulated_raters_meet(accuracy):
    rng = np.random.default_rng(20261)
    exact = characteristic(accuracy=accuracy)
    told = [qualify(rng.random(40) < accuracy) for _ in range(4000)]

    for verdict, share in (
        ("pass", exact.passed),
        ("fail", exact.failed),
        ("human looks", exact.unsettled),
    ):
        met = np.mean([t.verdict == verdict for t in told])
        assert met == pytest.approx(share, abs=4 * np.sqrt(0.25 / 4000))
    assert np.mean([t.n_golds for t in told]) == pytest.approx(
        exact.expected_golds, rel=0.03
    )


def test_wrong_verdicts_stay_below_the_stated_errors():
    assert characteristic(accuracy=0.70).passed < 0.05
    assert characteristic(accuracy=0.90).failed < 0.05


def test_without_a_cap_golds_needed_are_near_walds_approximation():
    # Wald (1945): E(n) = (P(pass) pass_at + P(fail) fail_at) / E(evidence of one).
    # It leaves out the overshoot, so the exact number is a little higher.
    plan = QualificationPlan(most=1000)
    for accuracy in (0.70, 0.90):
        exact = characteristic(accuracy=accuracy, plan=plan)
        one = accuracy * np.log(9 / 7) + (1 - accuracy) * np.log(1 / 3)
        approximate = (exact.passed * plan.pass_at + exact.failed * plan.fail_at) / one
        assert exact.unsettled < 1e-12
        assert 1.0 < exact.expected_golds / approximate < 1.2
        assert 20 <= exact.expected_golds < 25


@settings(deadline=None, max_examples=50)
@given(st.floats(0.0, 1.0), st.integers(1, 40))
def test_something_always_comes_out(accuracy, most):
    exact = characteristic(accuracy=accuracy, plan=QualificationPlan(most=most))

    assert exact.passed + exact.failed + exact.unsettled == pytest.approx(1.0)
    assert exact.expected_golds <= most + 1e-9


def run_lengths(scores, *, limit):
    alarms = [cusum(row, limit=limit).alarm for row in scores]
    return np.array([len(scores[0]) if a is None else a + 1 for a in alarms])


@pytest.mark.parametrize(("shift", "published"), [(0.0, 336.0), (1.0, 8.38)])
def test_run_lengths_match_the_published_table_for_a_normal_mean(shift, published):
    # Lucas & Crosier (1982) and Hawkins & Olwell (1998): k = .5, h = 4, one-sided.
    rng = np.random.default_rng(1954)
    scores = rng.normal(shift, 1.0, (1500, 3000)) - 0.5

    assert run_lengths(scores, limit=4.0).mean() == pytest.approx(published, rel=0.06)


@pytest.mark.parametrize(
    ("accuracy", "checks"), [(0.90, 432.0), (0.70, 21.0), (0.50, 9.0)]
)
def test_drift_is_noticed_as_fast_as_the_project_says(accuracy, checks):
    rng = np.random.default_rng(1998)
    alarms = [drift(rng.random(4000) < accuracy).alarm for _ in range(1000)]
    met = np.mean([4000 if a is None else a + 1 for a in alarms])

    assert met == pytest.approx(checks, rel=0.12)


@settings(deadline=None, max_examples=50)
@given(ANSWERS)
def test_the_path_is_pages_recursion(answers):
    chart = drift(np.array(answers, dtype=bool))

    expected, now = [], 0.0
    for answer in answers:
        now = max(0.0, now + (np.log(7 / 9) if answer else np.log(3)))
        expected.append(now)
    assert chart.path == pytest.approx(expected, abs=1e-9)
    over = [i for i, height in enumerate(expected) if height >= 3.5]
    assert chart.alarm == (over[0] if over else None)


def test_four_wrongs_in_a_row_alarm_and_the_path_runs_on():
    told = drift(right(n_wrong=4, n_right=2))

    assert told.alarm == 3
    assert len(told.path) == 6
    assert drift(right(n_wrong=3)).alarm is None
    assert drift(right(n_wrong=3), DriftChart(limit=2.5)).alarm == 2


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: QualificationPlan(fit=0.7, unfit=0.9), "fit above unfit"),
        (lambda: QualificationPlan(wrongly_passed=0.5), "error 0.5"),
        (lambda: QualificationPlan(most=0), "most 0"),
        (lambda: DriftChart(fit=1.0), "fit 1.0"),
        (lambda: DriftChart(limit=0.0), "limit 0.0"),
        (lambda: characteristic(accuracy=1.5), "accuracy 1.5"),
        (lambda: qualify(np.ones((2, 2), dtype=bool)), r"shape \(2, 2\)"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
