"""How many raters a task is open for: places opened, closed and replaced.

A place somebody holds is never taken away, and an answer that was begun always counts:
when a study asks for fewer raters, only places nobody holds are closed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.db import connection, transaction

from feedback.common.events import emit
from feedback.jobs.services import enqueue
from feedback.stats.routing import BASE_RATINGS
from feedback.studies.events import TaskCompleted
from feedback.studies.locks import lock_study
from feedback.studies.models import Assignment, Slot, Study, Task
from feedback.studies.sampling import shuffle_key

ROUTE_JOB = "quality.route_task"
FIT_JOB = "quality.route_study"

# Places that count towards a task's number of raters; best kept first: who answered,
# who holds one, then the open ones in their order.
_RANKED = """
    SELECT s.id, s.task_id, s.state, row_number() OVER (
        PARTITION BY s.task_id
        ORDER BY (s.state = 'done') DESC, (s.state = 'leased') DESC, s.slot_no
    ) AS place
    FROM studies_slot s
    JOIN studies_task t ON t.id = s.task_id
    WHERE t.study_id = %(study)s AND t.purpose = 'label' AND t.state <> 'withdrawn'
      AND s.wave IN ('base', 'more') AND s.state IN ('open', 'leased', 'done')
"""

_CLOSE_BEYOND = f"""
    UPDATE studies_slot SET state = 'closed'
    FROM ({_RANKED}) ranked
    WHERE studies_slot.id = ranked.id AND ranked.place > %(target)s
      AND studies_slot.state = 'open'
"""  # noqa: S608 - constants

# The places of the tasks that have too few: closed ones are opened again first. What
# a specialist or a verdict settled asks nobody else.
_SHORT = f"""
    SELECT t.id AS task_id, t.prompt_id, t.fingerprint,
        %(target)s - count(ranked.id) AS n_short
    FROM studies_task t
    LEFT JOIN ({_RANKED}) ranked ON ranked.task_id = t.id
    WHERE t.study_id = %(study)s AND t.purpose = 'label' AND t.state <> 'withdrawn'
      AND t.stopped_by <> 'specialist'
    GROUP BY t.id HAVING count(ranked.id) < %(target)s
"""  # noqa: S608 - constants

_OPEN_AGAIN = f"""
    UPDATE studies_slot SET state = 'open', leased_until = NULL
    WHERE id IN (
        SELECT id FROM (
            SELECT s.id, short.n_short, row_number() OVER (
                PARTITION BY s.task_id ORDER BY s.slot_no
            ) AS place
            FROM studies_slot s JOIN ({_SHORT}) short ON short.task_id = s.task_id
            WHERE s.state = 'closed' AND s.wave IN ('base', 'more')
        ) closed WHERE place <= n_short
    )
"""  # noqa: S608 - constants

_ADD = f"""
    INSERT INTO studies_slot (study_id, task_id, slot_no, shuffle_key, wave,
        is_for_specialist, specialty, state, lease_no)
    SELECT %(study)s, short.task_id, top.slot_no + n, top.shuffle_key,
        CASE WHEN top.slot_no + n < %(base)s THEN 'base' ELSE 'more' END,
        false, top.specialty, 'open', 0
    FROM ({_SHORT}) short
    JOIN LATERAL (
        SELECT max(s.slot_no) AS slot_no, min(s.shuffle_key) AS shuffle_key,
            min(s.specialty) AS specialty
        FROM studies_slot s WHERE s.task_id = short.task_id
    ) top ON top.slot_no IS NOT NULL
    CROSS JOIN LATERAL generate_series(1, short.n_short) n
"""  # noqa: S608 - constants

# After the places: a task is open while a place is, and complete when none is left.
_REOPEN_TASKS = """
    UPDATE studies_task t SET state = 'open', stopped_by = ''
    WHERE t.study_id = %(study)s AND t.purpose = 'label' AND t.state = 'complete'
      AND EXISTS (SELECT 1 FROM studies_slot s
                  WHERE s.task_id = t.id AND s.state IN ('open', 'leased'))
