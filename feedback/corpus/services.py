"""Bringing content in: a source, a stored file, a batch that reads it."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from pathlib import Path

from django.db import transaction

from feedback.accounts.models import User
from feedback.audit.services import record
from feedback.common import clock
from feedback.common.events import emit
from feedback.corpus.events import BatchRead
from feedback.corpus.models import ImportBatch, ImportReject, Source
from feedback.corpus.reading import Reader, Row, open_rows
from feedback.corpus.refusals import FileRefused, Reject, RowRefused
from feedback.corpus.shapes import SHAPES, Shape, detect_shape
from feedback.corpus.staging import (
    Stage,
    insert_staged,
    n_rows_bringing,
    staging,
    take_out_contradictions,
    take_out_unknown_writers,
)
from feedback.corpus.uploads import StoredFile, stored_path
from feedback.jobs.services import enqueue

logger = logging.getLogger(__name__)

MAX_REJECTS_KEPT = 1000
# A file whose first so many rows are all refused is not read to its end.
MAX_REFUSED_AT_START = 10_000
_ROWS_TO_DETECT = 20
_SECONDS_BETWEEN_REPORTS = 1.0


@transaction.atomic
def create_source(
    *,
    name: str,
    created_by: User,
    license: str = "",  # noqa: A002 - the column's name
    attribution: str = "",
) -> Source:
    """Name an origin of content."""
    source = Source(
        name=name, license=license, attribution=attribution, created_by=created_by
    )
    source.full_clean()
    source.save()
    record(action="source.created", subject=source, actor=created_by)
    return source


def shape_of_file(*, path: Path, file_name: str) -> Shape:
    """Find out which shape a file has, from its first good rows.

    Raises:
        FileRefused: if it cannot be read, or has no shape we know.
    """
    with open_rows(path, file_name=file_name) as rows:
        head = list(islice(rows, _ROWS_TO_DETECT))
    good = [row.cells for row in head if isinstance(row, Row)]
    shape = detect_shape(good)
    if shape is not None:
        return shape
    rejects = [outcome for outcome in head if isinstance(outcome, Reject)]
    if rejects and not good:
        raise _nothing_good(len(rejects), rejects[0])
    columns = ", ".join(ascii(name) for name in list(good[0])[:20]) if good else "none"
    raise FileRefused(
        f"The columns of {file_name} fit no shape we know: {columns}.",
        next_step="Choose a shape, or rename the columns to prompt and completion.",
    )


@transaction.atomic
def start_import(
    *,
    source: Source,
    shape: str,
    file_name: str,
    stored: StoredFile,
    imported_by: User,
) -> ImportBatch:
    """Note that a stored file is to be read, and the job that reads it."""
    batch = ImportBatch(
        source=source,
        shape=shape,
        file_name=file_name,
        file_sha256=stored.sha256,
        file_bytes=stored.n_bytes,
        imported_by=imported_by,
    )
    batch.full_clean()
    batch.save()
    enqueue(kind=ImportBatch.READ_JOB, subject=batch)
    record(
        action="import.started",
        subject=batch,
        actor=imported_by,
        details={"file_sha256": stored.sha256, "shape": shape},
    )
    return batch


@dataclass(slots=True)
class _Tally:
    """What has been met so far; rejects beyond the limit are only counted."""

    n_read: int = 0
    n_rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)

    def refuse(self, reject: Reject) -> None:
        self.n_rejected += 1
        if len(self.rejects) < MAX_REJECTS_KEPT:
            self.rejects.append(reject)

    @property
    def n_good(self) -> int:
        return self.n_read - self.n_rejected


def read_batch(*, batch: ImportBatch, directory: Path) -> None:
    """Read a batch's file: all of its good rows go in at once, or none.

    The file is streamed into temporary tables first, outside of any transaction, so
    that `n_rows_read` can be watched. Then one transaction takes everything in. Safe
    to call again after a crash, and twice at once: the second finds the batch final.

    Args:
        batch: as `start_import` made it.
        directory: of the stored uploads.
    """
    if not _begin(batch):
        return
    tally = _Tally()
    path = stored_path(directory, batch.file_sha256)
    try:
        with staging() as stage:
            _stage_file(batch, path, stage, tally)
            _take_in(batch, tally, now=clock.now())
    except FileRefused as refusal:
        _fail(batch, tally, refusal, now=clock.now())


def _begin(batch: ImportBatch) -> bool:
    """Mark as being read; False if the batch is final already."""
    is_open = ImportBatch.objects.filter(
        pk=batch.pk, state__in=[ImportBatch.State.WAITING, ImportBatch.State.READING]
    ).update(state=ImportBatch.State.READING, n_rows_read=0)
    if (
        not is_open
        and ImportBatch.objects.filter(
            pk=batch.pk, state=ImportBatch.State.DONE
        ).exists()
    ):
        # The worker may have died before anybody heard.
        emit(BatchRead(batch_id=batch.pk))
    return bool(is_open)


def _stage_file(batch: ImportBatch, path: Path, stage: Stage, tally: _Tally) -> None:
    """Stream the file into the temporary tables.

    Raises:
        FileRefused: if the file cannot be read, or is not worth reading on.
    """
    if not path.is_file():
        raise FileRefused(
            "The uploaded file is no longer there.", next_step="Upload it again."
        )
    shape = SHAPES[batch.shape]
    reported = time.monotonic()
    with open_rows(path, file_name=batch.file_name) as rows:
        _check_header(rows, shape)
        for outcome in rows:
            tally.n_read += 1
            _stage_row(outcome, shape, stage, tally)
            if stage.is_full:
                stage.flush()
                if time.monotonic() - reported > _SECONDS_BETWEEN_REPORTS:
                    _report(batch, tally)
                    reported = time.monotonic()
    stage.flush()
    _report(batch, tally)
    if not tally.n_read:
        raise FileRefused(
            "The file holds no rows.", next_step="Choose a file with rows in it."
        )


def _check_header(rows: Reader, shape: Shape) -> None:
    if rows.columns is None:
        return
    try:
        shape.check_columns(rows.columns)
    except RowRefused as refusal:
        raise FileRefused(refusal.reason, next_step=refusal.next_step) from None


def _stage_row(
    outcome: Row | Reject, shape: Shape, stage: Stage, tally: _Tally
) -> None:
    if isinstance(outcome, Row):
        try:
            shape.check_columns(outcome.cells.keys())
            stage.add(outcome.number, shape.read(outcome.cells))
        except RowRefused as refusal:
            tally.refuse(refusal.at(outcome.number))
    else:
        tally.refuse(outcome)
    if tally.n_rejected >= MAX_REFUSED_AT_START and not tally.n_good:
        raise _nothing_good(tally.n_read, tally.rejects[0])


def _report(batch: ImportBatch, tally: _Tally) -> None:
    logger.info(
        "Import %s: %s rows read, %s refused", batch, tally.n_read, tally.n_rejected
    )
    ImportBatch.objects.filter(pk=batch.pk).update(n_rows_read=tally.n_read)


def _nothing_good(n_rows: int, first: Reject) -> FileRefused:
    return FileRefused(
        f"No row could be taken, out of {n_rows:,}. Row {first.row_no}: {first.reason}",
        next_step=first.next_step,
    )


@transaction.atomic
def _take_in(batch: ImportBatch, tally: _Tally, *, now: datetime) -> None:
    """Move everything staged into the tables and finish the batch.

    Raises:
        FileRefused: if no row is left to take; nothing has then changed.
    """
    row = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if row.state != ImportBatch.State.READING:
        return
    # One import at a time into a source: two of the same file would deadlock.
    Source.objects.select_for_update(no_key=True).get(pk=row.source_id)
    for reject in chain(
        take_out_contradictions(source_id=row.source_id), take_out_unknown_writers()
    ):
        tally.refuse(reject)
    if not tally.n_good:
        raise _nothing_good(tally.n_read, tally.rejects[0])
    row.n_prompts_new, row.n_completions_new = insert_staged(batch=row)
    n_new = row.n_prompts_new + row.n_completions_new
    row.n_known = tally.n_good - n_rows_bringing(batch=row, n_new=n_new)
    row.state = ImportBatch.State.DONE
    _finish(row, tally, now=now)
    emit(BatchRead(batch_id=row.pk))


@transaction.atomic
def _fail(
    batch: ImportBatch, tally: _Tally, refusal: FileRefused, *, now: datetime
) -> None:
    row = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if row.state != ImportBatch.State.READING:
        return
    row.state = ImportBatch.State.FAILED
    row.error = f"{refusal.message} {refusal.next_step}".strip()
    _finish(row, tally, now=now)


def _finish(row: ImportBatch, tally: _Tally, *, now: datetime) -> None:
    row.n_rows_read, row.n_rejected = tally.n_read, tally.n_rejected
    row.finished_at = now
    row.save(
        update_fields=[
            "state", "error", "n_rows_read", "n_prompts_new", "n_completions_new",
            "n_known", "n_rejected", "finished_at",
        ]
    )  # fmt: skip
    _keep(row, tally.rejects)
    record(
        action=f"import.{row.state}",
        subject=row,
        details={
            "n_rows_read": row.n_rows_read,
            "n_prompts_new": row.n_prompts_new,
            "n_completions_new": row.n_completions_new,
            "n_rejected": row.n_rejected,
        },
    )


def _keep(batch: ImportBatch, rejects: Iterable[Reject]) -> None:
    ImportReject.objects.bulk_create(
        ImportReject(
            batch=batch,
            row_no=reject.row_no,
            reason=reject.reason,
            next_step=reject.next_step,
        )
        for reject in rejects
    )
