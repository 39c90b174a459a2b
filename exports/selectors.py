"""Reading snapshots; the doors from a view to a snapshot and its files."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from exports.models import ExportFile, Snapshot
from exports.pinning import judgments_outside
from exports.rules import APPLIES, EXPLANATIONS, ContractLine, Rule
from exports.schemas import CONFIGURATIONS
from feedback.accounts.models import User
from feedback.accounts.permissions import Verb
from feedback.common.exceptions import NotVisible
from feedback.corpus.models import Completion
from feedback.jobs.models import Job
from feedback.rating.models import (
    Correction,
    CriterionRating,
    Judgment,
    Preference,
    SafetyFlag,
)
from feedback.studies.models import Study, TaskItem
from feedback.studies.selectors import studies_for


def snapshots_for(user: User, verb: Verb) -> QuerySet[Snapshot]:
    """The snapshots with which a person may do `verb`, newest first."""
    return (
        Snapshot.objects.filter(study__in=studies_for(user, verb))
        .select_related("study", "requested_by")
        .order_by("-pk")
    )


def access_snapshot(user: User, uid: UUID, verb: Verb) -> Snapshot:
    """The only door to a snapshot.

    Raises:
        NotVisible: if it does not exist or the person may not do `verb` with it.
    """
    snapshot = snapshots_for(user, verb).filter(uid=uid).first()
    if snapshot is None:
        raise NotVisible
    return snapshot


def access_file(user: User, uid: UUID, path: str) -> ExportFile:
    """The only door to a snapshot's file: what is not listed is not served.

    Raises:
        NotVisible: for a path that the sealed snapshot does not list, or a snapshot
            that the person may not pull.
    """
    if "\0" in path:
        raise NotVisible
    file = (
        ExportFile.objects.filter(
            snapshot__in=snapshots_for(user, Verb.SNAPSHOT_PULL),
            snapshot__uid=uid,
            snapshot__state=Snapshot.State.SEALED,
            path=path,
        )
        .select_related("snapshot__study")
        .first()
    )
    if file is None:
        raise NotVisible
    return file


def job_of(snapshot: Snapshot) -> Job | None:
    """The job that seals a snapshot; None if a command does it by itself."""
    return Job.objects.filter(kind=Snapshot.WRITE_JOB, subject_id=snapshot.pk).first()


@dataclass(frozen=True, slots=True)
class Progress:
    """How the sealing of a snapshot stands."""

    n_done: int
    n_steps: int
    attempt: int
    is_final: bool
    is_given_up: bool


def progress_of(snapshot: Snapshot, *, n_steps: int) -> Progress:
    """Where the sealing stands, and whether anybody still works on it."""
    is_sealed = snapshot.state == Snapshot.State.SEALED
    job = None if is_sealed else job_of(snapshot)
    is_worked_on = job is not None and job.state in {
        Job.State.WAITING,
        Job.State.RUNNING,
    }
    return Progress(
        n_done=snapshot.n_steps_done,
        n_steps=n_steps,
        attempt=job.attempts if job else 1,
        is_final=is_sealed or not is_worked_on,
        is_given_up=not is_sealed and not is_worked_on,
    )


def being_sealed(study: Study) -> Snapshot | None:
    """The study's snapshot that a job is sealing now, or will again, if there is one."""
    live = Job.objects.filter(
        kind=Snapshot.WRITE_JOB,
        subject_id=OuterRef("pk"),
        state__in=[Job.State.WAITING, Job.State.RUNNING],
    )
    return (
        Snapshot.objects.filter(Exists(live), study=study, sealed_at=None)
        .order_by("number")
        .first()
    )


