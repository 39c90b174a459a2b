"""Raters move from stage to stage by what they answered."""

import pytest

from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.quality.qualification import REVIEWED, review_behind, review_stage
from feedback.quality.reactions import after_judgment
from feedback.rating.events import JudgmentSubmitted
from feedback.studies.models import Enrollment, Slot, Task
from tests import builders
from tests.quality.known import (
    OUTSIDE,
    RIGHT,
    WRONG,
    answer_next,
    at_stage,
    make_known,
)

Stage = Enrollment.Stage


@pytest.fixture
def study(db):
    return builders.make_study(n_prompts=20, overlap=1)


@pytest.fixture
def rater(study):
    return builders.make_rater(study)


def review(study, rater):
    enrollment = Enrollment.objects.get(study=study, user=rater.user)
    return review_stage(enrollment=enrollment, now=clock.now())


def answer(study, rater, plan):
    """Answer as planned: + right, - wrong, o outside the practice; then review."""
    kinds = {"+": RIGHT, "-": WRONG, "o": OUTSIDE}
    for one in plan:
        judgment = answer_next(study, rater, kinds[one])
        assert judgment is not None
        after_judgment(JudgmentSubmitted(judgment_id=judgment.pk))
    return Enrollment.objects.get(study=study, user=rater.user)


def test_a_new_rater_trains_qualifies_and_rates(study, rater):
    make_known(study, 6, purpose=Task.Purpose.TRAINING)
    make_known(study, 20, skip=6)
    at_stage(study, rater, Stage.TRAINING)
    assert answer(study, rater, "++-+").stage == Stage.TRAINING
    assert answer(study, rater, "+").stage == Stage.QUALIFYING
    assert answer(study, rater, "+" * 11).stage == Stage.QUALIFYING
    ready = answer(study, rater, "+")
    assert ready.stage == Stage.READY
    assert "12 of 12 answers" in ready.stage_reason
    assert answer_next(study, rater).task.purpose == Task.Purpose.LABEL
    moves = AuditEvent.objects.filter(action=REVIEWED).order_by("pk")
    assert [(m.details["from"], m.details["to"]) for m in moves] == [
        ("training", "qualifying"),
        ("qualifying", "ready"),
    ]


def test_without_training_tasks_training_is_over_at_once(study, rater):
    make_known(study, 3)
    at_stage(study, rater, Stage.TRAINING)
    assert review(study, rater).stage == Stage.QUALIFYING


def test_three_wrong_answers_in_a_row_do_not_qualify(study, rater):
    make_known(study, 10)
    at_stage(study, rater, Stage.QUALIFYING)
    assert answer(study, rater, "--").stage == Stage.QUALIFYING
    failed = answer(study, rater, "-")
    assert failed.stage == Stage.FAILED
    assert "0 of 3 answers" in failed.stage_reason
    assert answer_next(study, rater) is None


def test_outside_ones_practice_counts_neither_way(study, rater):
    make_known(study, 6)
    at_stage(study, rater, Stage.QUALIFYING)
    assert answer(study, rater, "oooo--").stage == Stage.LOOK


def test_a_study_that_runs_out_of_golds_asks_its_lead(study, rater):
    make_known(study, 4)
    at_stage(study, rater, Stage.QUALIFYING)
    assert answer(study, rater, "+++").stage == Stage.QUALIFYING
    look = answer(study, rater, "+")
    assert look.stage == Stage.LOOK
    assert "no more such tasks" in look.stage_reason


def test_another_try_after_failing_starts_anew(study, rater):
    make_known(study, 20)
    at_stage(study, rater, Stage.QUALIFYING)
    answer(study, rater, "---")
    at_stage(study, rater, Stage.QUALIFYING)
    assert review(study, rater).stage == Stage.QUALIFYING
    assert answer(study, rater, "+" * 12).stage == Stage.READY


def test_a_review_changes_nothing_the_second_time(study, rater):
    make_known(study, 5)
    at_stage(study, rater, Stage.QUALIFYING)
    answer(study, rater, "---")
    n_events = AuditEvent.objects.count()
    before = review(study, rater)
    assert review(study, rater).stage_reason == before.stage_reason
    assert AuditEvent.objects.count() == n_events


def drifting(study, rater):
    """A ready rater with ten right golds and then four wrong ones."""
    at_stage(study, rater, Stage.QUALIFYING)
    for one in "++++++++++----":
        answer_next(study, rater, RIGHT if one == "+" else WRONG)
    at_stage(study, rater, Stage.READY)


def reserved(rater):
    return Slot.objects.filter(reserved_for=rater, state=Slot.State.OPEN).count()


def test_a_drift_alarm_asks_five_golds_more_and_excludes_nobody(study, rater):
    make_known(study, 30)
    drifting(study, rater)
    assert review(study, rater).stage == Stage.READY
    assert reserved(rater) == 5
    review(study, rater)
    assert reserved(rater) == 5
    answer(study, rater, "++")
    assert reserved(rater) == 3
    assert answer(study, rater, "+++").stage == Stage.READY
    assert reserved(rater) == 0
    assert answer_next(study, rater).task.purpose == Task.Purpose.LABEL


def test_three_of_the_five_wrong_pause_until_the_lead_lets_go_on(study, rater):
    make_known(study, 30)
    drifting(study, rater)
    review(study, rater)
    paused = answer(study, rater, "--+-+")
    assert paused.stage == Stage.PAUSED
    assert "3 came out differently" in paused.stage_reason
    assert answer_next(study, rater) is None
    at_stage(study, rater, Stage.READY)
    assert review(study, rater).stage == Stage.READY
    assert reserved(rater) == 0


def test_fewer_golds_than_an_alarm_asks_for_are_all_that_come(study, rater):
    make_known(study, 16)
    drifting(study, rater)
    assert review(study, rater).stage == Stage.READY
    assert reserved(rater) == 2


def test_an_enrollment_that_ended_is_left_alone(study, rater):
    make_known(study, 5)
    enrollment = at_stage(study, rater, Stage.QUALIFYING)
    for _ in range(3):
        answer_next(study, rater, WRONG)
    enrollment.ended_at = clock.now()
    enrollment.save(update_fields=["ended_at"])
    assert review(study, rater).stage == Stage.QUALIFYING


def test_an_ordinary_answer_reviews_nobody(study, rater):
    make_known(study, 5)
    at_stage(study, rater, Stage.READY)
    judgment = answer_next(study, rater)
    at_stage(study, rater, Stage.TRAINING)
    after_judgment(JudgmentSubmitted(judgment_id=judgment.pk))
    enrollment = Enrollment.objects.get(study=study, user=rater.user)
    assert enrollment.stage == Stage.TRAINING


def test_the_sweep_makes_up_for_reviews_that_were_missed(study, rater):
    make_known(study, 30)
    other, third = builders.make_rater(study), builders.make_rater(study)
    at_stage(study, rater, Stage.QUALIFYING)
    for _ in range(3):
        answer_next(study, rater, WRONG)
    drifting(study, other)
    at_stage(study, third, Stage.TRAINING)
    assert review_behind(now=clock.now()) == 2
    stages = {
        one.user_id: one.stage
        for one in Enrollment.objects.filter(study=study, role="rater")
    }
    assert stages[rater.user_id] == Stage.FAILED
    assert stages[third.user_id] == Stage.QUALIFYING
    assert stages[other.user_id] == Stage.READY
    assert reserved(other) == 5
    assert review_behind(now=clock.now()) == 0
