"""Saving unfinished answers; the page calls this while a rater types."""

from uuid import UUID

from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.common.exceptions import DomainError, Invalid
from feedback.rating.drafts import OtherDraft, save_draft
from feedback.studies.models import Assignment
from feedback.studies.selectors import access_assignment


@access(Verb.TASK_RATE)
@never_cache
@require_POST
def assignment_draft(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Keep the form's fields; answers with the version and the time, as JSON.

    A form sent without JavaScript is kept too and shown again.
    """
    assignment = access_assignment(request.user, uid)
    is_by_hand = request.headers.get("Accept") != "application/json"
    try:
        saved = save_draft(
            assignment=assignment,
            post=request.POST,
            page_id=_page_id(request.POST, "page_id"),
            page_seq=_number(request.POST, "page_seq"),
            continues=_page_id(request.POST, "continues")
            if request.POST.get("continues")
            else None,
            version=_number(request.POST, "draft_version"),
            takes_over=is_by_hand or request.POST.get("takes_over") == "1",
            revises=request.POST.get("revises", ""),
            now=clock.now(),
        )
    except DomainError as error:
        if is_by_hand:
            raise
        return JsonResponse(_refusal(error), status=error.status)
    if is_by_hand:
        return _back(assignment)
    return JsonResponse(
        {"version": saved.version, "saved_at": saved.saved_at.isoformat()}
    )


def _back(assignment: Assignment) -> HttpResponse:
    is_revision = assignment.state == Assignment.State.SUBMITTED
    name = "assignment_revise" if is_revision else "assignment_detail"
    return redirect(name, uid=assignment.uid)


def _refusal(error: DomainError) -> dict[str, object]:
    body: dict[str, object] = {
        "message": error.message,
        "next_step": error.next_step,
        "why": "refused" if error.status != 409 else "answered",  # noqa: PLR2004
    }
    if isinstance(error, OtherDraft):
        body |= {
            "why": "other_window",
            "version": error.version,
            "saved_at": error.saved_at.isoformat(),
        }
    return body


def _page_id(post: QueryDict, name: str) -> UUID:
    try:
        return UUID(post.get(name, ""))
    except ValueError as error:
        raise Invalid(
            f"The page's {name} is not valid.", next_step="Reload the page."
        ) from error


def _number(post: QueryDict, name: str) -> int:
    text = post.get(name, "")
    if text.isascii() and text.isdigit() and len(text) <= 9:  # noqa: PLR2004
        return int(text)
    raise Invalid(
        f"The page's {name} is {text[:20]!r}, not a number.",
        next_step="Reload the page.",
    )
