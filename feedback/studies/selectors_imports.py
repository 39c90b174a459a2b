"""The door from a view to an import batch."""

from uuid import UUID

from django.db.models import Exists, OuterRef

from feedback.accounts.models import User
from feedback.accounts.permissions import Verb
from feedback.common.exceptions import NotVisible
from feedback.corpus.models import ImportBatch
from feedback.studies.models import Study, StudySource
from feedback.studies.selectors import studies_for


def access_batch(user: User, uid: UUID) -> ImportBatch:
    """The only door to a batch: those who may import into a study of its source.

    Raises:
        NotVisible: if it does not exist or the person may not import there.
    """
    theirs = StudySource.objects.filter(
        source=OuterRef("source"), study__in=studies_for(user, Verb.CORPUS_IMPORT)
    )
    batch = (
        ImportBatch.objects.select_related("source", "imported_by")
        .filter(Exists(theirs), uid=uid)
        .first()
    )
    if batch is None:
        raise NotVisible
    return batch


def study_of_batch(user: User, batch: ImportBatch) -> Study:
    """The first study of a batch's source in which the person may import."""
    studies = studies_for(user, Verb.CORPUS_IMPORT).filter(sources=batch.source_id)
    return studies.order_by("pk")[0]
