"""Reading cases and verdicts; the doors from a view to a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from feedback.accounts.models import User
from feedback.accounts.permissions import Verb
from feedback.common.exceptions import NotVisible
from feedback.review.models import (
    Adjudication,
    AdjudicationCase,
    AdjudicationEvidence,
)
from feedback.studies.disclosures import may_be_asked, met_by
from feedback.studies.models import Study, Task
from feedback.studies.selectors import studies_for

LIVE = (AdjudicationCase.State.OPEN, AdjudicationCase.State.CLAIMED)


def cases_for(user: User, verb: Verb) -> QuerySet[AdjudicationCase]:
    """The cases with which a person may do `verb`.

    None of tasks that they rated, or may still be asked to rate.
    """
    return (
        AdjudicationCase.objects.filter(study__in=studies_for(user, verb))
        .alias(ordinary=Coalesce("task__repeats_id", "task_id"))
        .exclude(ordinary__in=met_by(user))
        .exclude(may_be_asked(user, task="task", study="study"))
        .select_related(
            "study", "task__prompt", "task__guideline_version", "claimed_by"
        )
    )


def access_case(user: User, uid: UUID, verb: Verb) -> AdjudicationCase:
    """The only door to a case.

    Raises:
        NotVisible: if it does not exist, the person may not do `verb` in its study,
            they rated the task, or may still be asked to.
    """
    case = cases_for(user, verb).filter(uid=uid).first()
    if case is None:
        raise NotVisible
    return case


def access_task(user: User, uid: UUID, verb: Verb) -> Task:
    """The door to a task for whoever asks to have it settled.

    Raises:
        NotVisible: if it does not exist, the person may not do `verb` in its study,
            they rated it, or may still be asked to.
    """
    task = (
        Task.objects.filter(uid=uid, study__in=studies_for(user, verb))
        .alias(ordinary=Coalesce("repeats_id", "pk"))
        .exclude(ordinary__in=met_by(user))
        .exclude(may_be_asked(user, task="", study="study"))
        .select_related("study")
        .first()
    )
    if task is None:
        raise NotVisible
    return task


def queue_of(
    user: User, study: Study, *, reason: str = "", criterion: str = ""
) -> QuerySet[AdjudicationCase]:
    """The live cases of a study that a person may see, most pressing first."""
    cases = cases_for(user, Verb.ADJUDICATION_SEE).filter(study=study, state__in=LIVE)
    if reason:
        cases = cases.filter(reason=reason)
    if criterion:
        cases = cases.filter(disputed__contains=[criterion])
    return cases.order_by("-priority", "pk")


def n_kept_from(user: User, study: Study) -> int:
    """Live cases of a study that a person does not see, because they rated the task."""
    live = study.adjudication_cases.filter(state__in=LIVE).count()
    return live - queue_of(user, study).count()


def disputed_in(study: Study) -> list[str]:
    """The keys of what is in dispute in any live case of a study."""
    return _disputed(study.adjudication_cases.filter(state__in=LIVE))


def ever_disputed_in(study: Study) -> list[str]:
    """The keys of what was in dispute in any case of a study."""
    return _disputed(study.adjudication_cases.all())


def _disputed(cases: QuerySet[AdjudicationCase]) -> list[str]:
    found = cases.values_list("disputed", flat=True)
    return sorted({key for keys in found for key in keys})


def cited_and_superseded() -> QuerySet[AdjudicationEvidence]:
    """Citations of an adjudication whose edition is not in force any more."""
    return AdjudicationEvidence.objects.filter(
        adjudication=OuterRef("pk"), edition__superseded_at__isnull=False
    )


def current_adjudications(study: Study) -> QuerySet[Adjudication]:
    """The verdict in force on each task of a study.

    Each has `is_stale`: it cites an edition that was superseded since, and its task
    waits for another verdict.
    """
    return (
        Adjudication.objects.filter(task__study=study, superseded_by=None)
        .annotate(is_stale=Exists(cited_and_superseded()))
        .select_related("case", "decided_by", "guideline_version")
        .order_by("pk")
    )


def current_adjudication(task: Task) -> Adjudication | None:
    """The verdict in force on a task, with `is_stale`; None if it has none."""
    return current_adjudications(task.study).filter(task=task).first()


def verdicts_on(task: Task) -> list[Adjudication]:
    """Every verdict on a task, newest first, each with its evidence."""
    return list(
        Adjudication.objects.filter(task=task)
        .annotate(is_stale=Exists(cited_and_superseded()))
        .select_related("decided_by", "change_request", "guideline_version")
        .prefetch_related(
            "evidence__edition__source", "evidence__edition__superseded_by"
        )
        .order_by("-pk")
    )


@dataclass(frozen=True, slots=True)
class CauseCount:
    """How often a cause of disagreement was found, among verdicts in force."""

    cause: str
    label: str
    n: int
    n_all: int

    @property
    def percent(self) -> float:
        """Share of the verdicts in force, in percent."""
        return 100 * self.n / self.n_all if self.n_all else 0.0


def causes_of(study: Study) -> Sequence[CauseCount]:
    """Why raters disagreed, by the verdicts in force: each cause, most frequent first."""
    counts = dict(
        Adjudication.objects.filter(task__study=study, superseded_by=None)
        .values_list("cause")
        .annotate(n=Count("pk"))
        .order_by(F("n").desc())
    )
    n_all = sum(counts.values())
    found = [
        CauseCount(cause.value, cause.label, counts.get(cause.value, 0), n_all)
        for cause in Adjudication.Cause
    ]
    return sorted(found, key=lambda one: -one.n)


def decided_in(user: User, study: Study) -> QuerySet[AdjudicationCase]:
    """The decided cases of a study that a person may see, newest first."""
    return (
        cases_for(user, Verb.ADJUDICATION_SEE)
        .filter(study=study, state=AdjudicationCase.State.DECIDED)
        .select_related("adjudication__decided_by")
        .order_by("-closed_at")
    )
