"""Snapshots, and what becomes of them once they are sealed."""

from exports.models.snapshot import (
    ExportFile,
    Snapshot,
    SnapshotExclusion,
    SnapshotMember,
    SnapshotRater,
)

__all__ = [
    "ExportFile",
    "Snapshot",
    "SnapshotExclusion",
    "SnapshotMember",
    "SnapshotRater",
]
