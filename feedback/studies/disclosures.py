"""Whoever saw others' answers to a task never rates it, and the other way round."""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from feedback.accounts.models import User
from feedback.accounts.permissions import Role
from feedback.common.exceptions import Forbidden
from feedback.studies.models import Assignment, Disclosure, Enrollment, Task


def met_by(user: User) -> QuerySet[Assignment, int]:
    """What a person was served as a rater: tasks, by the ordinary one of their kind.

    Not what expired, which was given to somebody else; but what was declined, since
    it was read, and often for a reason that speaks against settling it, too.
    """
    return (
        Assignment.objects.filter(rater__user=user)
        .exclude(state=Assignment.State.EXPIRED)
        .values_list(Coalesce("task__repeats_id", "task_id"), flat=True)
    )


def has_met(user: User, task_id: int) -> bool:
    """Whether a person was served a task as a rater, or one that shows the same."""
    task = Task.objects.annotate(ordinary=Coalesce("repeats_id", "pk"))
    return task.filter(pk=task_id, ordinary__in=met_by(user)).exists()


def may_be_asked(user: User, *, task: str, study: str) -> Q:
    """The condition that a person who rates may still be served an ordinary task.

    What they were shown already is not served to them any more.

    Args:
        user: who may also adjudicate or lead.
        task: the look-up of the task, from the rows that are filtered; "" for these.
        study: the look-up of its study.
    """
    rates = Enrollment.objects.filter(
        study=OuterRef(study), user=user, role=Role.RATER, ended_at=None
    )
    shown = Disclosure.objects.filter(task=OuterRef(task or "pk"), user=user)
    state = f"{task}__state" if task else "state"
    return Q(Exists(rates)) & ~Q(Exists(shown)) & Q(**{state: Task.State.OPEN})


def is_disclosed(*, task: Task, user_id: int) -> bool:
    """Whether a person saw what raters said about a task, or about its twin."""
    ordinary = task.repeats_id or task.pk
    return Disclosure.objects.filter(task=ordinary, user=user_id).exists()


@transaction.atomic
def disclose(*, task: Task, user: User) -> None:
    """Note that a person is about to see what raters said about a task.

    From here on they are not served it, nor its twins; twice is once.

    Raises:
        Forbidden: if they rated it, or were asked to.
    """
    if is_disclosed(task=task, user_id=user.pk):
        return
    # Whoever is served a task holds this row: it was before this, or never will be.
    rates = Enrollment.objects.select_for_update().filter(
        study=task.study_id, user=user, role=Role.RATER, ended_at=None
    )
    list(rates.values_list("pk"))
    if has_met(user, task.pk):
        raise Forbidden(
            "You rated this task, or were asked to; somebody else settles it.",
            next_step="Go back to the queue and take another one.",
        )
    row = Disclosure(task_id=task.repeats_id or task.pk, user=user)
    Disclosure.objects.bulk_create([row], ignore_conflicts=True)