"""

# What somebody has locked is left to them, or to the sweep: whoever comes here holds
# places already, and would wait for one who waits for these.
_COMPLETE_TASKS = """
    UPDATE studies_task SET state = 'complete', stopped_by = 'lowered'
    WHERE id IN (
        SELECT t.id FROM studies_task t
        WHERE t.study_id = %(study)s AND t.purpose = 'label' AND t.state = 'open'
          AND (%(tasks)s::bigint[] IS NULL OR t.id = ANY(%(tasks)s))
          AND EXISTS (SELECT 1 FROM studies_slot s WHERE s.task_id = t.id)
          AND NOT EXISTS (SELECT 1 FROM studies_slot s
                          WHERE s.task_id = t.id AND s.state IN ('open', 'leased'))
        FOR NO KEY UPDATE OF t SKIP LOCKED
    )
    RETURNING id
"""

_CLOSE_GIVEN_BACK = f"""
    UPDATE studies_slot SET state = 'closed'
    WHERE id IN (
        SELECT free.id FROM studies_slot free
        JOIN ({_RANKED}) ranked ON ranked.id = free.id
        WHERE ranked.place > %(target)s AND ranked.task_id = ANY(%(tasks)s)
          AND free.state = 'open'
        FOR UPDATE OF free SKIP LOCKED
    )
