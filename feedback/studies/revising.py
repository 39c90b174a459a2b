"""What a changed answer does to its place.

* Who was in their practice and is not now leaves the place to somebody else.
* Who was not and is now takes the place back while nobody has it. Once somebody else
  holds it or has answered, or the task needs nobody more, the first answer stays: a
  task never has more answers than it asked for.
* Whatever is answered otherwise is counted anew, and may open the task again.
"""

from uuid import uuid4

from django.db.models import Case, IntegerField, Value, When

from feedback.common.exceptions import Conflict
from feedback.jobs.services import enqueue
from feedback.studies.models import Assignment, Slot, Study, Task
from feedback.studies.slots import (
    ROUTE_JOB,
    needs_another,
    replace_place,
    settle_answered,
)

_ASKED = (Slot.Wave.BASE, Slot.Wave.MORE)


def refit_place(*, assignment: Assignment, is_outside_practice: bool) -> None:
    """Let the place of a changed answer be as the answer says now.

    Args:
        assignment: submitted; with its task and slot, held by `locks.lock_assignment`.
        is_outside_practice: what it says now.

    Raises:
        Conflict: if it would be in practice again, and the place is not free.
    """
    slot, task = assignment.slot, assignment.task
    if task.purpose != Task.Purpose.LABEL:
        return
    key = f"revised:{uuid4()}"
    was_outside = slot.state == Slot.State.PASSED
    if is_outside_practice and not was_outside:
        _leave(slot, task)
    elif was_outside and not is_outside_practice:
        _take_back(slot, task)
    if task.study.policy != Study.Policy.FIXED:
        # The policy counts what is said now, also about a task that was complete.
        dedupe_key = f"{ROUTE_JOB}:{task.pk}:{key}"
        enqueue(kind=ROUTE_JOB, subject=task, dedupe_key=dedupe_key)
    elif is_outside_practice != was_outside:
        settle_answered(task, key=key)


def _leave(slot: Slot, task: Task) -> None:
    _set_state(slot, Slot.State.PASSED)
    if slot.wave in _ASKED:
        if needs_another(task, wave=slot.wave):
            _open_again(task)
            replace_place(slot, task)
        return
    is_by_specialist = task.stopped_by == Task.Stop.SPECIALIST
    if is_by_specialist == (slot.wave == Slot.Wave.SPECIALIST):
        # It was this answer that ended it; the policy looks for another specialist.
        _open_again(task)


def _open_again(task: Task) -> None:
    Task.objects.filter(pk=task.pk, state=Task.State.COMPLETE).update(
        state=Task.State.OPEN, stopped_by=""
    )


def _take_back(slot: Slot, task: Task) -> None:
    waves = _ASKED if slot.wave in _ASKED else (slot.wave,)
    own_wave_first = Case(
        When(wave=slot.wave, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    # Waits for a claim that is under way: then the place is not open any more.
    free = (
        Slot.objects.select_for_update()
        .filter(task=task, wave__in=waves, state=Slot.State.OPEN)
        .order_by(own_wave_first, "-slot_no")
        .first()
    )
    if free is None:
        raise Conflict(
            "Somebody else was asked in your place, or nobody more is needed.",
            next_step="Your earlier answer stays: outside your practice.",
        )
    _set_state(free, Slot.State.CLOSED)
    _set_state(slot, Slot.State.DONE)


def _set_state(slot: Slot, state: str) -> None:
    Slot.objects.filter(pk=slot.pk).update(state=state)
    slot.state = state
