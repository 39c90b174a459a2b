"""Why raters disagreed, since when, and what the guideline was asked to make clear."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q
from django.db.models.functions import TruncWeek

from feedback.review.models import Adjudication
from feedback.studies.models import Criterion, Study


@dataclass(frozen=True, slots=True)
class WeekOfCauses:
    """Verdicts in force of one week.

    Attributes:
        week: its Monday.
        n: of all causes.
        by_cause: how many of each cause that occurs.
    """

    week: str
    n: int
    by_cause: dict[str, int]


def causes_by_week(study: Study) -> Sequence[WeekOfCauses]:
    """The verdicts in force by week and cause, oldest first; weeks without are left out."""
    rows = (
        Adjudication.objects.filter(task__study=study, superseded_by=None)
        .annotate(week=TruncWeek("created_at"))
        .values("week", "cause")
        .annotate(n=Count("pk"))
        .order_by("week")
    )
    weeks: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        weeks[row["week"].date().isoformat()][row["cause"]] = row["n"]
    return [WeekOfCauses(week, sum(of.values()), of) for week, of in weeks.items()]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked of the guideline about one criterion.

    Attributes:
        criterion: name of it; of wishes about none, "the guideline as a whole".
        n_open: wishes that no version answers yet.
        n_answered: wishes that a version answers.
        n_declined: wishes that were closed with a reason instead.
        n_verdicts: verdicts in force that blame the guideline for it.
    """

    criterion: str
    n_open: int
    n_answered: int
    n_declined: int
    n_verdicts: int


def wishes_of(study: Study) -> Sequence[Wishes]:
    """By criterion, those with most open wishes first."""
    names = dict(
        Criterion.objects.filter(guideline_version__study=study)
        .order_by("guideline_version__number")
        .values_list("key", "name")
    )
    in_force = Q(adjudications__isnull=False, adjudications__superseded_by__isnull=True)
    rows = study.change_requests.values("criterion_key").annotate(
        n_open=Count("pk", filter=Q(resolved_at=None), distinct=True),
        n_answered=Count(
            "pk", filter=Q(resolved_by_version__isnull=False), distinct=True
        ),
        n_closed=Count("pk", filter=Q(resolved_at__isnull=False), distinct=True),
        n_verdicts=Count("adjudications", filter=in_force, distinct=True),
    )
    found = [
        Wishes(
            criterion=names.get(row["criterion_key"], row["criterion_key"])
            or "The guideline as a whole",
            n_open=row["n_open"],
            n_answered=row["n_answered"],
            n_declined=row["n_closed"] - row["n_answered"],
            n_verdicts=row["n_verdicts"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (-one.n_open, -one.n_verdicts, one.criterion))
