"""The rules by which raters move from stage to stage, without a database."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.quality.standards import Evidence, decide, watch
from feedback.studies.models import Enrollment

Stage = Enrollment.Stage


def evidence(right=(), *, n_training_left=0, n_golds_left=10):
    return Evidence(
        right=np.array(right, dtype=np.bool_),
        n_training_left=n_training_left,
        n_golds_left=n_golds_left,
    )


def answers(text):
    """Right and wrong as + and -."""
    return np.array([one == "+" for one in text], dtype=np.bool_)


def test_training_ends_with_its_last_task():
    assert decide(Stage.TRAINING, evidence(n_training_left=1)) is None
    decision = decide(Stage.TRAINING, evidence(n_training_left=0))
    assert decision.stage == Stage.QUALIFYING


def test_twelve_right_answers_qualify_and_eleven_go_on():
    # log(.95 / .05) / log(.9 / .7) = 11.7 right answers in a row.
    assert decide(Stage.QUALIFYING, evidence([True] * 11)) is None
    decision = decide(Stage.QUALIFYING, evidence([True] * 12))
    assert decision.stage == Stage.READY
    assert "12 of 12 answers" in decision.reason


def test_three_wrong_answers_fail_and_two_go_on():
    # log(.95 / .05) / log(.3 / .1) = 2.7 wrong answers in a row.
    assert decide(Stage.QUALIFYING, evidence([False] * 2)) is None
    decision = decide(Stage.QUALIFYING, evidence([False] * 3))
    assert decision.stage == Stage.FAILED
    assert "0 of 3 answers" in decision.reason


def test_forty_undecided_golds_wait_for_a_person():
    in_between = ([True] * 4 + [False]) * 8
    assert decide(Stage.QUALIFYING, evidence(in_between[:39])) is None
    decision = decide(Stage.QUALIFYING, evidence(in_between))
    assert decision.stage == Stage.LOOK
    assert "too close" in decision.reason


def test_without_golds_left_a_person_looks_but_not_before_the_first():
    assert decide(Stage.QUALIFYING, evidence([True] * 3)) is None
    decision = decide(Stage.QUALIFYING, evidence([True] * 3, n_golds_left=0))
    assert decision.stage == Stage.LOOK
    assert decide(Stage.QUALIFYING, evidence(n_golds_left=0)) is None


@pytest.mark.parametrize("stage", [Stage.PAUSED, Stage.FAILED, Stage.LOOK])
def test_only_a_person_ends_these_stages(stage):
    for right in ([True] * 40, [False] * 40):
        assert decide(stage, evidence(right, n_golds_left=0)) is None


def test_an_alarm_asks_five_more_golds():
    assert watch(answers("+" * 10)).n_extra == 0
    # Four wrong in a row reach the limit of 3.5: 4 x 1.10 nats.
    assert watch(answers("+" * 10 + "---")).n_extra == 0
    seen = watch(answers("+" * 10 + "----"))
    assert seen.has_alarm
    assert seen.n_extra == 5
    assert watch(answers("+" * 10 + "----" + "++")).n_extra == 3


def test_an_alarm_pauses_nobody_before_its_five_golds_are_answered():
    assert not watch(answers("+" * 10 + "--------")).pause


def test_three_of_the_five_wrong_pause_and_two_do_not():
    alarm = "+" * 10 + "----"
    assert "5 tasks" in watch(answers(alarm + "-+-+-")).pause
    calm = watch(answers(alarm + "-+-++"))
    assert not calm.pause
    assert calm.n_extra == 0
    assert not calm.has_alarm


def test_after_a_dealt_with_alarm_the_chart_starts_anew():
    once = "+" * 10 + "----" + "+++++"
    assert watch(answers(once + "---")).n_extra == 0
    assert watch(answers(once + "----")).n_extra == 5


def test_a_pause_is_a_decision_with_its_reason():
    decision = decide(Stage.READY, evidence(answers("+" * 10 + "----" + "-----")))
    assert decision.stage == Stage.PAUSED
    assert "came out differently" in decision.reason
    assert decide(Stage.READY, evidence(answers("+" * 30))) is None


def test_a_doubtful_accuracy_pauses_from_twenty_golds_on():
    # Each alarm is answered by three right of five, which pauses nobody by itself.
    block = "----" + "+++--"
    assert not watch(answers(block * 2)).pause
    assert "Of 27 tasks" in watch(answers(block * 3)).pause


@given(st.lists(st.booleans(), max_size=80))
def test_a_longer_record_never_takes_back_what_was_asked(right):
    seen = watch(np.array(right, dtype=np.bool_))
    assert 0 <= seen.n_extra <= 5
    assert (seen.n_extra > 0) <= seen.has_alarm
    assert not (seen.n_extra and seen.pause)


def test_good_raters_are_hardly_ever_paused_and_guessing_ones_mostly():
    rng = np.random.default_rng(20260101)

    def share_paused(accuracy):
        n_paused = 0
        for _ in range(300):
            right = rng.random(60) < accuracy
            n_paused += any(watch(right[: n + 1]).pause for n in range(60))
        return n_paused / 300

    assert share_paused(0.95) <= 0.01
    assert share_paused(0.90) <= 0.02
    assert share_paused(0.50) >= 0.80
