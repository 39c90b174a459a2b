"""Giving a task back unanswered, with a reason."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.common.exceptions import Conflict, Invalid
from feedback.studies.assignment import decline
from feedback.studies.models import Assignment
from feedback.studies.selectors import access_assignment


@access(Verb.TASK_RATE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def assignment_decline(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Why a rater gives a task back; a POST gives it back and goes to the next one."""
    assignment = access_assignment(request.user, uid)
    if request.method != "POST":
        return _page(request, assignment)
    try:
        decline(
            assignment=assignment,
            lease_no=_lease_no(request.POST.get("lease_no", "")),
            reason=request.POST.get("decline_reason", ""),
            note=request.POST.get("decline_note", "").strip(),
        )
    except (Invalid, Conflict) as error:
        return _page(request, assignment, error=error)
    return redirect("study_rate", uid=assignment.study.uid)


def _lease_no(given: str) -> int:
    """The lease of the form; what is none is no lease."""
    is_number = given.isascii() and given.isdigit() and len(given) < 10  # noqa: PLR2004
    return int(given) if is_number else -1


def _page(
    request: PersonRequest,
    assignment: Assignment,
    *,
    error: Invalid | Conflict | None = None,
) -> HttpResponse:
    context = {
        "assignment": assignment,
        "study": assignment.study,
        "reasons": Assignment.DeclineReason.choices,
        "values": request.POST,
        "lease_no": request.POST.get("lease_no", assignment.lease_no),
        "error": error,
    }
    return render(
        request,
        "rating/assignment_decline.html",
        context,
        status=error.status if error else 200,
    )
