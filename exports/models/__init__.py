"""Snapshots, and what becomes of them once they are sealed."""

from exports.models.consent import ConsentWithdrawal
from exports.models.contamination import (
    EvaluationGrams,
    EvaluationSet,
    SnapshotOverlap,
)
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
    SnapshotVerdict,
)

__all__ = [
    "N_SIGNATURES",
    "Comparison",
    "ConsentWithdrawal",
    "DownloadLink",
    "EvaluationGrams",
    "EvaluationSet",
    "ExportFile",
    "Push",
    "Release",
    "ReleaseWatch",
    "SigningKey",
    "Signoff",
    "Snapshot",
    "SnapshotExclusion",
    "SnapshotMember",
    "SnapshotOverlap",
    "SnapshotRater",
    "SnapshotRequest",
    "SnapshotSchedule",
    "SnapshotVerdict",
    "Tombstone",
    "WebhookDelivery",
    "WebhookEndpoint",
]
