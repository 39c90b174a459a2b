"""Reading batches."""

from django.db.models import QuerySet

from feedback.corpus.models import ImportBatch, ImportReject
from feedback.jobs.models import Job


def rejects_of(batch: ImportBatch) -> QuerySet[ImportReject]:
    """The rows that were not taken, in the file's order."""
    return batch.rejects.order_by("row_no")


def is_given_up(batch: ImportBatch) -> bool:
    """Whether reading failed so often that only a person can start it again."""
    if batch.is_final:
        return False
    return Job.objects.filter(
        kind=ImportBatch.READ_JOB, subject_id=batch.pk, state=Job.State.DEAD
    ).exists()
