"""Opening, pausing and closing a study."""

from django.db import transaction

from feedback.accounts.models import User
from feedback.audit.services import record
from feedback.common.exceptions import Conflict, Invalid
from feedback.studies.models import Study

MAX_REASON = 300

# From each state, where a lead may take a study. Closed is final.
MOVES: dict[str, tuple[str, ...]] = {
    Study.State.OPEN: (Study.State.PAUSED, Study.State.CLOSED),
    Study.State.PAUSED: (Study.State.OPEN, Study.State.CLOSED),
    Study.State.CLOSED: (),
}


@transaction.atomic
def set_state(*, study: Study, state: str, actor: User, reason: str = "") -> Study:
    """Open, pause or close a study; the state that it has already changes nothing.

    Paused, nothing new is served, and what raters have in hand may be submitted.
    Closed, nothing is served or accepted any more, and nobody can open it again.

    Args:
        study: the study; its `state` is what it is now when this returns.
        state: a `Study.State`.
        actor: who is named in the audit trail.
        reason: why, in the lead's words.

    Raises:
        Conflict: if the study is closed.
        Invalid: if there is no such state, or the reason is too long.
    """
    if state not in Study.State.values:
        raise Invalid(f"State {state!r} is not one of {Study.State.values}.")
    reason = reason.strip()
    if len(reason) > MAX_REASON:
        text = f"The reason has {len(reason)} characters; it may have {MAX_REASON}."
        raise Invalid(text, next_step="Shorten it.", fields={"reason": text})
    before = Study.objects.select_for_update(no_key=True).get(pk=study.pk).state
    if state != before:
        if state not in MOVES[before]:
            raise Conflict(
                f"Study {study.name!r} is closed, which is final.",
                next_step="Clone it to go on with the same questions.",
            )
        Study.objects.filter(pk=study.pk).update(state=state)
        record(
            action=f"study.{_VERBS[state]}",
            subject=study,
            actor=actor,
            details={"before": before, "reason": reason},
        )
    study.state = state
    return study


_VERBS: dict[str, str] = {
    Study.State.OPEN: "opened",
    Study.State.PAUSED: "paused",
    Study.State.CLOSED: "closed",
}
