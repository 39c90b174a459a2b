"""Reading studies; the doors from a view to a study's objects."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from feedback.accounts.models import Rater, User
from feedback.accounts.permissions import Role, Verb, may, roles_with
from feedback.common.exceptions import NotVisible
from feedback.corpus.models import IdentityScan
from feedback.studies.models import (
    Assignment,
    Criterion,
    Enrollment,
    GuidelineVersion,
    Question,
    Slot,
    SpanLabel,
    Study,
    Task,
    TaskForm,
    TaskItem,
)

_COUNT_SECONDS = 30
_MOST_CHECKS = 90
# Places that stand for a judgment given or asked for.
COUNTED_PLACES = [Slot.State.OPEN, Slot.State.LEASED, Slot.State.DONE]


def studies_for(user: User, verb: Verb) -> QuerySet[Study]:
    """The studies in which a person may do `verb`: scope as part of the query."""
    if not user.is_active:
        return Study.objects.none()
    studies = Study.objects.all()
    if user.grant is not None:
        if verb not in user.grant.verbs:
            return Study.objects.none()
        if user.grant.study_uid is not None:
            studies = studies.filter(uid=user.grant.study_uid)
    allowed = roles_with(verb)
    if user.site_roles & allowed:
        return studies
    enrolled = Enrollment.objects.filter(
        study=OuterRef("pk"), user=user, ended_at=None, role__in=allowed
    )
    return studies.filter(Exists(enrolled))


def access_study(user: User, uid: UUID, verb: Verb) -> Study:
    """The only door to a study.

    Raises:
        NotVisible: if it does not exist or the person may not do `verb` in it.
    """
    study = studies_for(user, verb).filter(uid=uid).first()
    if study is None:
        raise NotVisible
    return study


def may_create_study(user: User) -> bool:
    """Whoever leads a study may begin another; so may an administrator."""
    return may(user, Verb.STUDY_CREATE) or studies_for(user, Verb.STUDY_CREATE).exists()


def access_assignment(user: User, uid: UUID) -> Assignment:
    """The only door to an assignment: its own rater's, while enrolled.

    Joins no more than every request needs: with all that a page shows, planning the
    query took longer than running it.

    Raises:
        NotVisible: for anybody else.
    """
    enrolled = Enrollment.objects.filter(
        study=OuterRef("study"),
        user=user,
        ended_at=None,
        role__in=roles_with(Verb.TASK_RATE),
    )
    assignment = (
        Assignment.objects.select_related("study", "task", "rater")
        .filter(Exists(enrolled), uid=uid, rater__user=user)
        .first()
    )
    if assignment is None or not user.is_active:
        raise NotVisible
    return assignment


def enrollment_of(user: User, study: Study) -> Enrollment:
    """The live enrollment of a rater in a study.

    Raises:
        NotVisible: if the person does not rate there.
    """
    enrollment = study.enrollments.filter(
        user=user, role=Role.RATER, ended_at=None
    ).first()
    if enrollment is None:
        raise NotVisible
    return enrollment


def latest_guideline(study: Study) -> GuidelineVersion | None:
    """The newest published version, which new tasks follow."""
    return (
        study.guideline_versions.filter(published_at__isnull=False)
        .order_by("-number")
        .first()
    )


def major_number(version: GuidelineVersion) -> int:
    """The number of the newest major version up to `version`; 1 before the first.

    Answers under versions of the same major number are about the same question.
    """
    newest = (
        version.study.guideline_versions.filter(
            is_major=True, published_at__isnull=False, number__lte=version.number
        )
        .order_by("-number")
        .values_list("number", flat=True)
        .first()
    )
    return newest or 1


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """Everything that a guideline version asks, in order."""

    criteria: tuple[Criterion, ...]
    span_labels: tuple[SpanLabel, ...]
    forms: Mapping[str, TaskForm]


def questionnaire_of(version: GuidelineVersion) -> Questionnaire:
    """What a version asks; of a published one, which never changes, kept in memory."""
    if version.published_at is None:
        return _read_questionnaire(version.pk)
    return _published_questionnaire(version.pk)


def _read_questionnaire(version_id: int) -> Questionnaire:
    forms = TaskForm.objects.filter(guideline_version_id=version_id)
    return Questionnaire(
        criteria=tuple(Criterion.objects.filter(guideline_version_id=version_id)),
        span_labels=tuple(SpanLabel.objects.filter(guideline_version_id=version_id)),
        forms={form.kind: form for form in forms},
    )


_published_questionnaire = lru_cache(maxsize=256)(_read_questionnaire)


def items_of(task: Task) -> list[TaskItem]:
    """The completions a task shows, in canonical order.

    Each has `leaks`: where it names its maker, by the newest scan; None if it was
    never looked through.
    """
    newest = (
        IdentityScan.objects.filter(completion=OuterRef("completion"))
        .order_by("-scanner_version")
        .values("leaks")[:1]
    )
    return list(
        task.items.select_related("completion").annotate(leaks=Subquery(newest))
    )


@dataclass(frozen=True, slots=True)
class KindProgress:
    """How far one kind of task has come; counted, never incremented."""

    kind: str
    label: str
    n_tasks: int
    n_tasks_complete: int
    n_possible: int
    n_done: int

    @property
    def percent(self) -> int:
        """Judgments there are, of those the study asks for, in whole percent."""
        return 100 * self.n_done // self.n_possible if self.n_possible else 0


def progress_of(study: Study) -> list[KindProgress]:
    """Progress by kind of task."""
    tasks = {
        row["kind"]: row
        for row in study.tasks.filter(purpose=Task.Purpose.LABEL)
        .values("kind")
        .annotate(n=Count("pk"), done=Count("pk", filter=Q(state=Task.State.COMPLETE)))
    }
    slots: dict[str, dict[str, Any]] = {
        row["task__kind"]: dict(row)
        for row in Slot.objects.filter(study=study, state__in=COUNTED_PLACES)
        .exclude(wave=Slot.Wave.CHECK)
        .values("task__kind")
        .annotate(n=Count("pk"), done=Count("pk", filter=Q(state=Slot.State.DONE)))
    }
    return [
        KindProgress(
            kind=kind.value,
            label=kind.label,
            n_tasks=tasks[kind]["n"],
            n_tasks_complete=tasks[kind]["done"],
            n_possible=slots[kind]["n"] if kind in slots else 0,
            n_done=slots[kind]["done"] if kind in slots else 0,
        )
        for kind in Task.Kind
        if kind in tasks
    ]


@dataclass(frozen=True, slots=True)
class RaterProgress:
    """Where one rater stands in one study."""

    n_done: int
    n_possible: int

    @property
    def percent(self) -> int:
        """Tasks answered of those there are, in whole percent."""
        return 100 * self.n_done // self.n_possible if self.n_possible else 0


def label_tasks(study: Study) -> QuerySet[Task]:
    """The tasks that a study is for."""
    return study.tasks.filter(purpose=Task.Purpose.LABEL).exclude(
        state=Task.State.WITHDRAWN
    )


def with_checks(study: Study, n_labels: int) -> int:
    """Tasks a rater would meet in all, with the share that checks them."""
    share = min(study.gold_percent + study.retest_percent, _MOST_CHECKS)
    return round(n_labels * 100 / (100 - share))


def rater_progress(*, study: Study, rater: Rater) -> RaterProgress:
    """Tasks a rater answered, and how many there are for them in all.

    The number in all may be half a minute old: counting the tasks of a large study
    anew for every page would take longer than the page. It holds the share of tasks
    that check the rater, so that no step of the count tells which these are.
    """
    n_labels = cache.get_or_set(
        f"study:{study.pk}:n_tasks", label_tasks(study).count, timeout=_COUNT_SECONDS
    )
    n_possible = with_checks(study, n_labels or 0)
    n_done = Assignment.objects.filter(
        study=study, rater=rater, state=Assignment.State.SUBMITTED
    ).count()
    return RaterProgress(n_done=n_done, n_possible=max(n_possible, n_done))


def people_of(study: Study) -> Iterable[Enrollment]:
    """Who is enrolled, by role and name."""
    return (
        study.enrollments.filter(ended_at=None)
        .select_related("user", "user__rater")
        .order_by("role", "user__name")
    )


def questions_of(assignment: Assignment) -> list[Question]:
    """What its rater asked the study lead about a task, with the replies."""
    return list(assignment.questions.order_by("pk").prefetch_related("replies__author"))
