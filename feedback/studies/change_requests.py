"""What the next guideline version should make clear."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from feedback.accounts.models import User
from feedback.accounts.permissions import Verb
from feedback.audit.services import record
from feedback.common.exceptions import Conflict, Invalid, NotVisible
from feedback.common.text import forbidden_character, normalize
from feedback.studies.models import ChangeRequest, GuidelineVersion, Study
from feedback.studies.selectors import latest_guideline, studies_for

MAX_CHARACTERS = 2000


def change_requests(study: Study) -> QuerySet[ChangeRequest]:
    """All of a study, the open ones first, then the newest."""
    return study.change_requests.select_related(
        "asked_by", "guideline_version", "resolved_by_version"
    ).order_by(F("resolved_at").desc(nulls_first=True), "-pk")


def open_requests(study: Study) -> QuerySet[ChangeRequest]:
    """Those that no version answers yet, the oldest first."""
    return (
        study.change_requests.filter(resolved_at=None)
        .select_related("asked_by", "guideline_version")
        .order_by("pk")
    )


def access_request(user: User, uid: UUID) -> ChangeRequest:
    """The only door to a change request: of a study that the person leads.

    Raises:
        NotVisible: for anybody else.
    """
    found = (
        ChangeRequest.objects.select_related("study")
        .filter(uid=uid, study__in=studies_for(user, Verb.STUDY_LEAD))
        .first()
    )
    if found is None:
        raise NotVisible
    return found


@transaction.atomic
def request_change(
    *,
    study: Study,
    text: str,
    asked_by: User,
    criterion_key: str = "",
    guideline_version: GuidelineVersion | None = None,
) -> ChangeRequest:
    """Ask that the next version makes something clear.

    Args:
        study: of which the guideline is unclear.
        text: what is unclear.
        asked_by: who asks.
        criterion_key: of the criterion it is about, if it is about one.
        guideline_version: the unclear one; the version in force if none is given.

    Raises:
        Invalid: if the text is empty or too long, or no criterion has the key.
        Conflict: if no version is published.
    """
    version = guideline_version or latest_guideline(study)
    if version is None:
        raise Conflict("There is no published guideline that could be unclear.")
    text = _checked(text, field="text")
    if criterion_key and not version.criteria.filter(key=criterion_key).exists():
        said = f"Version {version.number} has no criterion {criterion_key!r}."
        raise Invalid(said, fields={"criterion_key": said})
    request = ChangeRequest.objects.create(
        study=study,
        guideline_version=version,
        criterion_key=criterion_key,
        text=text,
        asked_by=asked_by,
    )
    record(action="change_request.made", subject=request, actor=asked_by)
    return request


@transaction.atomic
def resolve_request(
    *, request: ChangeRequest, reason: str, actor: User, now: datetime
) -> ChangeRequest:
    """Close a request that no new version is going to answer.

    Raises:
        Invalid: without a reason.
        Conflict: if it was resolved before.
    """
    reason = _checked(reason, field="reason")
    held = ChangeRequest.objects.select_for_update().get(pk=request.pk)
    if held.resolved_at is not None:
        raise Conflict("This request was resolved already.")
    held.resolved_at, held.resolution = now, reason
    held.save(update_fields=["resolved_at", "resolution"])
    record(action="change_request.resolved", subject=held, actor=actor)
    return held


def _checked(text: str, *, field: str) -> str:
    text = normalize(text).strip()
    problem = ""
    if not text:
        problem = f"Write 1 to {MAX_CHARACTERS} characters."
    elif len(text) > MAX_CHARACTERS:
        problem = f"{len(text)} characters; there may be {MAX_CHARACTERS}."
    elif found := forbidden_character(text):
        problem = f"It holds {found}, which cannot be stored."
    if problem:
        raise Invalid(problem, fields={field: problem})
    return text
