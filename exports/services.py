"""Requesting, sealing and writing snapshots."""

import logging
import secrets
from collections.abc import Iterable
from pathlib import Path

from django.db import transaction
from django.db.models import F, Max

from exports.folders import complete_or_absent
from exports.models import ExportFile, Snapshot
from exports.pinning import fingerprint_of, pin
from exports.rules import Rules
from exports.selectors import being_sealed
from exports.writing import Export, ExportedFile, Report, write_export
from feedback.accounts.models import User
from feedback.audit.services import record
from feedback.common import clock
from feedback.common.exceptions import Conflict, DomainError
from feedback.jobs.services import enqueue
from feedback.studies.models import Study

logger = logging.getLogger(__name__)

# Pinning, ratings, rows, card and hashes, sealing.
N_STEPS = 5
_SALT_BYTES = 32
_ERROR_CHARACTERS = 2000


@transaction.atomic
def request_snapshot(
    *,
    study: Study,
    actor: User,
    app_version: str,
    test_percent: int = 10,
    rules: Rules | None = None,
    is_queued: bool = True,
) -> Snapshot:
    """Number a new snapshot and note the job that seals it.

    Args:
        study: whose judgments it will hold, as they are when the job starts.
        actor: who asks.
        app_version: written into the export.
        test_percent: share of the families that goes to the test split, 0 to 50.
        rules: the thresholds; the defaults if not given.
        is_queued: False if the caller seals it at once.

    Raises:
        Conflict: if the study has no judgment yet, or a job is sealing a snapshot of
            it (so a form sent twice makes one).
    """
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if not study.judgments.exists():
        raise Conflict(
            f"Study {study.name!r} has no judgments yet, so there is nothing to seal.",
            next_step="Come back when raters have answered tasks.",
        )
    if is_queued and (current := being_sealed(study)):
        raise Conflict(
            f"Snapshot {current.number} of study {study.name!r} is being sealed.",
            next_step="Open it on the study's exports page and wait until it is done.",
        )
    newest = Snapshot.objects.filter(study=study).aggregate(n=Max("number"))["n"] or 0
    snapshot = Snapshot(
        study=study,
        number=newest + 1,
        requested_by=actor,
        test_percent=test_percent,
        rules=(rules or Rules()).as_json(),
        salt=secrets.token_hex(_SALT_BYTES),
        app_version=app_version,
        step="Waiting for a worker",
    )
    snapshot.full_clean()
    snapshot.save()
    record(
        action="snapshot.requested",
        subject=snapshot,
        actor=actor,
        details={"number": snapshot.number, "test_percent": test_percent},
    )
    if is_queued:
        enqueue(kind=Snapshot.WRITE_JOB, subject=snapshot)
    return snapshot


def folder_of(snapshot: Snapshot, directory: Path) -> Path:
    """Where a snapshot's folder lies below the export directory."""
    return directory / str(snapshot.uid)


def seal_snapshot(*, snapshot: Snapshot, directory: Path) -> Snapshot:
    """Pin the members, write the files, and close the snapshot for good.

    Safe to call again after a crash at any point, and on a sealed snapshot, whose
    folder it restores if that was lost. A snapshot that cannot be sealed, because no
    judgment passes the rules, comes back as failed.

    Args:
        snapshot: as `request_snapshot` made it.
        directory: the export directory; the files go into a folder named by the uid.
    """
    folder = folder_of(snapshot, directory)
    if snapshot.sealed_at is not None:
        if not folder.exists():
            write_files(snapshot=snapshot, directory=folder)
        return snapshot
    report = _reporter(snapshot)
    try:
        report("Pinning the judgments")
        pin(snapshot=snapshot, now=clock.now())
        export = _write(snapshot, folder, replace=True, report=report)
        report("Sealing")
        _seal(snapshot, export)
    except DomainError as refusal:
        _note_failure(snapshot, f"{refusal.message} {refusal.next_step}".strip())
    except Exception as error:
        _note_failure(snapshot, f"{type(error).__name__}: {error}")
        raise
    snapshot.refresh_from_db()
    return snapshot


def stored_files(
    *, snapshot: Snapshot, directory: Path, path: str | None = None
) -> Path:
    """The folder of a sealed snapshot, once its files are known to be all there.

    Args:
        snapshot: sealed.
        directory: the export directory.
        path: look at this file only.

    Raises:
        Conflict: if a file is absent or has another size than when it was sealed.
    """
    folder = folder_of(snapshot, directory)
    files = snapshot.files.all() if path is None else snapshot.files.filter(path=path)
    for file in files:
        stored = folder / file.path
        if not stored.is_file() or stored.stat().st_size != file.size_bytes:
            raise Conflict(
                f"{file.path} of snapshot {snapshot.number} is not on the server as it "
                "was sealed.",
                next_step=(
                    "Ask your administrator to write it again: manage.py "
                    f"export_snapshot {snapshot.study.uid} --number {snapshot.number} "
                    "--restore"
                ),
            )
    return folder


