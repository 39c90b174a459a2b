"""The switchboard: which work a job kind means, and what follows from which event.

The only such lists in the project. A reader who wants to know what happens after a
judgment looks here.
"""

import logging

from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from exports import tasks as exports_tasks
from feedback.accounts.events import SignedIn, SignedOut
from feedback.accounts.models import User
from feedback.audit.services import record
from feedback.common import events
from feedback.corpus import tasks as corpus_tasks
from feedback.jobs import registry
from feedback.jobs.services import JobDue
from rlhf_site.tasks import wake

logger = logging.getLogger(__name__)


def nudge(event: JobDue) -> None:
    """Ask Celery to run the job now. Without a broker the sweep does it later."""
    try:
        wake.apply_async(args=(event.job_id,), retry=False)
    except (KombuError, RedisError, OSError) as error:
        logger.warning(
            "No broker for job %s, left to the sweep: %s", event.job_id, error
        )


def note_sign_in(event: SignedIn) -> None:
    """Write a sign-in to the log."""
    user = User.objects.get(pk=event.user_id)
    record(action="user.signed_in", subject=user, actor=user, details={"by": event.by})


def note_sign_out(event: SignedOut) -> None:
    """Write a sign-out to the log."""
    user = User.objects.get(pk=event.user_id)
    record(action="user.signed_out", subject=user, actor=user)


WORK = {
    "corpus.read_batch": corpus_tasks.read_batch,
    "exports.write_snapshot": exports_tasks.write_snapshot,
}

REACTIONS: dict[type[events.Event], tuple[events.Reaction, ...]] = {
    JobDue: (nudge,),
    SignedIn: (note_sign_in,),
    SignedOut: (note_sign_out,),
}


def install() -> None:
    """Called once, when the applications are loaded."""
    registry.install(WORK)
    events.connect(REACTIONS)
