"""What a task needs next, decided after each answer by the study's policy.

The rules themselves are values in `feedback.stats.routing`; here they meet the tables.
Every function may be called again at any time: it looks at what is there.
"""

from dataclasses import dataclass
from uuid import uuid4

import numpy as np
from django.core.cache import cache
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from feedback.accounts.permissions import Role
from feedback.common.events import emit
from feedback.jobs.services import enqueue
from feedback.quality.pair_choice import spend_votes
from feedback.quality.votes import Question, Votes, question_of, votes_in, votes_on
from feedback.stats import routing
from feedback.stats.arrays import FloatArray, IntArray
from feedback.stats.consensus import dawid_skene
from feedback.studies.events import TaskCompleted
from feedback.studies.locks import lock_task
from feedback.studies.models import Assignment, Enrollment, Slot, Study, Task
from feedback.studies.policies import policy_of
from feedback.studies.slots import (
    ROUTE_JOB,
    close_unclaimed,
    complete_settled,
    open_place,
)

# The raters' record is fitted anew when it has grown by this share, or this many votes.
_GROWTH = 0.05
_FEW_VOTES = 50
_RECORD_SECONDS = 24 * 3600
_WAITING = (Slot.State.OPEN, Slot.State.LEASED)
_COUNTED = (Slot.Wave.BASE, Slot.Wave.MORE)
_EXPERT = (Slot.Wave.SPECIALIST, Slot.Wave.AUDIT)
_BY_NUMBER = (Task.Stop.FIXED, Task.Stop.LOWERED, Task.Stop.CAP, Task.Stop.LOCKED)


def route_task(task_id: int) -> None:
    """Ask one more rater of a task, send it to a specialist, or let it be complete."""
    study = _route(task_id)
    if study.policy == Study.Policy.INFORMATION:
        # By itself: it locks the study and then other tasks.
        spend_votes(study)


@transaction.atomic
def _route(task_id: int) -> Study:
    task = lock_task(task_id)
    study = task.study
    if task.purpose != Task.Purpose.LABEL or task.state == Task.State.WITHDRAWN:
        return study
    if study.policy == Study.Policy.FIXED:
        complete_settled(study=study, task_ids=[task.pk])
        return study
    place = _Place.of(task)
    if task.stopped_by == Task.Stop.SPECIALIST or place.has_expert_answer:
        _complete(task, place, by=place.expert_stop)
        return study
    decision = _decision(task, place)
    if decision.action == "ask":
        _ask(task, place)
    elif decision.action == "stop":
        _stop(task, place)
    else:
        _escalate(task, place)
    return study


def route_study(study_id: int) -> None:
    """Have every task routed that the policy may see otherwise since it changed.

    Those that wait for a decision, and those that are complete only because they had
    as many raters as were asked for then. Each by a job of its own, so that one that
    fails stops no other.
    """
    study = Study.objects.get(pk=study_id)
    for task in stranded(study):
        enqueue(kind=ROUTE_JOB, subject=task, dedupe_key=f"{ROUTE_JOB}:{uuid4()}")
    for task in ended_by_number(study).iterator():
        if _decision(task, _Place.of(task)) == routing.ASK:
            enqueue(kind=ROUTE_JOB, subject=task, dedupe_key=f"{ROUTE_JOB}:{uuid4()}")
    if study.policy == Study.Policy.INFORMATION:
        spend_votes(study)


def stranded(study: Study) -> QuerySet[Task]:
    """Open tasks that no rater's answer moves on.

    Nobody holds a place or may take one, or what is open waits for a specialist, who
    may have left the study since.
    """
    waiting = Slot.objects.filter(task=OuterRef("pk"), state__in=_WAITING)
    return study.tasks.filter(
        ~Exists(waiting) | Exists(waiting.filter(is_for_specialist=True)),
        purpose=Task.Purpose.LABEL,
        state=Task.State.OPEN,
        slots__isnull=False,
    ).distinct()


