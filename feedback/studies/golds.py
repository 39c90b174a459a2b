"""Making and retiring tasks whose answer is known."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from feedback.accounts.models import User
from feedback.accounts.permissions import Role, Verb
from feedback.audit.services import record
from feedback.common.exceptions import Conflict, Invalid, NotVisible
from feedback.common.hashing import json_sha256
from feedback.common.text import forbidden_character, normalize
from feedback.studies.expected import check_expected
from feedback.studies.locks import lock_task
from feedback.studies.models import Enrollment, GoldItem, Slot, Study, Task
from feedback.studies.selectors import studies_for
from feedback.studies.twins import make_twin

MAX_EXPLANATION = 4000
PURPOSES = (Task.Purpose.GOLD, Task.Purpose.TRAINING)


def golds_of(study: Study) -> QuerySet[GoldItem]:
    """The known answers of a study, those in use first, newest first."""
    return (
        GoldItem.objects.filter(task__study=study)
        .select_related("task__prompt", "task__repeats", "created_by")
        .order_by("-retired_at", "-pk")
    )


def studies_with_golds_for(user: User) -> QuerySet[Study]:
    """The studies whose known answers a person may see: led, and not rated in."""
    rates = Enrollment.objects.filter(
        study=OuterRef("pk"), user=user, role=Role.RATER, ended_at=None
    )
    return studies_for(user, Verb.STUDY_LEAD).exclude(Exists(rates))


def access_golds(user: User, uid: UUID) -> Study:
    """The only door to the known answers of a study.

    Raises:
        NotVisible: for who does not lead it, or rates in it.
    """
    study = studies_with_golds_for(user).filter(uid=uid).first()
    if study is None:
        raise NotVisible
    return study


def access_gold(user: User, uid: UUID) -> GoldItem:
    """The only door to a known answer: for those who lead its study.

    Raises:
        NotVisible: for anybody else.
    """
    gold = (
        GoldItem.objects.select_related(
            "task__study", "task__prompt", "task__guideline_version", "task__repeats"
        )
        .filter(uid=uid, task__study__in=studies_with_golds_for(user))
        .first()
    )
    if gold is None:
        raise NotVisible
    return gold


def access_task(user: User, uid: UUID) -> Task:
    """The only door from a study's lead to one of its ordinary tasks.

    Raises:
        NotVisible: for anybody else, and for tasks that are twins of others.
    """
    task = (
        Task.objects.select_related("study", "prompt", "guideline_version")
        .filter(
            uid=uid,
            purpose=Task.Purpose.LABEL,
            study__in=studies_with_golds_for(user),
        )
        .first()
    )
    if task is None:
        raise NotVisible
    return task


@transaction.atomic
def make_gold(
    *,
    task: Task,
    expected: Mapping[str, Any],
    explanation: str,
    purpose: str,
    actor: User,
) -> GoldItem:
    """Make a twin of an ordinary task whose answer is known.

    Raters who met the one never meet the other: `feedback.studies.serving`.

    Args:
        task: an ordinary task.
        expected: what is checked; `feedback.studies.expected` says how it is written.
        explanation: why, as a rater reads it after a training answer.
        purpose: `Task.Purpose.GOLD` or `TRAINING`.
        actor: who knows.

    Raises:
        Invalid: if the expected answer does not fit the task, or nothing explains it.
        Conflict: if the task is not an ordinary one, was withdrawn, or has a known
            answer of this purpose already.
    """
    clean = check_expected(task, expected)
    explanation = _explained(explanation)
    if purpose not in PURPOSES:
        raise Invalid(
            f"A known answer serves no {purpose!r}.",
            fields={"purpose": "Choose what it is for."},
        )
    original = lock_task(task.pk)
    _refuse_unfit(original, purpose)
    n_earlier = original.twins.filter(purpose=purpose).count()
    twin = make_twin(
        original=original,
        purpose=Task.Purpose(purpose),
        fingerprint=json_sha256(
            {"twin_of": original.fingerprint, "purpose": purpose, "number": n_earlier}
        ),
    )
    gold = GoldItem.objects.create(
        task=twin, expected=clean, explanation=explanation, created_by=actor
    )
    record(
        action="gold.made",
        subject=gold,
        actor=actor,
        details={"task": str(original.uid), "purpose": purpose, "expected": clean},
    )
    return gold


@transaction.atomic
def retire_gold(*, gold: GoldItem, actor: User, now: datetime) -> GoldItem:
    """Serve a known answer to nobody else and count no answer to it; twice is once.

    Who has it in hand may still submit; the judgment is kept.
    """
    held = GoldItem.objects.select_for_update().get(pk=gold.pk)
    if held.retired_at is not None:
        return held
    held.retired_at = now
    held.save(update_fields=["retired_at"])
    lock_task(held.task_id)
    Slot.objects.filter(task_id=held.task_id, state=Slot.State.OPEN).update(
        state=Slot.State.CLOSED
    )
    Task.objects.filter(pk=held.task_id).update(state=Task.State.WITHDRAWN)
    record(action="gold.retired", subject=held, actor=actor)
    return held


@transaction.atomic
def replace_gold(
    *,
    gold: GoldItem,
    expected: Mapping[str, Any],
    explanation: str,
    actor: User,
    now: datetime,
) -> GoldItem:
    """Retire a known answer and make another of the same task in its place.

    Answers to the earlier one stay with what was expected then; raters who met it do
    not meet the new one.

    Raises:
        Invalid: if the new answer does not fit the task.
        Conflict: if it was retired before.
    """
    held = GoldItem.objects.select_for_update().get(pk=gold.pk)
    if held.retired_at is not None or gold.task.repeats is None:
        raise Conflict(
            "This known answer was retired in the meantime.",
            next_step="Open the list and change the one that took its place.",
        )
    retire_gold(gold=held, actor=actor, now=now)
    return make_gold(
        task=gold.task.repeats,
        expected=expected,
        explanation=explanation,
        purpose=gold.task.purpose,
        actor=actor,
    )


def _refuse_unfit(original: Task, purpose: str) -> None:
    if original.purpose != Task.Purpose.LABEL:
        raise Conflict(
            "This task is itself a twin of another.",
            next_step="Choose an ordinary task.",
        )
    if original.state == Task.State.WITHDRAWN:
        raise Conflict(
            "This task was withdrawn.", next_step="Choose one that is in use."
        )
    live = GoldItem.objects.filter(
        task__repeats=original, task__purpose=purpose, retired_at=None
    )
    if live.exists():
        raise Conflict(
            "The answer to this task is known already.",
            next_step="Change that one in the list of known answers.",
        )


def _explained(text: str) -> str:
    text = normalize(text).strip()
    problem = ""
    if not text:
        problem = "Say in a sentence or two why this is the answer."
    elif len(text) > MAX_EXPLANATION:
        problem = f"It has {len(text)} characters; use {MAX_EXPLANATION} at most."
    elif found := forbidden_character(text):
        problem = f"It holds {found}, which cannot be stored. Remove it."
    if problem:
        raise Invalid(
            f"The explanation is missing or cannot be stored: {problem}",
            fields={"explanation": problem},
        )
    return text
