"""What raters flagged as harmful, for those who act on it."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.review.selectors import flags_of
from feedback.studies.selectors import access_study

_FLAGS_A_PAGE = 20


@access(Verb.FLAG_SEE)
@require_safe
def flag_list(request: PersonRequest, uid: UUID) -> HttpResponse:
    """The safety flags of a study, newest first."""
    study = access_study(request.user, uid, Verb.FLAG_SEE)
    page = Paginator(flags_of(study), _FLAGS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "review/flag_list.html", {"study": study, "page": page})
