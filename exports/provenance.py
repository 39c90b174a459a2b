"""Walking an exported row back to everything it came from, as it was then.

What a person may see is decided by the caller: names of raters and adjudicators are
read only if `with_names`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from exports.comparing import files_by_configuration, judgments_of
from exports.models import Snapshot, SnapshotRater
from feedback.accounts.models import Credential
from feedback.audit.models import AuditEvent
from feedback.common.exceptions import NotVisible
from feedback.corpus.models import Completion, ImportBatch, Prompt
from feedback.quality.golds import gold_answers
from feedback.rating.models import Judgment
from feedback.review.models import Adjudication
from feedback.stats.golds import gold_accuracy
from feedback.studies.models import Enrollment

_NAMES = ("example_id", "judgment_uid")
MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A row of an exported file; of raw rows the first of those with its name."""

    configuration: str
    split: str
    row_id: str
    n_rows: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ImportOrigin:
    """The file something was imported from."""

    file_name: str
    file_sha256: str
    imported_at: datetime
    source: str
    license: str
    attribution: str


@dataclass(frozen=True, slots=True)
class PromptOrigin:
    """What was asked."""

    uid: str
    content_sha256: str
    external_id: str
    specialty: str
    is_synthetic: bool
    imported: ImportOrigin


@dataclass(frozen=True, slots=True)
class CompletionOrigin:
    """What was answered, and by which model call or person.

    Attributes:
        model_version: empty if no model is known.
        call: what the imported file says of the call, e.g. its run and parameters.
        written_by: pseudonym of the rater who wrote it; empty if none did.
        is_named: the row's name holds its uid.
    """

    uid: str
    content_sha256: str
    external_id: str
    model_version: str
    call: dict[str, Any]
    written_by: str
    imported: ImportOrigin
    is_named: bool


@dataclass(frozen=True, slots=True)
class Qualification:
    """What qualified a rater at the time of a judgment.

    Attributes:
        credentials: title, issuer and whether the proof was looked at by then.
        gold_accuracy: share of known answers right by then; None without any.
    """

    profession: str
    specialty: str
    is_simulated: bool
    credentials: tuple[str, ...]
    tier: str
    stage: str
    n_golds: int
    gold_accuracy: float | None


@dataclass(frozen=True, slots=True)
class JudgmentOrigin:
    """What one rater said, under which guideline."""

    uid: str
    at: datetime
    basis: str
    outcome: str
    revision: int
    is_unblinded: bool
    active_seconds: int
    shown_sha256: str
    guideline_number: int
    guideline_title: str
    guideline_sha256: str
    rater: str
    rater_name: str
    qualification: Qualification


@dataclass(frozen=True, slots=True)
class VerdictOrigin:
    """What somebody who did not rate decided on the task."""

    uid: str
    at: datetime
    cause: str
    guideline_number: int
    decided_by: str
    is_superseded: bool
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventOrigin:
    """A line of the audit log about one of these things."""

    at: datetime
    action: str
    about: str
    by: str


@dataclass(frozen=True, slots=True)
class Walk:
    """One exported row, and everything it came from."""

    found: Found
    prompt: PromptOrigin
    completions: tuple[CompletionOrigin, ...]
    judgments: tuple[JudgmentOrigin, ...]
    verdicts: tuple[VerdictOrigin, ...]
    events: tuple[EventOrigin, ...]


def find_rows(folder: Path, row_id: str, *, configuration: str = "") -> list[Found]:
    """The rows of an export with this name, at most one per file.

    Args:
        folder: an exported folder.
        row_id: an `example_id`, or the uid of a judgment for raw rows.
        configuration: look in this one only; in all if empty.
    """
    found = []
    for name, paths in files_by_configuration(folder).items():
        if configuration and name != configuration:
            continue
        for path in paths:
            found += list(_in_file(path, row_id))[:1]
            if len(found) == MOST_ROWS:
                return found
    return found


