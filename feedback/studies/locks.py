"""The one order in which rows are locked, so that nobody waits in a circle.

    study · enrollment · task · slot · assignment · what is said of it

Take what you need from left to right and leave out the rest. Whoever locks more than
one task either holds the study, or takes the tasks in the order of their keys.

Claims and the sweep of expired leases come to slots without their task. They skip what
somebody has locked instead of waiting for it, with tasks as well as with slots; what
they skip is left to whoever holds it, or to the next sweep.
"""

from feedback.common.exceptions import Conflict
from feedback.studies.models import Assignment, Slot, Study, Task


def lock_study(study: Study) -> Study:
    """A study as it stands now, held until the transaction ends."""
    return Study.objects.select_for_update(no_key=True).get(pk=study.pk)


def lock_task(task_id: int) -> Task:
    """A task as it stands now, held until the transaction ends.

    Nothing is joined: a joined row would be as old as the moment at which the wait for
    the lock began. What is read from here on is as it is now.
    """
    return Task.objects.select_for_update(no_key=True).get(pk=task_id)


def lock_assignment(assignment: Assignment) -> Assignment:
    """An assignment with its `task` and `slot` as they stand now, all three held.

    Raises:
        Conflict: if its rater was given the task anew in this very moment.
    """
    task = lock_task(assignment.task_id)
    slot = Slot.objects.select_for_update(of=("self",)).get(assignments=assignment.pk)
    held = Assignment.objects.select_for_update().get(pk=assignment.pk)
    if held.slot_id != slot.pk:
        raise Conflict(
            "You took this task up again in another window.",
            next_step="Go on there, or reload this page.",
        )
    held.task, held.slot = task, slot
    return held
