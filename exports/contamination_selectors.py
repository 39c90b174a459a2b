"""Reading evaluation sets; the door from a view to one."""

from uuid import UUID

from django.db.models import F, QuerySet

from exports.models import EvaluationSet
from feedback.accounts.models import User
from feedback.accounts.permissions import Verb
from feedback.common.exceptions import NotVisible
from feedback.studies.models import Study
from feedback.studies.selectors import studies_for


def sets_of(study: Study) -> QuerySet[EvaluationSet]:
    """A study's sets, those in use first, by name."""
    return (
        EvaluationSet.objects.filter(study=study)
        .select_related("uploaded_by")
        .order_by(F("retired_at").asc(nulls_first=True), "name", "pk")
    )


def access_evaluation_set(user: User, uid: UUID, verb: Verb) -> EvaluationSet:
    """The only door to an evaluation set.

    Raises:
        NotVisible: if it does not exist or the person may not do `verb` with it.
    """
    found = (
        EvaluationSet.objects.filter(study__in=studies_for(user, verb), uid=uid)
        .select_related("study")
        .first()
    )
    if found is None:
        raise NotVisible
    return found