def _in_file(path: Path, row_id: str) -> Iterator[Found]:
    """Reads the names of a row group first, and its rest only on a hit."""
    with pq.ParquetFile(path) as file:
        names = [n for n in _NAMES if n in file.schema_arrow.names][:1]
        for group in range(file.num_row_groups if names else 0):
            column = file.read_row_group(group, columns=names).column(0)
            is_hit = pc.equal(column, row_id)
            if not pc.any(is_hit).as_py():
                continue
            hits = file.read_row_group(group).filter(is_hit)
            yield Found(
                configuration=path.parent.name,
                split=path.name.partition("-")[0],
                row_id=row_id,
                n_rows=hits.num_rows,
                values=hits.slice(0, 1).to_pylist()[0],
            )


def walk_back(snapshot: Snapshot, found: Found, *, with_names: bool) -> Walk:
    """Everything a row came from.

    Args:
        snapshot: in which the row is.
        found: the row.
        with_names: whether raters and others are named, besides their pseudonyms.

    Raises:
        NotVisible: if what it came from was erased.
    """
    judgments = list(
        Judgment.objects.filter(uid__in=judgments_of(found.values))
        .select_related("rater__user", "guideline_version", "task__prompt__batch")
        .order_by("pk")
    )
    prompt = _prompt(found, judgments)
    tasks = {judgment.task_id for judgment in judgments}
    keys = dict(
        SnapshotRater.objects.filter(snapshot=snapshot).values_list("rater_id", "key")
    )
    completions = Completion.objects.filter(prompt=prompt).select_related(
        "batch__source", "model_version", "written_by"
    )
    adjudications = list(
        Adjudication.objects.filter(task__in=tasks)
        .select_related("case", "decided_by", "guideline_version", "superseded_by")
        .prefetch_related("evidence__edition__source")
        .order_by("pk")
    )
    return Walk(
        found=found,
        prompt=_prompt_origin(prompt),
        completions=tuple(
            _completion_origin(one, found, keys) for one in completions.order_by("pk")
        ),
        judgments=tuple(
            _judgment_origin(one, snapshot, keys, with_names=with_names)
            for one in judgments
        ),
        verdicts=tuple(
            _verdict_origin(one, with_names=with_names) for one in adjudications
        ),
        events=tuple(
            _events(snapshot, judgments, adjudications, with_names=with_names)
        ),
    )


def _prompt(found: Found, judgments: list[Judgment]) -> Prompt:
    uid = found.values.get("prompt_uid") or (
        judgments[0].task.prompt.uid if judgments else None
    )
    prompt = (
        Prompt.objects.select_related("batch__source").filter(uid=uid).first()
        if uid
        else None
    )
    if prompt is None:
        raise NotVisible("What this row came from is not here any more.")
    return prompt


def _import_origin(batch: ImportBatch) -> ImportOrigin:
    return ImportOrigin(
        file_name=batch.file_name,
        file_sha256=batch.file_sha256,
        imported_at=batch.created_at,
        source=batch.source.name,
        license=batch.source.license,
        attribution=batch.source.attribution,
    )


def _prompt_origin(prompt: Prompt) -> PromptOrigin:
    return PromptOrigin(
        uid=str(prompt.uid),
        content_sha256=prompt.content_sha256,
        external_id=prompt.external_id,
        specialty=prompt.specialty,
        is_synthetic=prompt.is_synthetic,
        imported=_import_origin(prompt.batch),
    )


def _completion_origin(
    completion: Completion, found: Found, keys: dict[int, str]
) -> CompletionOrigin:
    model = completion.model_version
    writer = completion.written_by_id
    return CompletionOrigin(
        uid=str(completion.uid),
        content_sha256=completion.content_sha256,
        external_id=completion.external_id,
        model_version=model.name if model else "",
        call=completion.metadata,
        written_by=keys.get(writer, "a rater outside this snapshot") if writer else "",
        imported=_import_origin(completion.batch),
        is_named=str(completion.uid) in found.row_id
        or str(completion.uid) == found.values.get("completion_uid"),
    )


def _judgment_origin(
    judgment: Judgment, snapshot: Snapshot, keys: dict[int, str], *, with_names: bool
) -> JudgmentOrigin:
    version = judgment.guideline_version
    return JudgmentOrigin(
        uid=str(judgment.uid),
        at=judgment.created_at,
        basis=judgment.get_basis_display(),
        outcome=judgment.get_outcome_display(),
        revision=judgment.revision,
        is_unblinded=judgment.is_unblinded,
        active_seconds=judgment.active_seconds,
        shown_sha256=judgment.shown_sha256,
        guideline_number=version.number,
        guideline_title=version.title,
        guideline_sha256=version.content_sha256,
        rater=keys.get(judgment.rater_id, ""),
        rater_name=judgment.rater.user.name if with_names else "",
        qualification=_qualification(judgment, snapshot),
    )


