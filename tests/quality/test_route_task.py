"""After each answer: one more rater, a specialist, or enough."""

from datetime import timedelta

import pytest

from feedback.common import clock
from feedback.jobs.services import due_job_ids, run_job
from feedback.quality import routing
from feedback.quality.votes import Question, question_of, votes_in
from feedback.rating.answers import Answer, scores
from feedback.studies.assignment import assign_next
from feedback.studies.criteria import FormDraft
from feedback.studies.models import Criterion, Enrollment, Slot, Task
from feedback.studies.policies import policy_words
from feedback.studies.slots import fit_slots
from tests.builders import BETTER_A, make_rater, make_study, submit
from tests.rating.everything import make_everything

pytestmark = pytest.mark.django_db

GOOD = Answer(ratings=scores(correctness=5, tone=4, safety=5))
POOR = Answer(ratings=scores(correctness=2, tone=4, safety=5))
RATINGS_ONLY = [FormDraft("single", ("ratings",))]


def work():
    while due := due_job_ids(now=clock.now(), older_than=timedelta()):
        for job_id in due:
            assert run_job(job_id=job_id)


def make(policy, **fields):
    fields = {"audit_percent": 0} | fields
    study = make_study(n_prompts=1, n_completions=1, forms=RATINGS_ONLY, overlap=5)
    type(study).objects.filter(pk=study.pk).update(policy=policy, **fields)
    study.refresh_from_db()
    Slot.objects.filter(study=study, slot_no__gte=2).delete()
    return study


def specialist(study):
    rater = make_rater(study)
    Enrollment.objects.filter(study=study, user=rater.user).update(tier="specialist")
    return rater


def say(study, *answers, by=None):
    """Each answer by a new rater, with the jobs done in between."""
    for answer in answers:
        rater = by or make_rater(study)
        assignment = assign_next(study=study, rater=rater, now=clock.now())
        assert assignment is not None, "nobody more is asked"
        submit(assignment, answer)
        work()
    return study.tasks.get()


def test_two_of_one_mind_are_enough(django_capture_on_commit_callbacks):
    task = say(make("lead"), GOOD, GOOD)
    assert (task.state, task.stopped_by) == ("complete", "lead")
    assert task.slots.count() == 2


def test_more_are_asked_until_one_answer_leads_by_two():
    study = make("lead")
    task = say(study, GOOD, POOR)
    assert task.state == Task.State.OPEN
    assert list(task.slots.order_by("slot_no").values_list("wave", "state")) == [
        ("base", "done"),
        ("base", "done"),
        ("more", "open"),
    ]
    task = say(study, GOOD)
    assert task.state == Task.State.OPEN
    task = say(study, GOOD)
    assert (task.state, task.stopped_by, task.slots.count()) == ("complete", "lead", 4)


def test_the_scale_is_a_decision_and_not_a_mean():
    """4 and 5 are the same decision, good enough; 3 is not."""
    almost = Answer(ratings=scores(correctness=4, tone=1, safety=1))
    task = say(make("lead"), GOOD, almost)
    assert task.state == Task.State.COMPLETE
    middling = Answer(ratings=scores(correctness=3, tone=4, safety=5))
    task = say(make("lead"), GOOD, middling)
    assert task.state == Task.State.OPEN


def test_the_study_names_what_is_decided_on():
    unsafe = Answer(ratings=scores(correctness=5, tone=4, safety=1))
    assert say(make("lead"), GOOD, unsafe).state == Task.State.COMPLETE
    task = say(make("lead", decides_on="safety"), GOOD, unsafe)
    assert task.state == Task.State.OPEN


def test_without_a_lead_at_the_cap_a_specialist_decides():
    study = make("lead", cap=3)
    expert = specialist(study)
    task = say(study, GOOD, POOR, GOOD)
    (place,) = task.slots.filter(wave="specialist")
    assert (place.state, place.is_for_specialist) == ("open", True)
    # Nobody else is offered it.
    assert assign_next(study=study, rater=make_rater(study), now=clock.now()) is None
    task = say(study, GOOD, by=expert)
    assert (task.state, task.stopped_by) == ("complete", "specialist")


def test_without_a_specialist_the_cap_ends_it():
    task = say(make("lead", cap=3), GOOD, POOR, GOOD)
    assert (task.state, task.stopped_by) == ("complete", "cap")


def test_locked_stops_when_the_leader_cannot_be_caught():
    study = make("locked")
    task = say(study, GOOD, GOOD)
    assert task.state == Task.State.OPEN
    task = say(study, GOOD)
    assert (task.state, task.stopped_by, task.slots.count()) == (
        "complete",
        "locked",
        3,
    )


def test_posterior_stops_when_the_record_makes_it_certain():
    study = make("posterior", cap=9)
    task = say(study, GOOD, GOOD)
    # Of two newcomers two agreeing answers make .75² / (.75² + .25²) = .9.
    assert (task.state, task.stopped_by) == ("complete", "posterior")
    study = make("posterior", cap=9)
    task = say(study, GOOD, POOR)
    assert task.state == Task.State.OPEN


