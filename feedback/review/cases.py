"""Cases by hand: asked for, withdrawn, claimed and given back.

A claim is a lease with a fencing number. One that ran out stays with its holder until
somebody else claims the case, so that a slow, careful verdict is not lost.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from feedback.accounts.models import User
from feedback.audit.services import record
from feedback.common.exceptions import Conflict, Forbidden, Invalid
from feedback.common.text import forbidden_character, normalize
from feedback.review.models import AdjudicationCase
from feedback.review.selectors_cases import queue_of
from feedback.studies.disclosures import disclose, has_met
from feedback.studies.models import Study, Task

LEASE = timedelta(minutes=30)
MAX_TEXT = 2000
# Of the most pressing cases; more than people who claim in the same moment.
_TRIES = 20
ASKED_PRIORITY = 80
STALE_PRIORITY = 75


def open_case(*, case: AdjudicationCase, user: User) -> None:
    """Let a person read a case; from here on they are not asked to rate its task.

    Raises:
        Forbidden: if they were asked to in the meantime.
    """
    disclose(task=case.task, user=user)


@transaction.atomic
def claim_case(
    *, case: AdjudicationCase, user: User, now: datetime
) -> AdjudicationCase:
    """Take a case in hand for half an hour, or go on with it for another half.

    Raises:
        Forbidden: if the person rated the task.
        Conflict: if somebody else has it, or it is closed.
    """
    held = lock_case(case)
    refuse_raters(held, user)
    if not held.is_live:
        raise Conflict(
            f"This case is {held.get_state_display().lower()} already.",
            next_step="Go back to the queue and take the next one.",
        )
    is_mine = held.claimed_by_id == user.pk
    if held.claimed_by_id is not None and not is_mine and not is_over(held, now):
        raise Conflict(
            "Somebody else has this case in hand.",
            next_step="Go back to the queue and take the next one.",
        )
    if not is_mine:
        held.lease_no += 1
    held.state = AdjudicationCase.State.CLAIMED
    held.claimed_by, held.leased_until = user, now + LEASE
    held.save(update_fields=["state", "claimed_by", "lease_no", "leased_until"])
    if not is_mine:
        record(action="case.claimed", subject=held, actor=user)
    return held


def claim_next(*, study: Study, user: User, now: datetime) -> AdjudicationCase | None:
    """Take the most pressing case that is free, or go on with the one in hand.

    Returns:
        None when nothing is left for this person.
    """
    queue = queue_of(user, study)
    mine = queue.filter(claimed_by=user).first()
    if mine is not None:
        return claim_case(case=mine, user=user, now=now)
    free = queue.filter(Q(claimed_by=None) | Q(leased_until__lte=now))
    for case in free[:_TRIES]:
        try:
            return claim_case(case=case, user=user, now=now)
        except Conflict:
            # Somebody was quicker; the next one may be free still.
            continue
    return None


@transaction.atomic
def give_back(*, case: AdjudicationCase, user: User) -> AdjudicationCase:
    """Let others have a case; one that is not in the person's hands stays as it is."""
    held = lock_case(case)
    if held.claimed_by_id == user.pk:
        held.state = AdjudicationCase.State.OPEN
        held.claimed_by, held.leased_until = None, None
        held.save(update_fields=["state", "claimed_by", "leased_until"])
        record(action="case.given_back", subject=held, actor=user)
    return held


def lock_case(case: AdjudicationCase) -> AdjudicationCase:
    """A case as it stands now, held until the transaction ends; its task's row first.

    Rules and verdicts lock in the same order, so none waits for the other forever.
    """
    Task.objects.select_for_update(no_key=True, of=("self",)).get(pk=case.task_id)
    return (
        AdjudicationCase.objects.select_for_update(of=("self",))
        .select_related("study", "task")
        .get(pk=case.pk)
    )


def is_over(case: AdjudicationCase, now: datetime) -> bool:
    """Whether a claim has run out, so that anybody may take the case."""
    return case.leased_until is not None and case.leased_until <= now


