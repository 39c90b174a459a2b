"""Saying of released rows that they must not be used any more: once each, for good.

The files of a release never change. Whoever pulled it asks for the changes since, and
drops the rows that are named.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.db import transaction

from exports.comparing import files_by_configuration, judgments_of, key_of
from exports.events import RowsWithdrawn
from exports.grounds import Grounds, grounds_of
from exports.models import Release, ReleaseWatch, Snapshot, SnapshotMember, Tombstone
from exports.services import stored_files
from feedback.audit.services import record
from feedback.common.events import emit
from feedback.jobs.models import Job
from feedback.jobs.services import enqueue
from feedback.studies.models import Study

WATCH_JOB = "exports.watch_release"
EVERYTHING = "*"
Reason = Tombstone.Reason

_ROWS_A_BATCH = 4_096
_ROWS_AN_INSERT = 1_000
_NAMES = ("example_id", "judgment_uid", "judgment_uids", "prompt_uid", "label")
# Where a row says what is to be learned; of messages the last turn counts.
_TAUGHT = ("chosen", "completion", "messages", "reference")


def standing_releases() -> list[Release]:
    """Releases that are out and not withdrawn."""
    return list(
        Release.objects.filter(state=Release.State.RELEASED)
        .select_related("snapshot__study", "watch")
        .order_by("pk")
    )


def ask_to_watch(releases: Iterable[Release]) -> list[Job]:
    """Note a job for each release from under which something has vanished.

    Cheap where nothing did, so it may be asked often; the same state of things asks
    for one job only.
    """
    jobs = []
    for release in releases:
        sha256 = grounds_of(release.snapshot).sha256
        watch = ReleaseWatch.objects.filter(release=release).first()
        if watch is None or watch.grounds_sha256 != sha256:
            key = f"{WATCH_JOB}:{release.pk}:{sha256[:32]}"
            jobs.append(enqueue(kind=WATCH_JOB, subject=release, dedupe_key=key))
    return jobs


def watch_release(*, release: Release, directory: Path, now: datetime) -> int:
    """Withdraw the rows of a release whose ground has vanished; twice is once.

    Args:
        release: one that is out.
        directory: the export directory, where the snapshot's files are.
        now: the time.

    Returns:
        How many rows were withdrawn by this call.

    Raises:
        Conflict: if the files are not on the server as they were sealed.
    """
    if release.state != Release.State.RELEASED:
        return 0
    grounds = grounds_of(release.snapshot)
    found: dict[tuple[str, str], Reason] = {}
    if not grounds.is_empty:
        folder = stored_files(snapshot=release.snapshot, directory=directory)
        found = dict(_rows_on(grounds, release.snapshot, folder))
    n = _withdraw(release, found)
    ReleaseWatch.objects.update_or_create(
        release=release, defaults={"checked_at": now, "grounds_sha256": grounds.sha256}
    )
    return n


def withdraw_all(*, release: Release) -> None:
    """One notice for all rows of a release that was withdrawn as a whole."""
    _withdraw(release, {(EVERYTHING, EVERYTHING): Reason.RELEASE_WITHDRAWN})


@transaction.atomic
def _withdraw(release: Release, rows: dict[tuple[str, str], Reason]) -> int:
    """Write the notices that are not written yet, one writer of a study at a time.

    Under the lock their numbers come in the order of their commits, so whoever reads
    up to a number has missed none below it.
    """
    Study.objects.select_for_update(no_key=True).get(pk=release.study_id)
    known = set(release.tombstones.values_list("configuration", "example_id"))
    fresh = [
        Tombstone(
            release=release,
            configuration=configuration,
            example_id=example_id,
            reason=reason,
        )
        for (configuration, example_id), reason in sorted(rows.items())
        if (configuration, example_id) not in known
    ]
    if fresh:
        Tombstone.objects.bulk_create(fresh, batch_size=_ROWS_AN_INSERT)
        record(
            action="release.rows_withdrawn",
            subject=release,
            details={"version": release.version, "n_rows": len(fresh)},
        )
        emit(RowsWithdrawn(study_id=release.study_id, n=len(fresh)))
    return len(fresh)


def _rows_on(
    grounds: Grounds, snapshot: Snapshot, folder: Path
) -> Iterator[tuple[tuple[str, str], Reason]]:
    """The exported rows that rest on what has vanished, a batch in memory at a time."""
    for configuration, paths in files_by_configuration(folder).items():
        for path in paths:
            for row in _named_rows(path):
                reason = _reason(row, grounds, snapshot)
                if reason is not None:
                    yield (configuration, key_of(row)), reason


def _named_rows(path: Path) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        columns = [n for n in file.schema_arrow.names if n in {*_NAMES, *_TAUGHT}]
        for batch in file.iter_batches(batch_size=_ROWS_A_BATCH, columns=columns):
            yield from batch.to_pylist()


def _reason(row: dict[str, Any], grounds: Grounds, snapshot: Snapshot) -> Reason | None:
    prompt = row.get("prompt_uid") or ""
    if prompt in grounds.prompts:
        return grounds.prompts[prompt]
    judgments = judgments_of(row)
    is_raw = "judgment_uids" not in row
    reasons = {grounds.judgments[u] for u in judgments & grounds.judgments.keys()}
    if is_raw:
        # What somebody said stays said when a verdict on it goes stale.
        reasons.discard(Reason.STALE_EVIDENCE)
    elif any((prompt, text) in grounds.texts for text in _taught(row)):
        reasons.add(Reason.SAFETY_FLAG)
    if grounds.n_erased and not reasons and _is_erased(judgments, snapshot):
        return Reason.ERASED
    return next((reason for reason in Reason if reason in reasons), None)


def _taught(row: dict[str, Any]) -> Iterator[str]:
    """The texts that a row calls good."""
    if row.get("label") is False:
        return
    for name in _TAUGHT:
        value = row.get(name)
        if isinstance(value, str):
            yield value.strip()
        elif value:
            yield str(value[-1]["content"] or "").strip()


def _is_erased(judgments: frozenset[str], snapshot: Snapshot) -> bool:
    members = SnapshotMember.objects.filter(
        snapshot=snapshot, judgment__uid__in=judgments
    )
    return members.count() < len(judgments)
