"""Who gets which task: slots, leases, fencing.

The order of locks is always: enrollment, slot, assignment. Claims skip rows that
somebody else is claiming, so nobody waits on one lock.
"""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet

from feedback.accounts.models import Rater
from feedback.accounts.permissions import Role
from feedback.common.exceptions import Conflict, Forbidden
from feedback.studies.models import Assignment, Enrollment, Slot, Study, Task
from feedback.studies.sampling import is_revealed, shown_order

# The open slot that comes next in the study's shuffled order, from where this rater
# stands, of a task the rater has never met (or let expire).
_CLAIM = """
    UPDATE studies_slot
    SET state = 'leased', lease_no = lease_no + 1, leased_until = %(until)s
    WHERE id = (
        SELECT s.id FROM studies_slot s
        JOIN studies_task t ON t.id = s.task_id AND t.state = 'open'
        WHERE s.study_id = %(study)s AND s.state = 'open'
          AND s.shuffle_key >= %(start)s
          AND NOT EXISTS (
              SELECT 1 FROM studies_assignment a
              WHERE a.task_id = s.task_id AND a.rater_id = %(rater)s
                AND a.state <> 'expired'
          )
        ORDER BY s.shuffle_key, s.id
        LIMIT 1
        FOR UPDATE OF s SKIP LOCKED
    )
    RETURNING id
"""


def assign_next(*, study: Study, rater: Rater, now: datetime) -> Assignment | None:
    """Lease the next task to a rater, or return the one already in hand.

    Returns:
        None when nothing is left for this rater.

    Raises:
        Forbidden: if the person is not enrolled as a rater.
        Conflict: if the study is paused or closed and nothing is in hand.
    """
    with transaction.atomic():
        # One claim at a time per rater: two tabs cannot take two slots of a task.
        enrolled = (
            Enrollment.objects.select_for_update()
            .filter(study=study, user_id=rater.user_id, role=Role.RATER, ended_at=None)
            .first()
        )
        if enrolled is None:
            raise Forbidden(
                f"You are not enrolled as a rater in {study.name!r}.",
                next_step="Ask the study lead to enroll you.",
            )
        if held := _in_hand(study, rater, now=now):
            return held
        if study.state != Study.State.OPEN:
            raise Conflict(
                f"Study {study.name!r} is {study.get_state_display().lower()}.",
                next_step="Come back when the study lead has opened it again.",
            )
        return _lease_next(study, rater, now=now)


def _in_hand(study: Study, rater: Rater, *, now: datetime) -> Assignment | None:
    """The rater's live lease; one that ran out is given back first."""
    held = (
        Assignment.objects.select_for_update(of=("self",))
        .filter(study=study, rater=rater, state=Assignment.State.LEASED)
        .first()
    )
    if held is None:
        return None
    if held.leased_until <= now and release_expired(
        now=now, slots=Slot.objects.filter(pk=held.slot_id)
    ):
        return None
    # Still theirs; also when a submit of it is under way in another tab.
    return held


def _lease_next(study: Study, rater: Rater, *, now: datetime) -> Assignment | None:
    until = now + timedelta(seconds=study.lease_seconds)
    last = (
        Assignment.objects.filter(study=study, rater=rater)
        .order_by("-pk")
        .values_list("slot__shuffle_key", flat=True)
        .first()
    )
    slot_id = None
    # From where the rater stands to the end, then once around from the beginning.
    for start in (last or 0, 0):
        slot_id = _claim(study, rater, start=start, until=until)
        if slot_id is not None or not start:
            break
    if slot_id is None:
        return None
    slot = Slot.objects.select_related("task").get(pk=slot_id)
    task = slot.task
    # The claim holds the rater's enrollment, so nobody adds the row in between. It is
    # there already if the rater let this task expire.
    assignment = Assignment.objects.filter(task=task, rater=rater).first()
    if assignment is None:
        assignment = Assignment(task=task, rater=rater)
    assignment.study = study
    assignment.task = task
    assignment.rater = rater
    assignment.slot = slot
    assignment.guideline_version_id = task.guideline_version_id
    assignment.lease_no = slot.lease_no
    assignment.leased_until = until
    assignment.state = Assignment.State.LEASED
    assignment.shown_order = shown_order(
        seed=study.seed,
        fingerprint=task.fingerprint,
        pseudonym=rater.pseudonym,
        n_items=task.items.count(),
    )
    is_in_reveal_arm = is_revealed(
        seed=study.seed,
        fingerprint=task.fingerprint,
        pseudonym=rater.pseudonym,
        reveal_percent=study.reveal_percent,
    )
    assignment.arm = Assignment.Arm.REVEAL if is_in_reveal_arm else Assignment.Arm.PLAIN
    assignment.save()
    return assignment