def refuse_raters(case: AdjudicationCase, user: User) -> None:
    """Refuse a person who was served the task as a rater.

    Raises:
        Forbidden: saying so. The database refuses the row as well.
    """
    if has_met(user, case.task_id):
        raise Forbidden(
            "You rated this task, or were asked to; somebody else settles it.",
            next_step="Go back to the queue and take another one.",
        )


@transaction.atomic
def withdraw_case(
    *, case: AdjudicationCase, because: str, actor: User | None, now: datetime
) -> AdjudicationCase:
    """Close a case without a verdict. Its task may get another one.

    Args:
        case: a live one.
        because: why, for whoever looks at it later.
        actor: the person who withdraws it; None for a rule.
        now: when.

    Raises:
        Invalid: without a reason.
        Conflict: for a case that is closed already, or that somebody else has in hand.
    """
    because = checked_text(because, name="because", called="reason", longest=300)
    held = lock_case(case)
    if not held.is_live:
        raise Conflict(
            f"This case is {held.get_state_display().lower()} already.",
            next_step="Go back to the queue.",
        )
    is_mine = actor is not None and held.claimed_by_id == actor.pk
    if held.claimed_by_id is not None and not is_mine and not is_over(held, now):
        raise Conflict(
            "Somebody else has this case in hand; it is not withdrawn under them.",
            next_step="Ask them to give it back, or wait until their time for it is over.",
        )
    held.state = AdjudicationCase.State.WITHDRAWN
    held.claimed_by, held.leased_until = None, None
    held.closed_at, held.closed_by, held.withdrawn_because = now, actor, because
    held.save(
        update_fields=[
            "state",
            "claimed_by",
            "leased_until",
            "closed_at",
            "closed_by",
            "withdrawn_because",
        ]
    )
    record(action="case.withdrawn", subject=held, actor=actor)
    return held


@transaction.atomic
def ask_for_case(*, task: Task, because: str, actor: User) -> AdjudicationCase:
    """Have a task looked at, or looked at again; it goes near the top of the queue.

    Returns:
        The new case; one that is live already is raised, and keeps its reasons.

    Raises:
        Invalid: without saying why, or for a task that is not a label.
    """
    because = checked_text(because, name="because", called="reason")
    held = Task.objects.select_for_update(no_key=True, of=("self",)).get(pk=task.pk)
    if held.purpose != Task.Purpose.LABEL:
        raise Invalid("Only what the study labels is adjudicated.")
    return queue_case(
        task=held,
        reason=AdjudicationCase.Reason.ASKED,
        priority=ASKED_PRIORITY,
        because=because,
        actor=actor,
    )


def queue_case(
    *, task: Task, reason: str, priority: int, because: str, actor: User | None
) -> AdjudicationCase:
    """Open a case for a task whose row the caller has locked, or raise the live one."""
    case = (
        AdjudicationCase.objects.select_for_update(of=("self",))
        .filter(task=task, state__in=["open", "claimed"])
        .first()
    )
    if case is None:
        asked_by = actor if reason == AdjudicationCase.Reason.ASKED else None
        case = AdjudicationCase.objects.create(
            study_id=task.study_id,
            task=task,
            reason=reason,
            priority=priority,
            because=because,
            asked_by=asked_by,
        )
        record(
            action="case.opened",
            subject=case,
            actor=actor,
            details={"reason": case.reason},
        )
        return case
    if because not in case.because:
        case.because = f"{because} {case.because}"
        case.priority = max(case.priority, priority)
        case.save(update_fields=["because", "priority"])
        record(action="case.raised", subject=case, actor=actor)
    return case


def checked_text(text: str, *, name: str, called: str, longest: int = MAX_TEXT) -> str:
    """A text that has to be there, as it may be stored.

    Raises:
        Invalid: if it is empty, too long, or holds what cannot be stored.
    """
    text = normalize(text).strip()
    problem = ""
    if not text:
        problem = f"The {called} is empty."
    elif len(text) > longest:
        problem = f"The {called} has {len(text):,} characters; {longest:,} fit."
    elif found := forbidden_character(text):
        problem = f"The {called} holds {found}, which cannot be stored."
    if problem:
        raise Invalid(problem, fields={name: problem})
    return text
