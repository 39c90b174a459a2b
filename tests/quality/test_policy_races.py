"""Policies and overlap change while 64 raters work and leases run out."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Count, Q

from feedback.common import clock
from feedback.common.exceptions import Conflict
from feedback.jobs.services import due_job_ids, run_job
from feedback.rating.answers import Answer, scores
from feedback.rating.models import Judgment
from feedback.studies.assignment import assign_next, release_expired
from feedback.studies.criteria import FormDraft
from feedback.studies.models import Assignment, Slot, Study, Task
from feedback.studies.study_settings import save_settings
from tests.builders import make_rater, make_study, submit
from tests.rating.test_races import together
from tests.rating.test_revisions import revise

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.race,
    pytest.mark.slow,
]

N_RATERS = 64
N_TASKS = 60
CHANGES = (
    {"overlap": 2},
    {"policy": "lead"},
    {"policy": "posterior"},
    {"policy": "fixed", "overlap": 6},
    {"policy": "locked", "overlap": 5},
    {"policy": "fixed", "overlap": 3},
    {"policy": "lead", "cap": 4},
)


@pytest.fixture
def study():
    return make_study(
        n_prompts=N_TASKS,
        n_completions=1,
        overlap=5,
        forms=[FormDraft("single", ("ratings",))],
    )


def answer_of(number):
    return Answer(ratings=scores(correctness=5 if number % 3 else 2, tone=4, safety=4))


def rate(study, rater, *, number, sent):
    """Rate until nothing is left; some leases are let run out before the submit."""
    for _ in range(2 * N_TASKS):
        fresh = Study.objects.get(pk=study.pk)
        assignment = assign_next(study=fresh, rater=rater, now=clock.now())
        if assignment is None:
            return
        if (number + len(sent)) % 11 == 0:
            release_expired(
                now=assignment.leased_until,
                slots=Slot.objects.filter(pk=assignment.slot_id),
            )
        try:
            judgment = submit(assignment, answer_of(number))
        except Conflict:
            # Another rater took the place after the lease ran out: said, not lost.
            continue
        sent.append(judgment.pk)
        if (number + len(sent)) % 5 == 0:
            change_mind(judgment, number=len(sent), sent=sent)


def change_mind(judgment, *, number, sent):
    """Outside one's practice after all, and half of the time in it again."""
    try:
        outside = revise(judgment, Answer(is_outside_practice=True))
        sent.append(outside.pk)
        if number % 2:
            sent.append(revise(outside, answer_of(0)).pk)
    except Conflict:
        # Somebody else was asked in the meantime: said, not lost.
        return


def change(study, values):
    save_settings(study=study, values=values, actor=study.created_by)


def run_due_jobs():
    """Do every job that is due, and those that these ask for."""
    while due := due_job_ids(now=clock.now(), older_than=timedelta()):
        for job_id in due:
            run_job(job_id=job_id)


def test_64_raters_while_policies_change(study):
    raters = [make_rater(study) for _ in range(N_RATERS)]
    sent, is_over = [], threading.Event()

    def work(index):
        if index < N_RATERS:
            return rate(study, raters[index], number=index, sent=sent)
        if index == N_RATERS:
            for values in CHANGES:
                change(study, values)
                is_over.wait(0.3)
            return is_over.set()
        while not is_over.is_set():
            run_due_jobs()
            is_over.wait(0.05)
        return None

    together(N_RATERS + 2, work)
    run_due_jobs()

    # Every answer that was confirmed is there, and none is there twice.
    assert sorted(sent) == sorted(Judgment.objects.values_list("pk", flat=True))
    first = Judgment.objects.filter(revision=1)
    pairs = Counter(first.values_list("task_id", "rater_id"))
    assert set(pairs.values()) == {1}
    # No place was answered by two, no task had more answers than places ever asked.
    live = Assignment.objects.filter(state=Assignment.State.SUBMITTED)
    per_slot = live.values("slot").annotate(n=Count("pk")).values_list("n", flat=True)
    assert set(per_slot) == {1}
    is_answered = Q(slots__state=Slot.State.DONE)
    most = study.tasks.annotate(n=Count("slots", filter=is_answered))
    assert max(most.values_list("n", flat=True)) <= 6
    for slot in Slot.objects.filter(state=Slot.State.DONE):
        assert slot.assignments.filter(state="submitted").count() == 1
    # What an answer says last is what its place says.
    for state, outcome in (("done", "answered"), ("passed", "outside_practice")):
        said = Judgment.objects.filter(superseded_by=None, outcome=outcome)
        places = Slot.objects.filter(study=study, state=state)
        assert said.count() == places.count()
    assert not connection.in_atomic_block


def test_after_the_last_change_the_work_ends(study):
    """Whatever was changed on the way, the last policy decides and tasks complete."""
    raters = [make_rater(study) for _ in range(8)]
    for number, values in enumerate(CHANGES):
        change(study, values)
        fresh = Study.objects.get(pk=study.pk)
        run_due_jobs()
        for rater in raters:
            for _ in range(4):
                assignment = assign_next(study=fresh, rater=rater, now=clock.now())
                if assignment is not None:
                    submit(assignment, answer_of(number))
                    run_due_jobs()
    fresh = Study.objects.get(pk=study.pk)
    for rater in raters:
        while assignment := assign_next(study=fresh, rater=rater, now=clock.now()):
            submit(assignment, answer_of(1))
            run_due_jobs()
    left = study.tasks.exclude(state=Task.State.COMPLETE)
    assert left.count() == 0
    assert set(study.tasks.values_list("stopped_by", flat=True)) <= {
        "fixed",
        "locked",
        "lead",
        "posterior",
        "cap",
        "lowered",
    }


def test_fewer_are_asked_while_three_hold_and_submit():
    """All three answers count, and nobody else is asked."""
    study = make_study(n_prompts=1, n_completions=1, overlap=5)
    raters = [make_rater(study) for _ in range(3)]
    held = [assign_next(study=study, rater=one, now=clock.now()) for one in raters]

    def work(index):
        if index == 3:
            return change(study, {"overlap": 2})
        return submit(Assignment.objects.get(pk=held[index].pk), answer_of(index))

    together(4, work)

    assert study.judgments.count() == 3
    states = Counter(study.slots.values_list("state", flat=True))
    assert states == {"done": 3, "closed": 2}
    assert study.tasks.get().state == Task.State.COMPLETE
