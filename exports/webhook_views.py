"""The page on which leads say which systems are told, and see how that went."""

from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from exports.models import WebhookEndpoint
from exports.webhooks import (
    Line,
    access_delivery,
    access_endpoint,
    add_endpoint,
    end_endpoint,
    live_endpoints,
    log_of,
    ping,
    secret_of,
    send_again,
)
from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid
from feedback.common.http import Reach
from feedback.studies.models import Study
from feedback.studies.selectors import access_study

_LINES = 20


class EndpointForm(forms.Form):
    """Where the news goes."""

    url = forms.URLField(
        label="Address",
        max_length=500,
        assume_scheme="https",
        help_text="Begins with https:// and takes a POST with JSON.",
    )


@dataclass(frozen=True, slots=True)
class Row:
    """An endpoint with its log."""

    endpoint: WebhookEndpoint
    lines: list[Line]


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_list(request: PersonRequest, uid: UUID) -> HttpResponse:
    """The study's endpoints and what they were told; POST adds one."""
    study = access_study(request.user, uid, Verb.STUDY_LEAD)
    if request.method != "POST":
        return _page(request, study, EndpointForm())
    form = EndpointForm(request.POST)
    if form.is_valid():
        try:
            endpoint = add_endpoint(
                study=study,
                url=form.cleaned_data["url"],
                actor=request.user,
                reach=Reach(inside=settings.PRIVATE_HOSTS),
            )
        except (Invalid, Conflict) as refusal:
            form.add_error("url", refusal.fields.get("url", refusal.message))
        else:
            return _page(request, study, EndpointForm(), added=endpoint)
    return _page(request, study, form, status=422)


@access(Verb.STUDY_LEAD)
@require_POST
def webhook_end(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Tell an endpoint nothing more."""
    endpoint = access_endpoint(request.user, uid, Verb.STUDY_LEAD)
    end_endpoint(endpoint=endpoint, actor=request.user, now=clock.now())
    messages.success(request, f"{endpoint.url} is told nothing more.")
    return redirect("webhook_list", uid=endpoint.study.uid)


@access(Verb.STUDY_LEAD)
@require_POST
def webhook_ping(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Send a test to an endpoint."""
    endpoint = access_endpoint(request.user, uid, Verb.STUDY_LEAD)
    ping(endpoint)
    messages.success(request, "A test is on its way; its line below says how it went.")
    return redirect("webhook_list", uid=endpoint.study.uid)


@access(Verb.STUDY_LEAD)
@require_POST
def webhook_again(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Try news again that was given up."""
    delivery = access_delivery(request.user, uid, Verb.STUDY_LEAD)
    send_again(delivery=delivery, actor=request.user, now=clock.now())
    messages.success(request, "It is tried again, up to five times.")
    return redirect("webhook_list", uid=delivery.endpoint.study.uid)


def _page(
    request: PersonRequest,
    study: Study,
    form: EndpointForm,
    *,
    added: WebhookEndpoint | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "study": study,
        "form": form,
        "rows": [
            Row(endpoint, log_of(endpoint, limit=_LINES))
            for endpoint in live_endpoints(study)
        ],
        "added": added,
        "secret": secret_of(added) if added else "",
    }
    return render(request, "exports/webhook_list.html", context, status=status)