def _qualification(judgment: Judgment, snapshot: Snapshot) -> Qualification:
    """As it was when the judgment was made, from the rows' history."""
    at, rater = judgment.created_at, judgment.rater
    pinned = SnapshotRater.objects.filter(snapshot=snapshot, rater=rater).first()
    enrolled = _enrollment_then(judgment)
    golds = [
        one.grade.is_right
        for one in gold_answers(study=snapshot.study, rater=rater)
        if one.grade.is_right is not None and one.submitted_at <= at
    ]
    accuracy = gold_accuracy(n_right=sum(golds), n=len(golds))
    return Qualification(
        profession=pinned.profession if pinned else rater.profession,
        specialty=pinned.specialty if pinned else rater.specialty,
        is_simulated=rater.is_simulated,
        credentials=tuple(_credentials_then(rater.pk, at)),
        tier=enrolled.tier if enrolled else "",
        stage=enrolled.stage if enrolled else "",
        n_golds=accuracy.n,
        gold_accuracy=accuracy.n_right / accuracy.n if accuracy.n else None,
    )


def _credentials_then(rater_id: int, at: datetime) -> Iterator[str]:
    """Credentials noted by then and still valid, and whether the proof was checked."""
    for one in Credential.objects.filter(rater=rater_id, created_at__lte=at):
        if one.valid_until is not None and one.valid_until < at.date():
            continue
        is_checked = one.checked_at is not None and one.checked_at <= at
        title = ", ".join(part for part in (one.title, one.issuer) if part)
        yield f"{title} ({'checked' if is_checked else 'not checked'})"


def _enrollment_then(judgment: Judgment) -> Any:  # noqa: ANN401 - a generated history row
    """The newest line of the enrollment's history that is not after the judgment."""
    history = Enrollment.pgh_event_model  # type: ignore[attr-defined]
    return (
        history.objects.filter(
            study_id=judgment.study_id,
            user_id=judgment.rater.user_id,
            role="rater",
            pgh_created_at__lte=judgment.created_at,
        )
        .order_by("-pgh_created_at", "-pgh_id")
        .first()
    )


def _verdict_origin(verdict: Adjudication, *, with_names: bool) -> VerdictOrigin:
    return VerdictOrigin(
        uid=str(verdict.uid),
        at=verdict.created_at,
        cause=verdict.get_cause_display(),
        guideline_number=verdict.guideline_version.number,
        decided_by=verdict.decided_by.name if with_names else "",
        is_superseded=hasattr(verdict, "superseded_by"),
        evidence=tuple(
            f"{cited.edition} {cited.locator}".strip()
            for cited in verdict.evidence.all()
        ),
    )


def _events(
    snapshot: Snapshot,
    judgments: Iterable[Judgment],
    adjudications: Iterable[Adjudication],
    *,
    with_names: bool,
) -> Iterator[EventOrigin]:
    about = {snapshot.uid: "this snapshot"}
    for judgment in judgments:
        about[judgment.uid] = "a judgment"
        about[judgment.task.uid] = "the task"
        about[judgment.guideline_version.uid] = "the guideline version"
        about[judgment.task.prompt.batch.uid] = "the import"
    for adjudication in adjudications:
        about[adjudication.uid] = "the verdict"
        about[adjudication.case.uid] = "the case"
    events = (
        AuditEvent.objects.filter(subject_uid__in=list(about))
        .exclude(action__in=["snapshot.file_pulled", "snapshot.row_walked_back"])
        .select_related("actor")
        .order_by("at", "pk")
    )
    for event in events:
        name = event.actor.name if event.actor and with_names else ""
        yield EventOrigin(
            at=event.at,
            action=event.action,
            about=about.get(event.subject_uid, "") if event.subject_uid else "",
            by=name or ("a person" if event.actor_id else "the system"),
        )
