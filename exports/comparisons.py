"""Comparing two sealed snapshots once, by a job, and keeping what was found."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction

from exports.comparing import (
    Change,
    Kind,
    changes,
    row_counts,
    shape_change,
    shape_of,
)
from exports.models import Comparison, Snapshot
from exports.services import stored_files
from feedback.common import clock
from feedback.common.exceptions import Conflict, DomainError, Invalid
from feedback.jobs.services import enqueue
from feedback.rating.models import Judgment
from feedback.review.models import Adjudication

COMPARE_JOB = "exports.compare_snapshots"
# What is counted of each configuration; each row that differs is in exactly one.
KINDS = ("added", "withdrawn", "adjudicated", "revised", "otherwise")
N_EXAMPLES = 100
_CHANGES_A_BATCH = 1_000


@transaction.atomic
def request_comparison(*, snapshot: Snapshot, older: Snapshot) -> Comparison:
    """The comparison of two sealed snapshots; a job computes it if nobody has.

    Raises:
        Invalid: if they are the same, or of two studies.
        Conflict: if one is not sealed.
    """
    if snapshot.pk == older.pk or snapshot.study_id != older.study_id:
        raise Invalid(
            "Two different snapshots of one study can be compared.",
            next_step="Choose another snapshot to compare with.",
        )
    for one in (snapshot, older):
        if one.sealed_at is None:
            raise Conflict(
                f"Snapshot {one.number} is not sealed.",
                next_step="Wait until it is, then compare.",
            )
    comparison, _is_new = Comparison.objects.get_or_create(
        snapshot=snapshot, older=older
    )
    if comparison.computed_at is None:
        enqueue(kind=COMPARE_JOB, subject=comparison)
    return comparison


def compute_comparison(*, comparison: Comparison, directory: Path) -> Comparison:
    """Read both folders and store what differs; twice is once.

    Args:
        comparison: as `request_comparison` made it.
        directory: the export directory.
    """
    if comparison.computed_at is not None:
        return comparison
    try:
        result = _result(comparison, directory)
    except DomainError as refusal:
        comparison.error = f"{refusal.message} {refusal.next_step}".strip()
        comparison.save(update_fields=["error"])
        return comparison
    comparison.result = result
    comparison.error = ""
    comparison.computed_at = clock.now()
    comparison.save(update_fields=["result", "error", "computed_at"])
    return comparison


def _result(comparison: Comparison, directory: Path) -> dict[str, Any]:
    older = stored_files(snapshot=comparison.older, directory=directory)
    newer = stored_files(snapshot=comparison.snapshot, directory=directory)
    before, after = row_counts(older), row_counts(newer)
    parts: dict[str, dict[str, Any]] = {
        name: {"before": before[name], "after": after[name], "examples": {}}
        for name in sorted(before.keys() | after.keys())
    }
    counts: Counter[tuple[str, str]] = Counter()
    for change, kind in causes(comparison, changes(older, newer)):
        counts[change.configuration, kind] += 1
        examples = parts[change.configuration]["examples"].setdefault(kind, [])
        if len(examples) < N_EXAMPLES:
            examples.append(change.example_id)
    for name, part in parts.items():
        part |= {kind: counts[name, kind] for kind in KINDS}
    return {
        "shape": asdict(shape_change(shape_of(older), shape_of(newer))),
        "configurations": parts,
    }


def causes(
    comparison: Comparison, found: Iterable[Change]
) -> Iterator[tuple[Change, str]]:
    """Say of each change which kind it is, changed rows by their cause.

    A changed row is `adjudicated` if a verdict on one of its tasks came between the two
    snapshots, `revised` if a clinician changed a judgment of it, and otherwise changed
    by more answers or another rule.
    """
    rest = iter(found)
    while batch := list(islice(rest, _CHANGES_A_BATCH)):
        changed = [one for one in batch if one.kind == Kind.CHANGED]
        adjudicated = _adjudicated(comparison, changed)
        revised = _revised(changed)
        for one in batch:
            if one.kind != Kind.CHANGED:
                yield one, one.kind.value
            elif (one.before | one.after) & adjudicated:
                yield one, "adjudicated"
            elif (one.after - one.before) & revised:
                yield one, "revised"
            else:
                yield one, "otherwise"


def _adjudicated(comparison: Comparison, changed: list[Change]) -> set[str]:
    """Uids of judgments on whose task a verdict came between the snapshots."""
    uids = {uid for one in changed for uid in one.before | one.after}
    verdicts = Adjudication.objects.filter(
        created_at__gt=comparison.older.pinned_at,
        created_at__lte=comparison.snapshot.pinned_at,
    )
    judged = Judgment.objects.filter(uid__in=uids, task__adjudications__in=verdicts)
    return {str(uid) for uid in judged.values_list("uid", flat=True)}


def _revised(changed: list[Change]) -> set[str]:
    """Uids of new judgments that change an earlier one."""
    fresh = {uid for one in changed for uid in one.after - one.before}
    revisions = Judgment.objects.filter(uid__in=fresh, supersedes__isnull=False)
    return {str(uid) for uid in revisions.values_list("uid", flat=True)}
