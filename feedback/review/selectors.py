"""Reading safety flags."""

from django.db.models import QuerySet

from feedback.rating.models import SafetyFlag
from feedback.studies.models import Study


def flags_of(study: Study) -> QuerySet[SafetyFlag]:
    """The flags of a study, newest first, with all that a line shows."""
    return (
        SafetyFlag.objects.filter(judgment__study=study)
        .select_related("completion__prompt", "judgment__rater")
        .order_by("-pk")
    )
