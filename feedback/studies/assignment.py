"""Who holds which task: slots, leases, fencing. `claims` decides which is next.

In what order rows are locked is in `locks`. Claims skip rows that somebody else is
claiming, so nobody waits on one lock.
"""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from feedback.accounts.models import Rater
from feedback.accounts.permissions import Role
from feedback.audit.services import record
from feedback.common.exceptions import Conflict, Forbidden, Invalid
from feedback.common.text import forbidden_character, normalize
from feedback.studies.claims import claim_due_check, claim_label
from feedback.studies.disclosures import is_disclosed
from feedback.studies.locks import lock_assignment
from feedback.studies.models import Assignment, Enrollment, Slot, Study, Task
from feedback.studies.sampling import is_revealed, shown_order
from feedback.studies.serving import original_of, retest_order, version_to_follow
from feedback.studies.slots import (
    replace_place,
    settle_answered,
    settle_given_back,
)

_NOTE = 300
# Places that an answer which was begun may still take: nobody else holds them.
_NOBODYS = {Slot.State.OPEN, Slot.State.CLOSED}


def assign_next(*, study: Study, rater: Rater, now: datetime) -> Assignment | None:
    """Lease the next task to a rater, or return the one already in hand.

    A specialist gets what waits for one first. Where the study routes by practice,
    tasks of the rater's own specialty come first, or are all there is.

    Returns:
        None when nothing is left for this rater, or their standing lets them wait.

    Raises:
        Forbidden: if the person is not enrolled as a rater, or the study asks other
            specialties.
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
        _check_specialty(study, rater)
        return _lease_next(study, rater, enrolled, now=now)


def _check_specialty(study: Study, rater: Rater) -> None:
    asked = {one.strip().lower() for one in study.specialties}
    if asked and rater.specialty.strip().lower() not in asked:
        raise Forbidden(
            f"{study.name!r} asks raters of {', '.join(study.specialties)}; your "
            f"specialty is noted as {rater.specialty or 'none'!r}.",
            next_step="If that is wrong, ask the study lead to correct it.",
        )


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


def _lease_next(
    study: Study, rater: Rater, enrolled: Enrollment, *, now: datetime
) -> Assignment | None:
    until = now + timedelta(seconds=study.lease_seconds)
    slot_id = claim_due_check(study, rater, enrolled, now=now, until=until)
    if slot_id is None and enrolled.stage == Enrollment.Stage.READY:
        slot_id = claim_label(study, rater, enrolled, until=until)
    if slot_id is None:
        return None
    slot = Slot.objects.select_related("task").get(pk=slot_id)
    task = slot.task
    # The claim holds the rater's enrollment, so nobody adds the row in between. It is
    # there already if the rater let this task expire.
    assignment = (
        Assignment.objects.select_for_update(of=("self",))
        .filter(task=task, rater=rater)
        .first()
    )
    if assignment is None:
        assignment = Assignment(task=task, rater=rater)
    elif assignment.state != Assignment.State.EXPIRED:
        # Answered in another window while this one looked.
        Slot.objects.filter(pk=slot.pk).update(state=Slot.State.OPEN, leased_until=None)
        return None
    assignment.study = study
    assignment.task = task
    assignment.rater = rater
    assignment.slot = slot
    assignment.guideline_version_id = version_to_follow(slot)
    assignment.lease_no = slot.lease_no
    assignment.leased_until = until
    assignment.state = Assignment.State.LEASED
    assignment.shown_order = _order_for(assignment)
    assignment.arm = _arm_of(assignment)
    assignment.save()
    return assignment


def _order_for(assignment: Assignment) -> list[int]:
    """Drawn for the rater and task; a repeated pair stands the other way round."""
    task = assignment.task
    if task.purpose == Task.Purpose.RETEST:
        original = original_of(task=task, rater=assignment.rater)
        return retest_order(original)
    return shown_order(
        seed=assignment.study.seed,
        fingerprint=task.fingerprint,
        pseudonym=assignment.rater.pseudonym,
        n_items=task.items.count(),
    )


def _arm_of(assignment: Assignment) -> str:
    """Nothing is revealed after a task that checks the rater."""
    is_revealing = assignment.task.purpose == Task.Purpose.LABEL and is_revealed(
        seed=assignment.study.seed,
        fingerprint=assignment.task.fingerprint,
        pseudonym=assignment.rater.pseudonym,
        reveal_percent=assignment.study.reveal_percent,
    )
    return Assignment.Arm.REVEAL if is_revealing else Assignment.Arm.PLAIN


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
        n_released = Slot.objects.filter(pk__in=expired).update(
            state=Slot.State.OPEN, leased_until=None
        )
        _settle(expired)
        return n_released


def _settle(slot_ids: list[int]) -> None:
    """Places given back may be needed no more."""
    tasks: dict[int, list[int]] = defaultdict(list)
    slots = Slot.objects.filter(pk__in=slot_ids).exclude(wave=Slot.Wave.CHECK)
    for study_id, task_id in slots.values_list("study", "task").distinct():
        tasks[study_id].append(task_id)
    for study in Study.objects.filter(pk__in=tasks):
        settle_given_back(study=study, task_ids=tasks[study.pk])


@transaction.atomic
def decline(
    *, assignment: Assignment, lease_no: int, reason: str, note: str = ""
) -> None:
    """Give a task back unanswered, with a reason; it is never offered to them again.

    Raises:
        Invalid: if the reason is none of `Assignment.DeclineReason`.
        Conflict: if the task is not in hand any more.
    """
    if reason not in Assignment.DeclineReason.values:
        raise Invalid(
            f"{reason!r} is not a reason to decline.",
            next_step="Choose one of the reasons.",
            fields={"decline_reason": "Choose a reason."},
        )
    note = normalize(note).strip()
    if found := forbidden_character(note):
        raise Invalid(
            f"The note holds {found}, which cannot be stored.",
            next_step="Take it out of the note.",
        )
    held = hold_for_submit(assignment=assignment, lease_no=lease_no)
    if held.state == Assignment.State.SUBMITTED:
        raise Conflict(
            "You have already answered this task.",
            next_step="Take the next one; your answer is kept.",
        )
    held.state = Assignment.State.DECLINED
    held.decline_reason, held.decline_note = reason, note[:_NOTE]
    held.save(update_fields=["state", "decline_reason", "decline_note"])
    is_check = held.slot.wave == Slot.Wave.CHECK
    # A place that was closed meanwhile stays closed.
    Slot.objects.filter(pk=held.slot_id, state=Slot.State.LEASED).update(
        state=Slot.State.CLOSED if is_check else Slot.State.OPEN, leased_until=None
    )
    _settle([held.slot_id])
    record(
        action="assignment.declined",
        subject=held,
        actor=held.rater.user,
        details={"reason": reason},
    )


def is_still_open(assignment: Assignment) -> bool:
    """Whether its rater could still submit: nobody else has the slot."""
    slot = assignment.slot
    if slot.lease_no != assignment.lease_no:
        return False
    if assignment.state == Assignment.State.LEASED:
        return True
    is_expired = assignment.state == Assignment.State.EXPIRED
    return is_expired and slot.state in _NOBODYS


def hold_for_submit(*, assignment: Assignment, lease_no: int) -> Assignment:
    """Lock an assignment whose lease is still the caller's, inside the submit.

    A lease that ran out is taken up again if nobody else has the slot, so that a
    slow, careful answer is not lost.

    Raises:
        Conflict: if the lease went elsewhere, or the study is closed.
    """
    held = lock_assignment(assignment)
    slot = held.slot
    if held.state == Assignment.State.SUBMITTED:
        return held
    is_free = (
        held.state == Assignment.State.EXPIRED
        and slot.state in _NOBODYS
        and slot.lease_no == lease_no
    )
    if is_free and is_disclosed(task=held.task, user_id=held.rater.user_id):
        raise Conflict(
            "You have seen what others answered to this task since your time ran out.",
            next_step="Take the next task; nothing of this one was stored.",
        )
    is_mine = held.state == Assignment.State.LEASED and slot.lease_no == lease_no
    if held.lease_no != lease_no or not (is_mine or is_free):
        raise Conflict(
            "This task was given to another rater after your time for it ran out.",
            next_step="Your text is below; copy what you need, then take the next task.",
        )
    return held


def finish(
    *, assignment: Assignment, now: datetime, is_outside_practice: bool = False
) -> None:
    """Close the slot of a submitted assignment, and the task with its last slot.

    "Outside my practice" is an answer that leaves its place to somebody else. Under a
    policy that decides as answers come, a job decides what the task needs next.

    The caller holds the locks of `hold_for_submit`.
    """
    Assignment.objects.filter(pk=assignment.pk).update(
        state=Assignment.State.SUBMITTED, submitted_at=now
    )
    slot, task = assignment.slot, assignment.task
    is_passed = is_outside_practice and slot.wave != Slot.Wave.CHECK
    Slot.objects.filter(pk=slot.pk).update(
        state=Slot.State.PASSED if is_passed else Slot.State.DONE, leased_until=None
    )
    # Serialized by the task row: of two last raters the later one sees both done.
    if is_passed and task.state == Task.State.OPEN:
        replace_place(slot, task)
        settle_given_back(study=task.study, task_ids=[task.pk])
        return
    settle_answered(task, key=str(assignment.pk))