@dataclass(frozen=True, slots=True)
class SplitCount:
    """Rows of one configuration, by split."""

    configuration: str
    n_train: int
    n_test: int
    n_benchmark: int = 0

    @property
    def n_rows(self) -> int:
        """Rows of all splits."""
        return self.n_train + self.n_test + self.n_benchmark

    @property
    def by_split(self) -> dict[str, int]:
        """Split -> rows, of those that can have any."""
        splits = {"train": self.n_train, "test": self.n_test}
        return splits | ({"benchmark": self.n_benchmark} if self.n_benchmark else {})

    @property
    def in_words(self) -> str:
        """E.g. "12 train, 3 test"."""
        return ", ".join(f"{n:,} {split}" for split, n in self.by_split.items())


def split_counts(snapshot: Snapshot) -> list[SplitCount]:
    """Rows per configuration and split, in the order of the documentation."""
    rows = {
        (file.configuration, file.split): file.n_rows or 0
        for file in snapshot.files.exclude(configuration="")
    }
    return [
        SplitCount(
            name, *(rows.get((name, split.value), 0) for split in Snapshot.Split)
        )
        for name in CONFIGURATIONS
    ]


@dataclass(frozen=True, slots=True)
class ContractPart:
    """What the rules kept out of one configuration, and what stayed in."""

    configuration: str
    counted: str
    n_in: int
    lines: tuple[ContractLine, ...]

    @property
    def n_out(self) -> int:
        """Everything that was kept out."""
        return sum(line["n_out"] for line in self.lines)

    @property
    def n_all(self) -> int:
        """Everything that was looked at: in plus out."""
        return self.n_in + self.n_out


def contract_parts(snapshot: Snapshot) -> list[ContractPart]:
    """The contract by configuration, so that in plus out is what there was."""
    n_in = {part.configuration: part.n_rows for part in split_counts(snapshot)}
    n_in["judgments"] = snapshot.n_judgments
    lines: list[ContractLine] = snapshot.contract
    parts = []
    for name in APPLIES:
        own = tuple(line for line in lines if line["configuration"] == name)
        counted = own[0]["counted"] if own else name
        parts.append(ContractPart(name, counted, n_in[name], own))
    return parts


@dataclass(frozen=True, slots=True)
class Preview:
    """What a snapshot would hold if it were sealed now."""

    n_judgments: int
    n_raters: int
    n_prompts: int
    n_ratings: int
    n_pairs: int
    n_corrections: int
    n_flagged: int
    kept_out: tuple[tuple[str, int], ...]


def preview_of(study: Study) -> Preview:
    """Count what a snapshot of a study would hold, whole judgments only.

    Which rows the thresholds keep out is known when the files are written.
    """
    kept_out = judgments_outside(study.pk)
    live = (
        Judgment.objects.filter(study=study, superseded_by=None)
        .filter(outcome=Judgment.Outcome.ANSWERED)
        .exclude(task__state="withdrawn")
        .exclude(task__prompt__consent_withdrawals__isnull=False)
        .exclude(task__prompt__source__consent_withdrawals__isnull=False)
        .exclude(rater__consent_withdrawals__isnull=False)
    )
    counts = live.aggregate(
        n_judgments=Count("pk"),
        n_raters=Count("rater", distinct=True),
        n_prompts=Count("task__prompt", distinct=True),
    )
    return Preview(
        **counts,
        n_ratings=CriterionRating.objects.filter(judgment__in=live).count(),
        n_pairs=Preference.objects.filter(judgment__in=live)
        .values("completion_a", "completion_b")
        .distinct()
        .count(),
        n_corrections=Correction.objects.filter(judgment__in=live).count(),
        n_flagged=_n_flagged(study),
        kept_out=_explained(kept_out),
    )


def _n_flagged(study: Study) -> int:
    shown = TaskItem.objects.filter(task__study=study, completion=OuterRef("pk"))
    flags = SafetyFlag.objects.filter(completion=OuterRef("pk"))
    return Completion.objects.filter(Exists(shown) & Q(Exists(flags))).count()


def _explained(kept_out: Counter[Rule]) -> tuple[tuple[str, int], ...]:
    return tuple((EXPLANATIONS[rule], n) for rule, n in sorted(kept_out.items()))
