"""The switchboard: which work a job kind means, and what follows from which event.

The only such lists in the project. A reader who wants to know what happens after a
judgment looks here.
"""

import logging
from uuid import uuid4

from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from exports import delivery_reactions, delivery_tasks
from exports import reactions as exports_reactions
from exports import tasks as exports_tasks
from exports.comparisons import COMPARE_JOB
from exports.events import ReleasePublished, RowsWithdrawn
from exports.models import Push, WebhookDelivery
from exports.tombstones import WATCH_JOB
from feedback.accounts.events import (
    KeysChanged,
    PasswordChanged,
    SignedIn,
    SignedOut,
)
from feedback.accounts.models import User
from feedback.audit.services import record
from feedback.common import events
from feedback.corpus import tasks as corpus_tasks
from feedback.corpus.events import BatchRead
from feedback.corpus.models import ImportBatch
from feedback.jobs import registry
from feedback.jobs.services import JobDue, enqueue
from feedback.quality import reactions as quality_reactions
from feedback.quality import routing
from feedback.rating.events import JudgmentSubmitted, SafetyFlagRaised
from feedback.rating.models import Judgment
from feedback.review import tasks as review_tasks
from feedback.studies import tasks as studies_tasks
from feedback.studies.events import TaskCompleted
from feedback.studies.models import StudySource, Task
from feedback.studies.slots import FIT_JOB, ROUTE_JOB
from rlhf_site.celery import app
from rlhf_site.tasks import wake

logger = logging.getLogger(__name__)


def nudge(job_id: int) -> bool:
    """Ask Celery to run the job now; False without a broker."""
    try:
        app.send_task(wake.name, args=(job_id,), retry=False, ignore_result=True)
    except (KombuError, RedisError, OSError) as error:
        logger.warning("No broker for job %s, left to the sweep: %s", job_id, error)
        return False
    return True


def wake_job(event: JobDue) -> None:
    """Start a job that was just written; if that fails, the sweep starts it."""
    nudge(event.job_id)


def build_tasks_of_batch(event: BatchRead) -> None:
    """Ask for the tasks that a batch calls for, in each study that uses its source."""
    batch = ImportBatch.objects.get(pk=event.batch_id)
    for link in StudySource.objects.filter(source=batch.source_id):
        enqueue(
            kind=studies_tasks.BUILD_JOB,
            subject=link,
            dedupe_key=f"{studies_tasks.BUILD_JOB}:{link.pk}:{batch.pk}",
        )


def ask_for_review(event: TaskCompleted) -> None:
    """Ask whether the answers to a task call for somebody to settle them."""
    _ask_for_review(Task.objects.get(pk=event.task_id))


def ask_again(event: JudgmentSubmitted) -> None:
    """Look at a complete task again when a rater changed their answer to it."""
    judgment = Judgment.objects.select_related("task").get(pk=event.judgment_id)
    if judgment.revision > 1 and judgment.task.state == Task.State.COMPLETE:
        _ask_for_review(judgment.task)


def _ask_for_review(task: Task) -> None:
    key = f"{review_tasks.SEE_TO_JOB}:{uuid4()}"
    enqueue(kind=review_tasks.SEE_TO_JOB, subject=task, dedupe_key=key)


def note_sign_in(event: SignedIn) -> None:
    """Write a sign-in to the log."""
    user = User.objects.get(pk=event.user_id)
    record(action="user.signed_in", subject=user, actor=user, details={"by": event.by})


def note_sign_out(event: SignedOut) -> None:
    """Write a sign-out to the log."""
    user = User.objects.get(pk=event.user_id)
    record(action="user.signed_out", subject=user, actor=user)


def note_keys(event: KeysChanged) -> None:
    """Write a change of the keys to the log."""
    user = User.objects.get(pk=event.user_id)
    record(action="user.keys_changed", subject=user, actor=user)


def note_password(event: PasswordChanged) -> None:
    """Write a change of password to the log; never the password."""
    user = User.objects.get(pk=event.user_id)
    details = {"by": event.by}
    record(action="user.password_changed", subject=user, actor=user, details=details)


WORK = {
    ImportBatch.READ_JOB: corpus_tasks.read_batch,
    studies_tasks.BUILD_JOB: studies_tasks.build_tasks,
    ROUTE_JOB: routing.route_task,
    FIT_JOB: routing.route_study,
    review_tasks.SEE_TO_JOB: review_tasks.see_to_task,
    "exports.write_snapshot": exports_tasks.write_snapshot,
    COMPARE_JOB: exports_tasks.compare_snapshots,
    WATCH_JOB: exports_tasks.watch_release,
    WebhookDelivery.SEND_JOB: delivery_tasks.send_webhook,
    Push.PUSH_JOB: delivery_tasks.push,
}

REACTIONS: dict[type[events.Event], tuple[events.Reaction, ...]] = {
    JobDue: (wake_job,),
    BatchRead: (build_tasks_of_batch,),
    JudgmentSubmitted: (
        quality_reactions.after_judgment,
        ask_again,
        exports_reactions.after_judgment,
    ),
    SafetyFlagRaised: (exports_reactions.after_flag,),
    ReleasePublished: (delivery_reactions.after_release,),
    RowsWithdrawn: (delivery_reactions.after_withdrawal,),
    TaskCompleted: (ask_for_review,),
    SignedIn: (note_sign_in,),
    SignedOut: (note_sign_out,),
    KeysChanged: (note_keys,),
    PasswordChanged: (note_password,),
}


def install() -> None:
    """Called once, when the applications are loaded."""
    registry.install(WORK)
    events.connect(REACTIONS)
