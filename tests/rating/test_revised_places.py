"""A changed answer and its place: routed anew, given on, or taken back."""

import pytest

from feedback.common import clock
from feedback.common.exceptions import Conflict
from feedback.rating.answers import Answer
from feedback.rating.models import Judgment
from feedback.rating.reveals import reveal_after
from feedback.studies.assignment import assign_next
from feedback.studies.models import Slot, Task
from tests.builders import make_rater, submit
from tests.quality.test_route_task import (
    GOOD,
    POOR,
    make,
    say,
    specialist,
    work,
)
from tests.rating.test_revisions import revise

pytestmark = pytest.mark.django_db
OUTSIDE = Answer(is_outside_practice=True)


def fixed(*, overlap=2, **fields):
    study = make("fixed", overlap=overlap, **fields)
    Slot.objects.filter(study=study, slot_no__gte=overlap).delete()
    return study


def last(study):
    return Judgment.objects.filter(study=study).order_by("-pk").first()


def change(judgment, answer):
    made = revise(judgment, answer)
    work()
    return made.task.__class__.objects.get(pk=made.task_id)


def states(task):
    return list(task.slots.order_by("slot_no").values_list("state", flat=True))


def test_the_policy_sees_what_is_said_now():
    study = make("lead", cap=5)
    assert say(study, GOOD, GOOD).stopped_by == "lead"

    task = change(last(study), POOR)

    assert (task.state, task.stopped_by) == ("open", "")
    assert states(task) == ["done", "done", "open"]


def test_a_change_of_mind_may_be_enough():
    study = make("lead", cap=5)
    assert say(study, GOOD, POOR).state == Task.State.OPEN

    task = change(last(study), GOOD)

    assert (task.state, task.stopped_by) == ("complete", "lead")
    assert states(task) == ["done", "done", "closed"]


@pytest.mark.parametrize("policy", ["fixed", "lead"])
def test_outside_after_all_gives_the_place_to_somebody_else(policy):
    study = make(policy, overlap=2, cap=5)
    assert say(study, GOOD, GOOD).state == Task.State.COMPLETE

    task = change(last(study), OUTSIDE)

    assert (task.state, task.stopped_by) == ("open", "")
    rows = task.slots.order_by("slot_no").values_list("wave", "state")
    assert list(rows) == [("base", "done"), ("base", "passed"), ("base", "open")]
    assert say(study, GOOD).state == Task.State.COMPLETE


def test_outside_while_others_are_still_asked():
    study = fixed(overlap=2)
    say(study, GOOD)

    task = change(last(study), OUTSIDE)

    assert states(task) == ["passed", "open", "open"]
    assert say(study, GOOD, GOOD).state == Task.State.COMPLETE
    assert task.slots.filter(state="done").count() == 2


def test_outside_where_fewer_are_asked_by_now_asks_nobody():
    study = fixed(overlap=2)
    say(study, GOOD, GOOD)
    type(study).objects.filter(pk=study.pk).update(overlap=1)

    task = change(last(study), OUTSIDE)

    assert task.state == Task.State.COMPLETE
    assert states(task) == ["done", "passed"]


def test_in_practice_after_all_takes_the_place_back():
    study = fixed(overlap=1)
    say(study, OUTSIDE)

    task = change(last(study), GOOD)

    assert (task.state, task.stopped_by) == ("complete", "fixed")
    assert states(task) == ["done", "closed"]


def test_in_practice_after_all_is_counted_by_the_policy():
    study = make("lead", cap=5)
    say(study, GOOD, OUTSIDE)

    task = change(last(study), GOOD)

    assert (task.state, task.stopped_by) == ("complete", "lead")
    assert task.slots.filter(state="done").count() == 2


def test_never_more_answers_than_asked():
    study = fixed(overlap=1)
    say(study, OUTSIDE)
    outside = last(study)
    other = assign_next(study=study, rater=make_rater(study), now=clock.now())

    with pytest.raises(Conflict, match="Somebody else was asked in your place"):
        revise(outside, GOOD)

    submit(other, GOOD)
    with pytest.raises(Conflict, match="Somebody else was asked in your place"):
        revise(outside, GOOD)
    assert Judgment.objects.filter(supersedes=outside).count() == 0
    assert study.slots.filter(state="done").count() == 1


def test_a_specialist_outside_after_all_leaves_it_to_the_policy():
    study = make("lead", cap=3)
    expert, other = specialist(study), specialist(study)
    say(study, GOOD, POOR)
    task = study.tasks.get()
    # A third rater who is no specialist; the specialists wait.
    say(study, GOOD)
    assert say(study, GOOD, by=expert).stopped_by == "specialist"

    task = change(last(study), OUTSIDE)

    assert task.state == Task.State.OPEN
    assert task.slots.filter(wave="specialist", state="open").count() == 1
    assert say(study, GOOD, by=other).stopped_by == "specialist"


def test_an_audit_outside_after_all_goes_to_another_specialist():
    study = make("lead", cap=5, audit_percent=100)
    expert, other = specialist(study), specialist(study)
    say(study, GOOD, GOOD)
    assert say(study, POOR, by=expert).state == Task.State.COMPLETE

    task = change(last(study), OUTSIDE)

    assert task.slots.filter(wave="audit", state="open").count() == 1
    assert say(study, GOOD, by=other).stopped_by == "lead"


def test_what_is_said_after_a_reveal_moves_no_place():
    study = make("lead", cap=5, reveal_percent=100)
    say(study, GOOD)
    second = assign_next(study=study, rater=make_rater(study), now=clock.now())
    blind = submit(second, GOOD)
    work()
    reveal_after(assignment=second, judgment=blind)

    task = change(blind, OUTSIDE)

    assert (task.state, task.stopped_by) == ("complete", "lead")
    assert set(states(task)) == {Slot.State.DONE}