def test_certain_tasks_are_audited_by_chance():
    study = make("lead", audit_percent=100)
    expert = specialist(study)
    task = say(study, GOOD, GOOD)
    (place,) = task.slots.filter(wave="audit")
    assert (task.state, place.state) == ("open", "open")
    task = say(study, POOR, by=expert)
    assert (task.state, task.stopped_by) == ("complete", "lead")
    # The audit is no vote: what the policy counts are the first two.
    version = task.guideline_version
    question = question_of(study=study, kind=task.kind, version=version)
    assert votes_in(question=question, study=study).labels == [1, 1]


def test_who_is_outside_their_practice_gives_no_vote():
    study = make("lead")
    task = say(study, GOOD, Answer(is_outside_practice=True))
    assert task.state == Task.State.OPEN
    task = say(study, GOOD)
    assert (task.state, task.stopped_by) == ("complete", "lead")
    assert task.slots.filter(state="done").count() == 2


def test_answers_without_a_label_count_as_asked():
    from feedback.rating.answers import NOT_APPLICABLE, Place, Value

    ratings = dict(GOOD.ratings) | {Place("correctness"): Value(missing=NOT_APPLICABLE)}
    nothing = Answer(ratings=ratings)
    task = say(make("lead", cap=3), nothing, nothing, nothing)
    assert (task.state, task.stopped_by) == ("complete", "cap")


def test_routing_again_changes_nothing():
    study = make("lead")
    task = say(study, GOOD, POOR)
    before = list(task.slots.order_by("pk").values("wave", "state"))
    routing.route_task(task.pk)
    routing.route_study(study.pk)
    assert list(task.slots.order_by("pk").values("wave", "state")) == before


def test_pairs_lead_by_preference():
    study = make_study(
        n_prompts=1, n_completions=2, overlap=2, forms=[FormDraft("pair")]
    )
    type(study).objects.filter(pk=study.pk).update(policy="lead", audit_percent=0)
    study.refresh_from_db()
    task = say(study, BETTER_A, Answer(outcome="tie"))
    assert task.state == Task.State.OPEN
    task = say(study, BETTER_A)
    assert task.state == Task.State.OPEN
    task = say(study, BETTER_A)
    assert (task.state, task.stopped_by) == ("complete", "lead")


def test_information_spends_a_fixed_sum_on_pairs():
    study = make_study(
        n_prompts=4, n_completions=2, overlap=3, forms=[FormDraft("pair")]
    )
    type(study).objects.filter(pk=study.pk).update(policy="information")
    study.refresh_from_db()
    Slot.objects.filter(study=study, slot_no__gte=2).delete()
    n_answers = 0
    for _ in range(6):
        rater = make_rater(study)
        while assignment := assign_next(study=study, rater=rater, now=clock.now()):
            submit(assignment, BETTER_A)
            work()
            n_answers += 1
    assert n_answers == 4 * 3
    assert study.tasks.exclude(state=Task.State.COMPLETE).count() == 0


@pytest.mark.parametrize(
    "policy", ["fixed", "locked", "lead", "posterior", "information"]
)
def test_every_policy_says_in_words_what_it_does(policy):
    text = policy_words(make(policy, audit_percent=10))
    assert text[0].isupper()
    assert text.endswith(".")
    assert ("10 %" in text) is (policy != "fixed")


def test_another_policy_asks_nobody_more_of_an_untouched_task():
    study = make("lead")
    fit_slots(study=study)
    work()
    routing.route_study(study.pk)
    assert study.tasks.get().slots.count() == 2


def test_a_task_whose_specialist_left_is_completed():
    study = make("lead", cap=3)
    expert = specialist(study)
    task = say(study, GOOD, POOR, GOOD)
    assert list(routing.stranded(study)) == [task]
    Enrollment.objects.filter(user=expert.user).update(ended_at=clock.now())

    routing.route_task(task.pk)

    task.refresh_from_db()
    assert (task.state, task.stopped_by) == ("complete", "cap")
    assert not task.slots.filter(state="open").exists()


def test_a_specialist_outside_their_practice_leaves_the_end_to_the_cap():
    study = make("lead", cap=3)
    expert = specialist(study)
    say(study, GOOD, POOR, GOOD)
    task = say(study, Answer(is_outside_practice=True), by=expert)
    assert (task.state, task.stopped_by) == ("complete", "cap")


def test_a_form_without_ratings_counts_no_criterion():
    study = make_study(n_prompts=1, n_completions=1)
    version = study.guideline_versions.get()
    asked = question_of(study=study, kind="single", version=version)
    assert asked.criterion.key == "correctness"
    study = make_everything(forms=[FormDraft("single", ("marks",))], n_completions=1)
    version = study.guideline_versions.get()
    assert question_of(study=study, kind="single", version=version) is None


def test_options_that_a_version_lacks_give_no_vote():
    options = [{"value": "yes", "label": "Yes"}, {"value": "no", "label": "No"}]
    question = Question(Criterion(kind="nominal", options=options))
    assert question.label_of(None, ["no"]) == 1
    assert question.label_of(None, ["gone"]) is None
    assert Question(Criterion(kind="yes_no")).label_of(5, None) is None


def test_an_adjudicated_task_asks_nobody_else():
    study = make("lead")
    say(study, GOOD)
    Task.objects.filter(study=study).update(stopped_by="specialist")
    task = say(study, POOR)
    assert (task.state, task.stopped_by) == ("complete", "specialist")
    assert task.slots.count() == 2
