"""Change requests: the list, a new one, and closing one without a new version."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.common.exceptions import DomainError
from feedback.studies.change_requests import (
    MAX_CHARACTERS,
    access_request,
    change_requests,
    request_change,
    resolve_request,
)
from feedback.studies.models import ChangeRequest, Study
from feedback.studies.plain_forms import PlainForm
from feedback.studies.selectors import (
    access_study,
    latest_guideline,
    questionnaire_of,
)

_REQUESTS_A_PAGE = 20


class RequestForm(PlainForm):
    """What is unclear, and in which criterion."""

    text = forms.CharField(
        label="What is unclear",
        max_length=MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        error_messages={"required": "Write what is unclear."},
    )
    criterion_key = forms.ChoiceField(label="Criterion", required=False)

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        latest = latest_guideline(study)
        criteria = questionnaire_of(latest).criteria if latest else ()
        choices = [("", "The guideline as a whole")]
        field = self.fields["criterion_key"]
        field.choices = [*choices, *((one.key, one.name) for one in criteria)]  # type: ignore[attr-defined]


class ResolveForm(PlainForm):
    """Why nothing changes."""

    reason = forms.CharField(
        label="Why nothing changes",
        max_length=MAX_CHARACTERS,
        error_messages={"required": "Say why nothing changes."},
    )


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def change_request_list(request: PersonRequest, uid: UUID) -> HttpResponse:
    """What the next version should make clear; a POST notes another request."""
    study = access_study(request.user, uid, Verb.STUDY_LEAD)
    if request.method != "POST":
        return _page(request, study)
    form = RequestForm(request.POST, study=study)
    if not form.is_valid():
        return _page(request, study, form=form, status=422)
    try:
        request_change(study=study, asked_by=request.user, **form.cleaned_data)
    except DomainError as error:
        form.refuse(error)
        return _page(request, study, form=form, status=error.status)
    messages.success(request, "The request is noted.")
    return redirect("change_request_list", uid=uid)


@access(Verb.STUDY_LEAD)
@require_POST
def change_request_resolve(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Close a request that no version is going to answer."""
    asked = access_request(request.user, uid)
    form = ResolveForm(request.POST)
    if not form.is_valid():
        return _page(request, asked.study, resolve=form, refused=asked, status=422)
    resolve_request(
        request=asked,
        reason=form.cleaned_data["reason"],
        actor=request.user,
        now=clock.now(),
    )
    messages.success(request, "The request is closed.")
    return redirect("change_request_list", uid=asked.study.uid)


def _page(
    request: PersonRequest,
    study: Study,
    *,
    form: RequestForm | None = None,
    resolve: ResolveForm | None = None,
    refused: ChangeRequest | None = None,
    status: int = 200,
) -> HttpResponse:
    pages = Paginator(change_requests(study), _REQUESTS_A_PAGE)
    context = {
        "study": study,
        "page": pages.get_page(request.GET.get("page")),
        "form": form or RequestForm(study=study),
        "resolve_form": resolve,
        "refused": refused.uid if refused else None,
    }
    return render(request, "studies/change_request_list.html", context, status=status)