def sealed_folder(snapshot: Snapshot, directory: Path) -> Path:
    """The whole folder of a snapshot, to be sent or copied as it is.

    Raises:
        Conflict: if it is not sealed yet, or a file is not as it was sealed.
    """
    if snapshot.sealed_at is None:
        raise Conflict(
            f"Snapshot {snapshot.number} is not sealed, so there is nothing to pull.",
            next_step="Wait until its page says that it is sealed.",
        )
    return stored_files(snapshot=snapshot, directory=directory)


def restore_files(*, snapshot: Snapshot, directory: Path) -> Export:
    """Write a sealed snapshot's stored folder anew, over what is left of it.

    Raises:
        Conflict: as `write_files`.
    """
    _refuse_unpinned(snapshot)
    folder = folder_of(snapshot, directory)
    return _write(snapshot, folder, replace=True, report=_silent)


def write_files(
    *, snapshot: Snapshot, directory: Path, replace: bool = False
) -> Export:
    """Write a snapshot's folder: all of it at once, the same bytes every time.

    Args:
        snapshot: pinned or sealed; nothing but the snapshot is read.
        directory: must not exist, or be empty, unless `replace`.
        replace: put the new folder in place of what is there.

    Raises:
        Conflict: if the snapshot is not pinned yet, the directory is not free, or the
            bytes are not those that were sealed (nothing is written then).
    """
    _refuse_unpinned(snapshot)
    return _write(snapshot, directory, replace=replace, report=_silent)


def _refuse_unpinned(snapshot: Snapshot) -> None:
    if snapshot.pinned_at is None:
        raise Conflict(
            f"{snapshot} is not sealed yet.",
            next_step="Wait until it is, then export it.",
        )


def _write(
    snapshot: Snapshot, target: Path, *, replace: bool, report: Report
) -> Export:
    with complete_or_absent(target, replace=replace) as folder:
        export = write_export(snapshot, folder, report=report)
        if snapshot.sealed_at is not None:
            _compare(snapshot, export.files)
    return export


def _compare(snapshot: Snapshot, files: Iterable[ExportedFile]) -> None:
    """Refuse bytes other than those that were sealed."""
    sealed = dict(snapshot.files.values_list("path", "sha256"))
    fresh = {file.path: file.sha256 for file in files}
    if fresh == sealed:
        return
    differing = sorted(
        path for path in sealed | fresh if sealed.get(path) != fresh.get(path)
    )
    raise Conflict(
        f"{snapshot} would be written with other bytes than were sealed: "
        f"{', '.join(differing)}.",
        next_step=(
            f"It was sealed by version {snapshot.app_version} with pyarrow "
            f"{snapshot.facts['pyarrow']}; use those, or the folder that was written "
            "then."
        ),
    )


@transaction.atomic
def _seal(snapshot: Snapshot, export: Export) -> None:
    row = Snapshot.objects.select_for_update().get(pk=snapshot.pk)
    if row.sealed_at is not None:
        return
    if fingerprint_of(row) != (row.n_judgments, row.members_sha256):
        raise Conflict(
            f"The members of {row} changed after they were pinned.",
            next_step="Seal a new snapshot, and find out who wrote to this one.",
        )
    ExportFile.objects.bulk_create(
        ExportFile(
            snapshot=row,
            path=file.path,
            configuration=file.configuration,
            split=file.split,
            n_rows=file.n_rows,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
        )
        for file in export.files
    )
    row.contract = list(export.contract)
    row.manifest_sha256 = export.manifest_sha256
    row.state = Snapshot.State.SEALED
    row.step = ""
    row.n_steps_done = N_STEPS
    row.error = ""
    row.sealed_at = clock.now()
    row.save(
        update_fields=[
            "contract",
            "manifest_sha256",
            "state",
            "step",
            "n_steps_done",
            "error",
            "sealed_at",
        ]
    )
    record(
        action="snapshot.sealed",
        subject=row,
        details={"number": row.number, "manifest_sha256": row.manifest_sha256},
    )


def _silent(_step: str) -> None:
    """Nobody watches."""


def _reporter(snapshot: Snapshot) -> Report:
    """Write each step into the row that the page polls; the first one starts anew."""
    mine = Snapshot.objects.filter(pk=snapshot.pk, sealed_at=None)
    mine.update(state=Snapshot.State.BUILDING, n_steps_done=0, step="", error="")

    def report(step: str) -> None:
        is_first = not mine.exclude(step="").exists()
        done = 0 if is_first else F("n_steps_done") + 1
        mine.update(step=step, n_steps_done=done)

    return report


def _note_failure(snapshot: Snapshot, message: str) -> None:
    logger.error("Snapshot %s failed: %s", snapshot.uid, message)
    Snapshot.objects.filter(pk=snapshot.pk, sealed_at=None).update(
        state=Snapshot.State.FAILED, step="", error=message[-_ERROR_CHARACTERS:]
    )


def record_pull(*, snapshot: Snapshot, actor: User, path: str) -> None:
    """Log that somebody took a file, or the whole folder as an archive."""
    record(
        action="snapshot.file_pulled",
        subject=snapshot,
        actor=actor,
        details={"path": path},
    )
