"""Rows are locked in one order, so that nobody waits in a circle."""

import threading
from datetime import timedelta

import pytest
from django.db import transaction

from feedback.common import clock
from feedback.common.exceptions import Conflict
from feedback.studies.assignment import (
    assign_next,
    finish,
    hold_for_submit,
    release_expired,
)
from feedback.studies.golds import make_gold, retire_gold
from feedback.studies.locks import lock_assignment, lock_task
from feedback.studies.models import Assignment, Slot, Study, Task
from feedback.studies.slots import close_unclaimed, fit_slots
from tests.builders import make_rater, make_study
from tests.rating.test_races import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

# Long enough for the other thread to take what it can; then both go on.
PATIENCE = 0.4


@pytest.fixture
def late():
    """An assignment whose time ran out, of a task for one rater."""
    study = make_study(n_prompts=1, n_completions=1, overlap=1)
    held = assign_next(study=study, rater=make_rater(study), now=clock.now())
    release_expired(now=held.leased_until + timedelta(seconds=1))
    return Assignment.objects.get(pk=held.pk)


def submit_slowly(assignment, *, has_begun, may_end):
    """A submit that is interrupted between its first lock and its last."""
    with transaction.atomic():
        held = hold_for_submit(assignment=assignment, lease_no=assignment.lease_no)
        has_begun.set()
        may_end.wait(PATIENCE)
        finish(assignment=held, now=clock.now())


def close_places(task, has_locked):
    """What routing and a verdict do."""
    with transaction.atomic():
        lock_task(task.pk)
        has_locked.set()
        close_unclaimed(task)


def refit(task, has_locked):
    """What saving the settings does, for two raters instead of one."""
    with transaction.atomic():
        Study.objects.filter(pk=task.study_id).update(overlap=2)
        fit_slots(study=Study.objects.get(pk=task.study_id))
        has_locked.set()


@pytest.mark.parametrize("other", [close_places, refit])
def test_a_late_submit_and_who_changes_its_task_do_not_wait_for_each_other(late, other):
    has_begun, has_locked = threading.Event(), threading.Event()

    def work(index):
        if index == 0:
            return submit_slowly(late, has_begun=has_begun, may_end=has_locked)
        has_begun.wait(5)
        return other(late.task, has_locked)

    together(2, work)

    late.refresh_from_db()
    assert late.state == Assignment.State.SUBMITTED
    assert Slot.objects.get(pk=late.slot_id).state == Slot.State.DONE
    states = Task.objects.filter(pk=late.task_id).values_list("state", flat=True)
    assert states.get() == ("open" if other is refit else "complete")


def test_a_known_answer_is_retired_while_it_is_submitted():
    study = make_study(n_prompts=2, n_completions=1, overlap=1)
    gold = make_gold(
        task=study.tasks.first(),
        expected={"ratings": {"tone": {"value": 4}}},
        explanation="Warfarin.",
        purpose="gold",
        actor=study.created_by,
    )
    rater = make_rater(study)
    study.enrollments.filter(user=rater.user).update(stage="qualifying")
    held = assign_next(study=study, rater=rater, now=clock.now())
    assert held.task_id == gold.task_id
    release_expired(now=held.leased_until + timedelta(seconds=1))
    late = Assignment.objects.get(pk=held.pk)
    has_begun, has_retired = threading.Event(), threading.Event()

    def work(index):
        if index == 0:
            return submit_slowly(late, has_begun=has_begun, may_end=has_retired)
        has_begun.wait(5)
        return retire_gold(gold=gold, actor=study.created_by, now=clock.now())

    together(2, work)

    assert Assignment.objects.get(pk=late.pk).state == Assignment.State.SUBMITTED
    assert Task.objects.get(pk=gold.task_id).state == Task.State.WITHDRAWN


def test_an_assignment_that_moved_to_another_place_is_not_held_by_the_old(late):
    """The same rater took it up again, at another place, before this page came."""
    other = Slot.objects.create(
        study=late.study,
        task=late.task,
        slot_no=7,
        shuffle_key=0,
        state=Slot.State.LEASED,
        lease_no=late.lease_no + 1,
        leased_until=clock.now(),
    )
    stale = Assignment.objects.get(pk=late.pk)
    Assignment.objects.filter(pk=late.pk).update(
        slot=other, lease_no=other.lease_no, state=Assignment.State.LEASED
    )

    with transaction.atomic():
        assert lock_assignment(stale).slot == other
    with pytest.raises(Conflict, match="given to another rater"), transaction.atomic():
        hold_for_submit(assignment=stale, lease_no=stale.lease_no)
