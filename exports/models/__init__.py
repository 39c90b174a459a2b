"""Snapshots, and what becomes of them once they are sealed."""

from exports.models.delivery import (
    DownloadLink,
    Push,
    SnapshotRequest,
    SnapshotSchedule,
    WebhookDelivery,
    WebhookEndpoint,
)
from exports.models.release import (
    N_SIGNATURES,
    Comparison,
    Release,
    ReleaseWatch,
    SigningKey,
    Signoff,
    Tombstone,
)
from exports.models.snapshot import (
    ExportFile,
    Snapshot,
    SnapshotExclusion,
    SnapshotMember,
    SnapshotRater,
)

__all__ = [
    "N_SIGNATURES",
    "Comparison",
    "DownloadLink",
    "ExportFile",
    "Push",
    "Release",
    "ReleaseWatch",
    "SigningKey",
    "Signoff",
    "Snapshot",
    "SnapshotExclusion",
    "SnapshotMember",
    "SnapshotRater",
    "SnapshotRequest",
    "SnapshotSchedule",
    "Tombstone",
    "WebhookDelivery",
    "WebhookEndpoint",
]
