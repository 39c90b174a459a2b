"""Work on snapshots, as jobs call it: fetch the row, call the service."""

from django.conf import settings

from exports import services, tombstones
from exports.comparisons import compute_comparison
from exports.models import Comparison, Release, Snapshot
from feedback.common import clock


def write_snapshot(snapshot_id: int) -> None:
    """Pin, write and seal a snapshot; after a crash, the same again."""
    snapshot = Snapshot.objects.select_related("study").get(pk=snapshot_id)
    services.seal_snapshot(snapshot=snapshot, directory=settings.EXPORT_DIR)


def compare_snapshots(comparison_id: int) -> None:
    """Count what changed from one snapshot to another; once."""
    comparison = Comparison.objects.select_related("snapshot", "older").get(
        pk=comparison_id
    )
    compute_comparison(comparison=comparison, directory=settings.EXPORT_DIR)


def watch_release(release_id: int) -> None:
    """Withdraw the rows of a release whose ground has vanished."""
    release = Release.objects.select_related("snapshot__study").get(pk=release_id)
    tombstones.watch_release(
        release=release, directory=settings.EXPORT_DIR, now=clock.now()
    )
