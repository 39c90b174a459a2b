"""More or fewer raters while work runs: nothing begun is lost, nothing is asked twice."""

from datetime import timedelta

import pytest

from feedback.common import clock
from feedback.studies.assignment import assign_next, decline, release_expired
from feedback.studies.models import Slot, Study, Task
from feedback.studies.slots import fit_slots
from tests.builders import GOOD, judge_all, make_rater, make_study, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study(n_prompts=2, n_completions=1, overlap=5)


def ask_for(study, overlap):
    study.overlap = overlap
    study.save(update_fields=["overlap"])
    return fit_slots(study=study)


def states(task):
    return sorted(task.slots.values_list("state", flat=True))


def test_first_two_places_are_the_base_wave(study):
    for task in study.tasks.all():
        waves = task.slots.order_by("slot_no").values_list("wave", flat=True)
        assert list(waves) == ["base", "base", "more", "more", "more"]


def test_fewer_raters_close_open_places_and_keep_what_is_held(study):
    held = [
        assign_next(study=study, rater=make_rater(study), now=clock.now())
        for _ in range(3)
    ]

    change = ask_for(study, 2)

    assert (change.n_opened, change.n_in_hand) == (0, 3)
    # Three hold the first task; of the other the first two places stay.
    assert states(held[0].task) == ["closed"] * 2 + ["leased"] * 3
    other = study.tasks.exclude(pk=held[0].task_id).get()
    assert states(other) == ["closed"] * 3 + ["open"] * 2
    for assignment in held:
        submit(assignment, GOOD)
    held[0].task.refresh_from_db()
    assert held[0].task.state == Task.State.COMPLETE
    assert study.judgments.count() == 3


def test_a_place_given_back_after_the_change_is_closed(study):
    held = [
        assign_next(study=study, rater=make_rater(study), now=clock.now())
        for _ in range(3)
    ]
    ask_for(study, 2)
    later = held[0].leased_until + timedelta(seconds=1)
    assert release_expired(now=later) == 3

    assert states(held[0].task) == ["closed"] * 3 + ["open"] * 2


def test_an_answer_that_was_begun_counts_even_on_a_closed_place(study):
    """The lease ran out, the study asks for fewer, and nobody else has the place."""
    raters = [make_rater(study) for _ in range(3)]
    held = [assign_next(study=study, rater=r, now=clock.now()) for r in raters]
    ask_for(study, 2)
    release_expired(now=held[0].leased_until + timedelta(seconds=1))
    closed = next(
        one for one in held if Slot.objects.get(pk=one.slot_id).state == "closed"
    )
    closed.refresh_from_db()

    judgment = submit(closed, GOOD)

    assert judgment.pk
    assert Slot.objects.get(pk=closed.slot_id).state == Slot.State.DONE


def test_more_raters_open_tasks_that_were_complete(study):
    ask_for(study, 1)
    judge_all(study, make_rater(study))
    assert study.tasks.filter(state=Task.State.COMPLETE).count() == 2

    change = ask_for(study, 3)

    assert change.n_opened == 4
    for task in study.tasks.all():
        assert task.state == Task.State.OPEN
        assert task.slots.filter(state="open").count() == 2
    # As many as ever were made: closed places are used again.
    assert Slot.objects.filter(study=study).count() == 10
    change = ask_for(study, 7)
    assert change.n_opened == 8
    assert Slot.objects.filter(study=study).count() == 14


def test_lowering_below_what_is_done_completes(study):
    for _ in range(3):
        judge_all(study, make_rater(study))

    ask_for(study, 2)

    for task in study.tasks.all():
        assert (task.state, task.stopped_by) == ("complete", "lowered")
        assert states(task) == ["closed"] * 2 + ["done"] * 3


def test_twice_is_once(study):
    ask_for(study, 3)
    again = fit_slots(study=study)
    assert (again.n_opened, again.n_closed) == (0, 0)


def test_another_policy_keeps_two_places_and_asks_a_job(study):
    study.policy = Study.Policy.LEAD
    study.save(update_fields=["policy"])

    change = fit_slots(study=study)

    assert change.n_closed == 6
    for task in study.tasks.all():
        assert states(task) == ["closed"] * 3 + ["open"] * 2
        assert task.state == Task.State.OPEN


def test_the_last_place_given_back_completes_the_task(study):
    for _ in range(2):
        judge_all(study, make_rater(study), limit=1)
    held = assign_next(study=study, rater=make_rater(study), now=clock.now())
    assert held.task.slots.filter(state="done").count() == 2
    ask_for(study, 2)
    held.task.refresh_from_db()
    assert held.task.state == Task.State.OPEN

    release_expired(now=held.leased_until + timedelta(seconds=1))

    held.task.refresh_from_db()
    assert (held.task.state, held.task.stopped_by) == ("complete", "lowered")


def test_declining_does_not_open_a_closed_place_again(study):
    raters = [make_rater(study) for _ in range(3)]
    held = [assign_next(study=study, rater=r, now=clock.now()) for r in raters]
    ask_for(study, 2)
    release_expired(now=held[0].leased_until + timedelta(seconds=1))
    closed = next(
        one for one in held if Slot.objects.get(pk=one.slot_id).state == "closed"
    )
    closed.refresh_from_db()

    decline(assignment=closed, lease_no=closed.lease_no, reason="other")

    assert Slot.objects.get(pk=closed.slot_id).state == Slot.State.CLOSED