def ended_by_number(study: Study) -> QuerySet[Task]:
    """Complete tasks that ended by a number of raters and could be asked more now.

    What ended because it was certain, or because a specialist decided, stays ended.
    "Locked" is certain for one number of raters only, so it may be asked further.
    """
    answered = Q(slots__wave__in=_COUNTED, slots__state=Slot.State.DONE)
    by_expert = Slot.objects.filter(
        task=OuterRef("pk"), wave__in=_EXPERT, state=Slot.State.DONE
    )
    return (
        study.tasks.filter(
            ~Exists(by_expert),
            purpose=Task.Purpose.LABEL,
            state=Task.State.COMPLETE,
            stopped_by__in=_BY_NUMBER,
        )
        .select_related("study", "guideline_version")
        .annotate(n_answers=Count("slots", filter=answered))
        .filter(n_answers__lt=policy_of(study).cap)
        .order_by("pk")
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A task's places by wave and state."""

    n_done: int
    n_waiting: int
    n_held: int
    expert: dict[str, str]

    @classmethod
    def of(cls, task: Task) -> "_Place":
        rows = list(task.slots.values_list("wave", "state"))
        counted = [state for wave, state in rows if wave in _COUNTED]
        return cls(
            n_done=counted.count(Slot.State.DONE),
            n_waiting=sum(state in _WAITING for state in counted),
            n_held=sum(state == Slot.State.LEASED for _, state in rows),
            expert={
                wave: state
                for wave, state in rows
                if wave in _EXPERT and state != Slot.State.PASSED
            },
        )

    @property
    def has_expert_answer(self) -> bool:
        return Slot.State.DONE in self.expert.values()

    @property
    def expert_stop(self) -> str:
        """Why the task is complete now that a specialist answered."""
        is_audit = self.expert.get(Slot.Wave.AUDIT) == Slot.State.DONE
        return "" if is_audit else Task.Stop.SPECIALIST


def _decision(task: Task, place: _Place) -> routing.Decision:
    study = task.study
    policy = policy_of(study)
    question = question_of(study=study, kind=task.kind, version=task.guideline_version)
    if question is None or study.policy == Study.Policy.INFORMATION:
        # Nothing to count: as many as asked for.
        wanted = study.overlap
        if study.policy == Study.Policy.INFORMATION and task.kind == Task.Kind.PAIR:
            # What goes beyond is decided over all pairs, by `spend_votes`.
            wanted = routing.BASE_RATINGS
        is_enough = place.n_done >= wanted
        return routing.Decision("stop", 0) if is_enough else routing.ASK
    votes = votes_on(question=question, task=task)
    counts = np.bincount(votes.labels, minlength=question.n_labels).astype(np.int64)
    posterior = (
        _posterior(study, question, votes)
        if study.policy == Study.Policy.POSTERIOR
        else None
    )
    decision = routing.decide(policy, counts, posterior)
    if decision.action == "ask" and place.n_done >= policy.cap:
        # Answers without a label, such as "not applicable", count as asked.
        return routing.SPECIALIST
    return decision


def _ask(task: Task, place: _Place) -> None:
    _open_again(task)
    # What waited for a specialist waits for another rater first.
    Slot.objects.filter(
        task=task, is_for_specialist=True, state=Slot.State.OPEN
    ).update(state=Slot.State.CLOSED)
    # Whoever fills a place that waits has the task routed again.
    if not place.n_waiting:
        open_place(task, wave=Slot.Wave.MORE)


def _open_again(task: Task) -> None:
    Task.objects.filter(pk=task.pk).update(state=Task.State.OPEN, stopped_by="")


def _stop(task: Task, place: _Place) -> None:
    study = task.study
    is_drawn = routing.audit_draw(
        seed=study.seed, fingerprint=task.fingerprint, percent=study.audit_percent
    )
    # What was complete already had its draw then.
    is_audited = is_drawn and task.state == Task.State.OPEN
    if not (is_audited and _is_with_specialist(task, place, Slot.Wave.AUDIT)):
        _complete(task, place, by=_stop_of(study))


def _escalate(task: Task, place: _Place) -> None:
    if not _is_with_specialist(task, place, Slot.Wave.SPECIALIST):
        _complete(task, place, by=Task.Stop.CAP)


def _is_with_specialist(task: Task, place: _Place, wave: str) -> bool:
    """Whether a specialist has the task or may take it; opens the place for that."""
    state = place.expert.get(wave)
    if state == Slot.State.LEASED:
        return True
    if not _has_specialist(task):
        return False
    if state != Slot.State.OPEN:
        close_unclaimed(task)
        _open_again(task)
        open_place(task, wave=wave, is_for_specialist=True)
    return True


def _stop_of(study: Study) -> str:
    is_stop = study.policy in Task.Stop.values
    return study.policy if is_stop else Task.Stop.FIXED


def _complete(task: Task, place: _Place, *, by: str) -> None:
    close_unclaimed(task)
    if place.n_held:
        # Whoever holds a place may finish; their answer routes the task again.
        return
    stop = by or _stop_of(task.study)
    Task.objects.filter(pk=task.pk).update(state=Task.State.COMPLETE, stopped_by=stop)
    emit(TaskCompleted(task_id=task.pk))


def _has_specialist(task: Task) -> bool:
    """Whether a specialist is enrolled who may be served the task."""
    met = task.assignments.filter(rater__user=OuterRef("user")).exclude(
        state=Assignment.State.EXPIRED
    )
    return (
        Enrollment.objects.filter(
            study=task.study,
            role=Role.RATER,
            tier=Enrollment.Tier.SPECIALIST,
            stage=Enrollment.Stage.READY,
            ended_at=None,
        )
        .exclude(Exists(met))
        .exclude(Exists(task.disclosures.filter(user=OuterRef("user"))))
        .exists()
    )


@dataclass(frozen=True, slots=True)
class _Record:
    """How reliable each rater has been, by the model fitted last."""

    prior: FloatArray
    confusion: dict[int, FloatArray]
    newcomer: FloatArray


def _posterior(study: Study, question: Question, votes: Votes) -> FloatArray:
    """Probability of each label given the votes and the raters' record."""
    record = _record(study, question)
    logs: FloatArray = np.log(record.prior)
    for rater, label in zip(votes.raters, votes.labels, strict=True):
        logs = logs + np.log(record.confusion.get(rater, record.newcomer)[:, label])
    shares: FloatArray = np.exp(logs - logs.max())
    shares /= shares.sum()
    return shares


def _record(study: Study, question: Question) -> _Record:
    key = f"routing:{study.pk}:{question.criterion.pk if question.criterion else 0}"
    n_judgments = Slot.objects.filter(study=study, state=Slot.State.DONE).count()
    kept: tuple[int, _Record] | None = cache.get(key)
    if kept and n_judgments < kept[0] + max(_FEW_VOTES, _GROWTH * kept[0]):
        return kept[1]
    record = _fit(votes_in(question=question, study=study), question.n_labels)
    cache.set(key, (n_judgments, record), timeout=_RECORD_SECONDS)
    return record


def _fit(votes: Votes, n_labels: int) -> _Record:
    # Two ratings spread over a row and two on being right, as the model's prior has it.
    newcomer = np.full((n_labels, n_labels), 2.0 / n_labels) + 2.0 * np.eye(n_labels)
    newcomer /= newcomer.sum(axis=1, keepdims=True)
    if not votes.labels:
        return _Record(np.full(n_labels, 1.0 / n_labels), {}, newcomer)
    tasks, item = _numbered(votes.tasks)
    raters, rater = _numbered(votes.raters)
    fit = dawid_skene(
        item,
        rater,
        np.array(votes.labels, dtype=np.int64),
        n_items=len(tasks),
        n_raters=len(raters),
        n_values=n_labels,
    )
    confusion = dict(zip(raters.tolist(), fit.confusion, strict=True))
    return _Record(fit.prior, confusion, newcomer)


def _numbered(keys: list[int]) -> tuple[IntArray, IntArray]:
    distinct, places = np.unique(np.array(keys, dtype=np.int64), return_inverse=True)
    return distinct, places.astype(np.int64)
