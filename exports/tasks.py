"""Work on snapshots, as jobs call it: fetch the row, call the service."""

from django.conf import settings

from exports import services
from exports.models import Snapshot


def write_snapshot(snapshot_id: int) -> None:
    """Pin, write and seal a snapshot; after a crash, the same again."""
    snapshot = Snapshot.objects.select_related("study").get(pk=snapshot_id)
    services.seal_snapshot(snapshot=snapshot, directory=settings.EXPORT_DIR)
