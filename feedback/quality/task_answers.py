"""What raters answered to one task, side by side, by letters."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch

from feedback.common.exceptions import NotVisible
from feedback.rating.checks import item_name
from feedback.rating.models import CriterionRating, Judgment, Preference
from feedback.rating.said import Lines, said_lines
from feedback.studies.models import Study, Task


@dataclass(frozen=True)
class Lettered:
    """One rater's answer.

    Attributes:
        letter: stands for the rater on this page only.
        wave: what the rating was asked for, in words.
        lines: label and value of everything said.
    """

    letter: str
    wave: str
    lines: Lines


@dataclass(frozen=True)
class TaskAnswers:
    """A task with what was answered to it.

    Attributes:
        task: the task, with its prompt.
        turns: role and text of each turn of the prompt.
        completions: name and text of each, in the task's own order; no model names.
        answers: by letter.
    """

    task: Task
    turns: Sequence[tuple[str, str]]
    completions: Sequence[tuple[str, str]]
    answers: Sequence[Lettered]


def answers_of(study: Study, task_uid: UUID) -> TaskAnswers:
    """The current blind answers to a task that is to be labeled.

    Letters are drawn for each task: A is not the same rater twice, nor who was first.

    Raises:
        NotVisible: if the study has no such task, or its answer is known.
    """
    task = (
        study.tasks.filter(uid=task_uid, purpose=Task.Purpose.LABEL)
        .select_related("prompt")
        .first()
    )
    if task is None:
        raise NotVisible
    items = list(task.items.select_related("completion"))
    judgments = sorted(_standing(task), key=lambda one: _drawn(study, task, one))
    return TaskAnswers(
        task=task,
        turns=[
            (str(turn["role"]).capitalize(), str(turn["content"]))
            for turn in task.prompt.messages
        ],
        completions=[
            (item_name(task.kind, place), item.completion.content)
            for place, item in enumerate(items)
        ],
        answers=[
            Lettered(
                letter=_letter(number),
                wave=judgment.assignment.slot.get_wave_display(),
                lines=said_lines(judgment, short=False),
            )
            for number, judgment in enumerate(judgments)
        ],
    )


def _standing(task: Task) -> list[Judgment]:
    ratings = CriterionRating.objects.select_related("criterion").order_by(
        "completion_id", "criterion__position", "turn_no"
    )
    preferences = Preference.objects.select_related("criterion").order_by("pk")
    found = list(
        Judgment.objects.filter(task=task, basis=Judgment.Basis.BLIND)
        .exclude(superseded_by__basis=Judgment.Basis.BLIND)
        .select_related("task", "rater", "assignment__slot")
        .prefetch_related(
            Prefetch("ratings", queryset=ratings),
            Prefetch("preferences", queryset=preferences),
            "corrections",
            "safety_flags",
            "marks__label",
            "point_verdicts__point",
            "task__items",
        )
    )
    for judgment in found:
        # Each rater saw sides of their own; here all are told in the task's order.
        judgment.assignment.shown_order = sorted(judgment.assignment.shown_order)
    return found


def _drawn(study: Study, task: Task, judgment: Judgment) -> bytes:
    drawn = f"letter:{study.seed}:{task.fingerprint}:{judgment.rater.pseudonym}"
    return hashlib.sha256(drawn.encode()).digest()


def _letter(number: int) -> str:
    """A to Z, then AA, AB and so on."""
    before, last = divmod(number, 26)
    return (_letter(before - 1) if before else "") + chr(ord("A") + last)
