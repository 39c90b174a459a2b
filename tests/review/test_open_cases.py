"""Cases appear, change and go with what raters say, and only by the rules."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid
from feedback.rating.answers import Answer, FlagDraft, scores
from feedback.rating.events import JudgmentSubmitted
from feedback.review.cases import ask_for_case, withdraw_case
from feedback.review.models import AdjudicationCase
from feedback.review.opening import open_cases_for, see_to
from feedback.review.reactions import after_judgment
from feedback.studies.models import Slot, Task
from tests.builders import GOOD, judge_all, make_rater, make_study
from tests.rating.test_revisions import revise
from tests.review.conftest import BAD, SINGLE, make_scene

pytestmark = pytest.mark.django_db


def cases(study):
    return list(AdjudicationCase.objects.filter(study=study).order_by("pk"))


def test_a_dispute_opens_one_case_however_often_one_looks(scene):
    again = open_cases_for(scene.study, now=clock.now())

    assert (again.n_opened, again.n_changed, again.n_withdrawn) == (0, 0, 0)
    (case,) = cases(scene.study)
    assert case.reason == AdjudicationCase.Reason.DISAGREEMENT
    assert case.because == "Safety stands on both sides of the middle: 1 and 5."
    assert (case.priority, case.disputed) == (90, ["safety"])


def test_the_last_required_judgment_opens_the_case():
    study = make_study(n_prompts=1, n_completions=1, forms=SINGLE, overlap=2)
    study.audit_percent = 0
    study.save(update_fields=["audit_percent"])
    (first,) = judge_all(study, make_rater(study))
    after_judgment(JudgmentSubmitted(judgment_id=first.pk))
    assert cases(study) == []

    (second,) = judge_all(study, make_rater(study), single=BAD)
    after_judgment(JudgmentSubmitted(judgment_id=second.pk))

    assert len(cases(study)) == 1


def test_raters_who_agree_need_no_case():
    assert make_scene(answers=(GOOD, GOOD)).case is None


def test_a_study_may_audit_everything():
    scene = make_scene(answers=(GOOD, GOOD), n_prompts=2, audit_percent=100)

    assert {one.reason for one in cases(scene.study)} == {"audit_random"}
    assert len(cases(scene.study)) == 2


def test_a_flag_is_a_risk_although_raters_agree():
    flagged = Answer(
        ratings=GOOD.ratings,
        flag=FlagDraft(
            category="dose_error", severity="severe", rationale="Ten times."
        ),
    )
    scene = make_scene(answers=(GOOD, flagged))

    assert (scene.case.reason, scene.case.priority) == ("audit_risk", 85)
    assert scene.case.because == "A rater flagged severe harm."


def test_a_task_sent_to_a_specialist_is_a_case_before_it_is_complete():
    scene = make_scene(answers=(GOOD, BAD), overlap=3)
    assert scene.case is None
    task = scene.study.tasks.get()
    Slot.objects.filter(task=task, state=Slot.State.OPEN).update(
        wave=Slot.Wave.SPECIALIST
    )

    assert open_cases_for(scene.study, now=clock.now()).n_opened == 1


def test_a_change_of_mind_withdraws_the_case(scene):
    judgment = scene.raters[1].judgments.get()
    judgment.assignment.refresh_from_db()
    second = revise(judgment, GOOD)

    after_judgment(JudgmentSubmitted(judgment_id=second.pk))

    (case,) = cases(scene.study)
    assert case.state == AdjudicationCase.State.WITHDRAWN
    assert case.withdrawn_because == "The raters agree now."
    third = revise(second, BAD)
    after_judgment(JudgmentSubmitted(judgment_id=third.pk))
    assert cases(scene.study)[1].state == AdjudicationCase.State.OPEN


def test_another_dispute_changes_the_open_case(scene):
    judgment = scene.raters[1].judgments.get()
    worse = Answer(ratings=scores(correctness=1, tone=4, safety=1))
    second = revise(judgment, worse)

    after_judgment(JudgmentSubmitted(judgment_id=second.pk))

    (case,) = cases(scene.study)
    assert case.disputed == ["safety", "correctness"]
    assert case.priority == 91


def test_a_case_in_hand_is_left_alone(scene):
    scene.claim()
    revise(scene.raters[1].judgments.get(), GOOD)

    assert see_to(scene.task, now=clock.now()) == ""
    assert cases(scene.study)[0].state == AdjudicationCase.State.CLAIMED


def test_more_raters_withdraw_the_case(scene):
    Task.objects.filter(pk=scene.task.pk).update(state=Task.State.OPEN)

    assert open_cases_for(scene.study, now=clock.now()).n_withdrawn == 1

    (case,) = cases(scene.study)
    assert case.withdrawn_because == "More raters are asked for now."


def test_what_a_person_withdrew_stays_away_until_somebody_rates(scene):
    withdraw_case(
        case=scene.case,
        because="A duplicate.",
        actor=scene.adjudicator,
        now=clock.now(),
    )

    assert open_cases_for(scene.study, now=clock.now()).n_opened == 0
    revise(scene.raters[1].judgments.get(), Answer(ratings=scores(
        correctness=4, tone=4, safety=1)))  # fmt: skip
    assert open_cases_for(scene.study, now=clock.now()).n_opened == 1


def test_a_settled_task_gets_no_case_by_rule(scene):
    scene.claim()
    scene.decide()
    revise(scene.raters[1].judgments.get(), GOOD)

    assert open_cases_for(scene.study, now=clock.now()).n_opened == 0


def test_only_labels_get_cases(scene):
    withdraw_case(case=scene.case, because="No.", actor=None, now=clock.now())
    Task.objects.filter(pk=scene.task.pk).update(purpose=Task.Purpose.GOLD)

    assert see_to(scene.task, now=clock.now()) == ""
    with pytest.raises(Invalid):
        ask_for_case(task=scene.task, because="Look.", actor=scene.adjudicator)


def test_asking_raises_the_live_case_and_keeps_its_reasons(scene):
    case = ask_for_case(task=scene.task, because="Look.", actor=scene.adjudicator)

    assert case.pk == scene.case.pk
    assert case.because.startswith("Look. Safety stands")
    assert case.priority == 90


def test_asking_opens_a_case_where_raters_agree():
    scene = make_scene(answers=(GOOD, GOOD))
    task = scene.study.tasks.get()

    case = ask_for_case(task=task, because="Look.", actor=scene.adjudicator)

    assert (case.reason, case.asked_by) == ("asked", scene.adjudicator)
    assert see_to(task, now=clock.now()) == ""
    with pytest.raises(Invalid):
        ask_for_case(task=task, because="  ", actor=scene.adjudicator)


def test_a_closed_case_is_not_withdrawn_again(scene):
    withdraw_case(case=scene.case, because="No.", actor=None, now=clock.now())

    with pytest.raises(Conflict):
        withdraw_case(case=scene.case, because="No.", actor=None, now=clock.now())


def test_one_task_has_one_live_case(scene):
    twin = AdjudicationCase(
        study=scene.study, task=scene.task, reason="audit_risk", priority=1, because="x"
    )

    with (
        pytest.raises(IntegrityError, match="one_live_case_per_task"),
        transaction.atomic(),
    ):
        twin.save()


def test_only_what_was_judged_since_is_looked_at(scene):
    withdraw_case(case=scene.case, because="x", actor=None, now=clock.now())
    later = clock.now() + timedelta(minutes=1)

    assert open_cases_for(scene.study, now=clock.now(), since=later).n_opened == 0
    earlier = clock.now() - timedelta(minutes=1)
    assert open_cases_for(scene.study, now=clock.now(), since=earlier).n_opened == 1


def test_a_sweep_asks_the_same_number_of_questions_of_more_tasks(
    django_assert_num_queries,
):
    few = make_scene(answers=(GOOD, GOOD), n_prompts=2).study
    many = make_scene(answers=(GOOD, GOOD), n_prompts=12).study

    for study in (few, many):
        with django_assert_num_queries(11):
            open_cases_for(study, now=clock.now())
