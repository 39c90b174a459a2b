"""How far a study has come: counted, never incremented."""

from dataclasses import dataclass

from django.db.models import Count, Max, Q
from django.db.models.functions import TruncDate

from feedback.rating.models import Judgment
from feedback.studies.models import Slot, Study, Task

_DAYS = 30


@dataclass(frozen=True, slots=True)
class KindOfTask:
    """The tasks of one kind that are to be labeled.

    Attributes:
        label: of the kind.
        n_tasks: not withdrawn.
        n_complete: need no more raters.
        n_places: raters asked for so far.
        n_done: raters who answered.
        n_in_hand: raters who hold one now.
    """

    label: str
    n_tasks: int
    n_complete: int
    n_places: int
    n_done: int
    n_in_hand: int


def progress_by_kind(study: Study) -> list[KindOfTask]:
    """Tasks and places of each kind."""
    to_label = study.tasks.filter(purpose=Task.Purpose.LABEL).exclude(
        state=Task.State.WITHDRAWN
    )
    tasks = {
        row["kind"]: row
        for row in to_label.values("kind").annotate(
            n=Count("pk"), done=Count("pk", filter=Q(state=Task.State.COMPLETE))
        )
    }
    places = {
        row["task__kind"]: row
        for row in Slot.objects.filter(task__in=to_label)
        .exclude(state=Slot.State.CLOSED)
        .values("task__kind")
        .annotate(
            n=Count("pk"),
            done=Count("pk", filter=Q(state=Slot.State.DONE)),
            held=Count("pk", filter=Q(state=Slot.State.LEASED)),
        )
    }
    return [
        KindOfTask(
            label=str(kind.label),
            n_tasks=tasks[kind]["n"],
            n_complete=tasks[kind]["done"],
            n_places=places[kind]["n"] if kind in places else 0,
            n_done=places[kind]["done"] if kind in places else 0,
            n_in_hand=places[kind]["held"] if kind in places else 0,
        )
        for kind in Task.Kind
        if kind in tasks
    ]


@dataclass(frozen=True, slots=True)
class Day:
    """Answers submitted on one day, in UTC."""

    day: str
    n_judgments: int
    n_raters: int


def judgments_by_day(study: Study) -> list[Day]:
    """First answers of the last thirty days on which there were any, oldest first."""
    rows = (
        Judgment.objects.filter(study=study, revision=1)
        .annotate(day=TruncDate("created_at"))
        .values("day")
        .annotate(n=Count("pk"), raters=Count("rater", distinct=True), last=Max("pk"))
        .order_by("-day")[:_DAYS]
    )
    return [
        Day(day=row["day"].isoformat(), n_judgments=row["n"], n_raters=row["raters"])
        for row in reversed(rows)
    ]