"""  # noqa: S608 - constants


def complete_settled(*, study: Study, task_ids: Iterable[int] | None = None) -> None:
    """Complete the open tasks that have places but none that anybody holds or may take.

    Args:
        study: whose tasks; of a fixed number of raters.
        task_ids: look at these only.
    """
    keys: dict[str, Any] = {
        "study": study.pk,
        "tasks": None if task_ids is None else list(task_ids),
    }
    with connection.cursor() as cursor:
        cursor.execute(_COMPLETE_TASKS, keys)
        completed = [pk for (pk,) in cursor.fetchall()]
    for pk in completed:
        emit(TaskCompleted(task_id=pk))


@dataclass(frozen=True, slots=True)
class SlotChange:
    """What became of a study's places.

    Attributes:
        n_opened: places that were added or opened again.
        n_closed: open places that were closed.
        n_in_hand: places that raters hold; all of them are kept.
    """

    n_opened: int
    n_closed: int
    n_in_hand: int


def first_places(study: Study) -> int:
    """Places a new task begins with; the policy asks for the rest as answers come."""
    if study.policy == Study.Policy.FIXED:
        return study.overlap
    return BASE_RATINGS


def wave_of_place(slot_no: int) -> str:
    """Whether a place was there before anything could be known about the task."""
    return Slot.Wave.BASE if slot_no < BASE_RATINGS else Slot.Wave.MORE


@transaction.atomic
def fit_slots(*, study: Study) -> SlotChange:
    """Open and close places so that every task fits the study's overlap and policy.

    Under a policy that decides as answers come, tasks keep their first two places and
    are routed anew by a job.
    """
    study = lock_study(study)
    _lock_labels(study)
    keys = {
        "study": study.pk,
        "target": first_places(study),
        "base": BASE_RATINGS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE_BEYOND, keys)
        n_closed = cursor.rowcount
        cursor.execute(_OPEN_AGAIN, keys)
        n_opened = cursor.rowcount
        cursor.execute(_ADD, keys)
        n_opened += cursor.rowcount
        cursor.execute(_REOPEN_TASKS, keys)
    if study.policy == Study.Policy.FIXED:
        complete_settled(study=study)
    else:
        enqueue(kind=FIT_JOB, subject=study, dedupe_key=f"{FIT_JOB}:{uuid4()}")
    n_in_hand = Slot.objects.filter(study=study, state=Slot.State.LEASED).count()
    return SlotChange(n_opened=n_opened, n_closed=n_closed, n_in_hand=n_in_hand)


def _lock_labels(study: Study) -> None:
    labels = study.tasks.select_for_update(no_key=True).filter(
        purpose=Task.Purpose.LABEL
    )
    # Nothing is read; the rows of a large study would fill the memory.
    for _ in labels.order_by("pk").values_list("pk").iterator():
        pass


def open_place(
    task: Task, *, wave: str, is_for_specialist: bool = False
) -> Slot | None:
    """Open one more place on a task, which the caller has locked.

    Returns:
        The place; one that was closed is opened again. None if the task already has
        an open place of this wave.
    """
    slots = Slot.objects.filter(task=task, wave=wave)
    if slots.filter(state__in=[Slot.State.OPEN, Slot.State.LEASED]).exists():
        return None
    closed = (
        slots.filter(state=Slot.State.CLOSED)
        .exclude(assignments__state=Assignment.State.SUBMITTED)
        .order_by("slot_no")
        .first()
    )
    if closed is not None:
        Slot.objects.filter(pk=closed.pk).update(state=Slot.State.OPEN)
        closed.state = Slot.State.OPEN
        return closed
    return _add(task, wave=wave, is_for_specialist=is_for_specialist)


def replace_place(slot: Slot, task: Task) -> Slot:
    """Open another place instead of one whose rater was outside their practice."""
    return _add(task, wave=slot.wave, is_for_specialist=slot.is_for_specialist)


def _add(task: Task, *, wave: str, is_for_specialist: bool) -> Slot:
    newest = Slot.objects.filter(task=task).order_by("-slot_no").first()
    key = shuffle_key(seed=task.study.seed, fingerprint=task.fingerprint)
    return Slot.objects.create(
        study_id=task.study_id,
        task=task,
        slot_no=newest.slot_no + 1 if newest else 0,
        shuffle_key=newest.shuffle_key if newest else key,
        specialty=newest.specialty if newest else "",
        wave=wave,
        is_for_specialist=is_for_specialist,
    )


def needs_another(task: Task, *, wave: str) -> bool:
    """Whether somebody else is asked when the answer of one place falls away.

    The base wave is asked of every task; what a policy asked beyond, it decides anew.
    What a specialist or a verdict settled, or was taken out, asks nobody.

    Args:
        task: which the caller has locked; the place does not count any more.
        wave: of the place.
    """
    is_settled = task.stopped_by == Task.Stop.SPECIALIST
    if is_settled or task.state == Task.State.WITHDRAWN:
        return False
    if task.study.policy != Study.Policy.FIXED and wave != Slot.Wave.BASE:
        return False
    n_asked = Slot.objects.filter(
        task=task,
        wave__in=[Slot.Wave.BASE, Slot.Wave.MORE],
        state__in=[Slot.State.OPEN, Slot.State.LEASED, Slot.State.DONE],
    ).count()
    return n_asked < first_places(task.study)


def settle_answered(task: Task, *, key: str) -> None:
    """See to a task, which the caller has locked, of which a place was just filled.

    With its last place it is complete; under a policy that decides as answers come, a
    job decides what it needs next.

    Args:
        task: locked.
        key: names the answer; the same one asks for one job.
    """
    waiting = [Slot.State.OPEN, Slot.State.LEASED]
    if Slot.objects.filter(task=task, state__in=waiting).exists():
        return
    if task.purpose == Task.Purpose.LABEL and task.study.policy != Study.Policy.FIXED:
        dedupe_key = f"{ROUTE_JOB}:{task.pk}:{key}"
        enqueue(kind=ROUTE_JOB, subject=task, dedupe_key=dedupe_key)
        return
    Task.objects.filter(pk=task.pk, state=Task.State.OPEN).update(
        state=Task.State.COMPLETE, stopped_by=Task.Stop.FIXED
    )
    emit(TaskCompleted(task_id=task.pk))


def close_unclaimed(task: Task) -> int:
    """Close the open places of a task; what raters hold stays theirs."""
    return Slot.objects.filter(task=task, state=Slot.State.OPEN).update(
        state=Slot.State.CLOSED
    )


def settle_given_back(*, study: Study, task_ids: Iterable[int]) -> None:
    """See to the tasks whose places were given back.

    Of a lease that ran out after the study asked for fewer raters, the place closes;
    under a policy that decides as answers come, a job asks it again.
    """
    if study.policy == Study.Policy.FIXED:
        keys: dict[str, Any] = {
            "study": study.pk,
            "target": study.overlap,
            "tasks": list(task_ids),
        }
        with connection.cursor() as cursor:
            cursor.execute(_CLOSE_GIVEN_BACK, keys)
        complete_settled(study=study, task_ids=task_ids)
        return
    asked_by_policy = [Slot.Wave.MORE, Slot.Wave.SPECIALIST, Slot.Wave.AUDIT]
    given_back = Task.objects.filter(pk__in=task_ids, slots__wave__in=asked_by_policy)
    for task in given_back.distinct():
        enqueue(kind=ROUTE_JOB, subject=task, dedupe_key=f"{ROUTE_JOB}:{uuid4()}")
