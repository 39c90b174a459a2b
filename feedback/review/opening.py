"""Opening the cases that tasks call for, and withdrawing what nothing calls for now.

A case that somebody has in hand is never touched, nor one that a person asked for.
Everything here may be done again at any time: the same answers give the same cases.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from feedback.audit.services import record
from feedback.rating.models import Judgment
from feedback.review.cases import withdraw_case
from feedback.review.disagreement import Wanted, is_drawn_for_audit, wanted_case
from feedback.review.models import Adjudication, AdjudicationCase
from feedback.review.task_answers import TaskAnswers, answers_to
from feedback.studies.models import Slot, Study, Task

_TASKS_A_CHUNK = 500
# What rules open, rules may change and withdraw.
_BY_RULE = (
    AdjudicationCase.Reason.DISAGREEMENT,
    AdjudicationCase.Reason.AUDIT_RANDOM,
    AdjudicationCase.Reason.AUDIT_RISK,
)


_WHY_NOT_READY = {
    Task.State.OPEN: "More raters are asked for now.",
    Task.State.WITHDRAWN: "The task was taken out of the study.",
}


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep of a study changed."""

    n_opened: int = 0
    n_changed: int = 0
    n_withdrawn: int = 0


def open_cases_for(
    study: Study, *, now: datetime, since: datetime | None = None
) -> Sweep:
    """Look at a study's tasks and open, change or withdraw cases by the rules.

    Args:
        study: whose tasks.
        now: when a case that is withdrawn counts as closed.
        since: look only at tasks that were judged since then, if given.
    """
    counts = dict.fromkeys(("opened", "changed", "withdrawn"), 0)
    for chunk in _chunks(_candidates(study, since=since)):
        answers = answers_to(chunk)
        live = _live_cases(chunk)
        tasks = Task.objects.filter(pk__in=chunk).annotate(
            is_with_specialist=Exists(_with_specialist())
        )
        for task in tasks.select_related("study"):
            wanted = None
            if _is_ready(task, is_with_specialist=task.is_with_specialist):
                wanted = _wanted(task, answers.get(task.pk, TaskAnswers()))
            if _is_as_wanted(live.get(task.pk), wanted):
                continue
            done = see_to(task, now=now)
            if done:
                counts[done] += 1
    return Sweep(**{f"n_{name}": n for name, n in counts.items()})


def _candidates(study: Study, *, since: datetime | None) -> QuerySet[Task]:
    """Tasks that may need a case or have one that rules may change."""
    own = {"task": OuterRef("pk")}
    settled = Adjudication.objects.filter(**own)
    by_rule = AdjudicationCase.objects.filter(
        **own, state=AdjudicationCase.State.OPEN, reason__in=_BY_RULE
    )
    tasks = study.tasks.filter(
        Q(state=Task.State.COMPLETE) | Exists(_with_specialist()) | Exists(by_rule),
        ~Exists(settled),
        purpose=Task.Purpose.LABEL,
    )
    if since is not None:
        judged = Judgment.objects.filter(**own, created_at__gte=since)
        tasks = tasks.filter(Exists(judged))
    return tasks.order_by("pk")


def _with_specialist() -> QuerySet[Slot]:
    """That the policy has sent a task to a specialist."""
    return Slot.objects.filter(task=OuterRef("pk"), wave=Slot.Wave.SPECIALIST).exclude(
        state=Slot.State.CLOSED
    )


def _chunks(tasks: QuerySet[Task]) -> Iterator[list[int]]:
    last = 0
    while chunk := list(
        tasks.filter(pk__gt=last).values_list("pk", flat=True)[:_TASKS_A_CHUNK]
    ):
        last = chunk[-1]
        yield chunk


def _live_cases(task_ids: list[int]) -> dict[int, AdjudicationCase]:
    live = AdjudicationCase.objects.filter(
        task__in=task_ids,
        state__in=[AdjudicationCase.State.OPEN, AdjudicationCase.State.CLAIMED],
    )
    return {case.task_id: case for case in live}


def _wanted(task: Task, answers: TaskAnswers) -> Wanted | None:
    return wanted_case(
        answers.given,
        answers.scales,
        n_asked=task.study.overlap,
        is_drawn=is_drawn_for_audit(
            seed=task.study.seed,
            fingerprint=task.fingerprint,
            audit_percent=task.study.audit_percent,
        ),
    )


def _is_as_wanted(case: AdjudicationCase | None, wanted: Wanted | None) -> bool:
    if case is None or wanted is None:
        return case is None and wanted is None
    return (case.reason, case.priority, case.because, tuple(case.disputed)) == (
        wanted.reason,
        wanted.priority,
        wanted.because,
        wanted.disputed,
    )


@transaction.atomic
def see_to(task: Task, *, now: datetime) -> str:
    """Give one task the case that its answers call for.

    Returns:
        "opened", "changed", "withdrawn", or nothing if all is as it should be.
    """
    # Whoever opens a case holds the task's row, so of two there is one.
    held = Task.objects.select_for_update(no_key=True, of=("self",)).get(pk=task.pk)
    if held.purpose != Task.Purpose.LABEL:
        return ""
    if Adjudication.objects.filter(task=held).exists():
        return ""
    case = (
        AdjudicationCase.objects.select_for_update(of=("self",))
        .filter(task=held, state__in=["open", "claimed"])
        .first()
    )
    if case is not None and not _may_rules_change(case):
        return ""
    is_with_specialist = Task.objects.filter(
        Exists(_with_specialist()), pk=held.pk
    ).exists()
    wanted = None
    if is_ready := _is_ready(held, is_with_specialist=is_with_specialist):
        wanted = _wanted(held, answers_to([held.pk]).get(held.pk, TaskAnswers()))
    if case is None:
        return _open(held, wanted)
    if wanted is None:
        why = (
            "The raters agree now."
            if is_ready
            else _WHY_NOT_READY[Task.State(held.state)]
        )
        withdraw_case(case=case, because=why, actor=None, now=now)
        return "withdrawn"
    return _change(case, wanted)


def _may_rules_change(case: AdjudicationCase) -> bool:
    return case.state == AdjudicationCase.State.OPEN and case.reason in _BY_RULE


def _is_ready(task: Task, *, is_with_specialist: bool) -> bool:
    """Whether every rating that was asked for is in, or a specialist is asked."""
    if task.state == Task.State.OPEN:
        return is_with_specialist
    return task.state == Task.State.COMPLETE


def _open(task: Task, wanted: Wanted | None) -> str:
    if wanted is None or _was_withdrawn_by_a_person(task):
        return ""
    case = AdjudicationCase.objects.create(
        study_id=task.study_id,
        task=task,
        reason=wanted.reason,
        priority=wanted.priority,
        because=wanted.because,
        disputed=list(wanted.disputed),
    )
    record(action="case.opened", subject=case, details={"reason": case.reason})
    return "opened"


def _was_withdrawn_by_a_person(task: Task) -> bool:
    """Whether a person withdrew the last case, and nothing was said since."""
    last = AdjudicationCase.objects.filter(task=task).order_by("-pk").first()
    if last is None or last.closed_by_id is None or last.closed_at is None:
        return False
    return not task.judgments.filter(created_at__gt=last.closed_at).exists()


def _change(case: AdjudicationCase, wanted: Wanted) -> str:
    if _is_as_wanted(case, wanted):
        return ""
    case.reason, case.priority = wanted.reason, wanted.priority
    case.because, case.disputed = wanted.because, list(wanted.disputed)
    case.save(update_fields=["reason", "priority", "because", "disputed"])
    record(action="case.changed", subject=case, details={"reason": case.reason})
    return "changed"