def _claim(study: Study, rater: Rater, *, start: int, until: datetime) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {"study": study.pk, "rater": rater.pk, "start": start, "until": until},
        )
        row = cursor.fetchone()
    return int(row[0]) if row else None


def release_expired(*, now: datetime, slots: QuerySet[Slot] | None = None) -> int:
    """Open the slots whose lease ran out; returns how many.

    What the rater had typed stays with them: the assignment is kept as expired and
    may be taken up again while the slot is free.
    """
    with transaction.atomic():
        expired = list(
            (Slot.objects.all() if slots is None else slots)
            .select_for_update(skip_locked=True)
            .filter(state=Slot.State.LEASED, leased_until__lte=now)
            .values_list("pk", flat=True)[:1000]
        )
        Assignment.objects.filter(
            slot__in=expired, state=Assignment.State.LEASED
        ).update(state=Assignment.State.EXPIRED)
        return Slot.objects.filter(pk__in=expired).update(
            state=Slot.State.OPEN, leased_until=None
        )


def is_still_open(assignment: Assignment) -> bool:
    """Whether its rater could still submit: nobody else has the slot."""
    slot = assignment.slot
    if slot.lease_no != assignment.lease_no:
        return False
    if assignment.state == Assignment.State.LEASED:
        return True
    is_expired = assignment.state == Assignment.State.EXPIRED
    return is_expired and slot.state == Slot.State.OPEN


def hold_for_submit(*, assignment: Assignment, lease_no: int) -> Assignment:
    """Lock an assignment whose lease is still the caller's, inside the submit.

    A lease that ran out is taken up again if nobody else has the slot, so that a
    slow, careful answer is not lost.

    Raises:
        Conflict: if the lease went elsewhere, or the study is closed.
    """
    slot = Slot.objects.select_for_update().get(pk=assignment.slot_id)
    held = Assignment.objects.select_for_update().get(pk=assignment.pk)
    held.slot = slot
    if held.state == Assignment.State.SUBMITTED:
        return held
    is_free = (
        held.state == Assignment.State.EXPIRED
        and slot.state == Slot.State.OPEN
        and slot.lease_no == lease_no
    )
    is_mine = held.state == Assignment.State.LEASED and slot.lease_no == lease_no
    if held.lease_no != lease_no or not (is_mine or is_free):
        raise Conflict(
            "This task was given to another rater after your time for it ran out.",
            next_step="Your text is below; copy what you need, then take the next task.",
        )
    return held


def finish(*, assignment: Assignment, now: datetime) -> None:
    """Close the slot of a submitted assignment, and the task with its last slot.

    The caller holds the locks of `hold_for_submit`.
    """
    Assignment.objects.filter(pk=assignment.pk).update(
        state=Assignment.State.SUBMITTED, submitted_at=now
    )
    Slot.objects.filter(pk=assignment.slot_id).update(
        state=Slot.State.DONE, leased_until=None
    )
    # Serialized by the task row: of two last raters the later one sees both done.
    task = Task.objects.select_for_update(no_key=True).get(pk=assignment.task_id)
    is_open = Slot.objects.filter(task=task).exclude(state=Slot.State.DONE).exists()
    if not is_open:
        Task.objects.filter(pk=task.pk, state=Task.State.OPEN).update(
            state=Task.State.COMPLETE
        )
