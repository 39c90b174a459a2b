"""Work on batches, as jobs call it: fetch the row, call the service."""

from django.conf import settings

from feedback.corpus import services
from feedback.corpus.models import ImportBatch


def read_batch(batch_id: int) -> None:
    """Read the file of a batch."""
    batch = ImportBatch.objects.get(pk=batch_id)
    services.read_batch(batch=batch, directory=settings.UPLOAD_DIR)
