"""Raters' minutes: counted from active time, by what they were spent on."""

from dataclasses import dataclass

from django.db.models import Count, Sum
from django.db.models.functions import TruncWeek

from feedback.quality.report_savings import Median
from feedback.rating.models import Judgment
from feedback.studies.models import Study, Task


@dataclass(frozen=True, slots=True)
class Spent:
    """Active time of one kind.

    Attributes:
        name: what it was spent on.
        n: judgments, every revision.
        minutes: active minutes of all of them.
        median: active seconds of the middle one.
    """

    name: str
    n: int
    minutes: float
    median: float


def time_by(study: Study, field: str, names: dict[str, str]) -> list[Spent]:
    """Time by a field of the task.

    Args:
        study: whose.
        field: of `Task`, with few values.
        names: of these values, in order.
    """
    rows = {
        row[f"task__{field}"]: row
        for row in Judgment.objects.filter(study=study)
        .values(f"task__{field}")
        .annotate(
            n=Count("pk"),
            seconds=Sum("active_seconds"),
            median=Median("active_seconds"),
        )
    }
    return [
        Spent(
            name=name,
            n=rows[value]["n"],
            minutes=rows[value]["seconds"] / 60,
            median=rows[value]["median"],
        )
        for value, name in names.items()
        if value in rows
    ]


def time_by_kind(study: Study) -> list[Spent]:
    """Time by kind of task."""
    return time_by(study, "kind", {one.value: str(one.label) for one in Task.Kind})


def time_by_purpose(study: Study) -> list[Spent]:
    """Time by purpose of the task."""
    return time_by(
        study, "purpose", {one.value: str(one.label) for one in Task.Purpose}
    )


def time_by_week(study: Study) -> list[Spent]:
    """Time by week, named by its Monday, oldest first."""
    rows = (
        Judgment.objects.filter(study=study)
        .annotate(week=TruncWeek("created_at"))
        .values("week")
        .annotate(
            n=Count("pk"),
            seconds=Sum("active_seconds"),
            median=Median("active_seconds"),
        )
        .order_by("week")
    )
    return [
        Spent(
            name=row["week"].date().isoformat(),
            n=row["n"],
            minutes=row["seconds"] / 60,
            median=row["median"],
        )
        for row in rows
    ]
