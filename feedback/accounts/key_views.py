"""The page on which people choose their keys."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from feedback.accounts.access import signed_in
from feedback.accounts.keys import ACTIONS, Action, keys_of
from feedback.accounts.requests import PersonRequest
from feedback.accounts.services import save_keys
from feedback.common.exceptions import Invalid


@dataclass(frozen=True, slots=True)
class Row:
    """An action, what its field says, and why that cannot be."""

    action: Action
    value: str
    problem: str


def _page(
    request: PersonRequest,
    *,
    is_on: bool,
    keys: Mapping[str, str],
    refusal: Invalid | None = None,
) -> HttpResponse:
    problems = refusal.fields if refusal else {}
    rows = [Row(one, keys[one.name], problems.get(one.name, "")) for one in ACTIONS]
    first_wrong = next(iter(problems), "")
    context = {"rows": rows, "is_on": is_on, "first_wrong": first_wrong}
    status = 422 if refusal else 200
    return render(request, "accounts/key_settings.html", context, status=status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def key_settings(request: PersonRequest) -> HttpResponse:
    """The single keys of the rating page: on or off, and which does what."""
    if request.method != "POST":
        keys = keys_of(request.user.pk)
        return _page(request, is_on=keys.is_on, keys=keys.bindings)
    is_on = "is_on" in request.POST
    is_reset = "defaults" in request.POST
    typed = {one.name: request.POST.get(f"key-{one.name}", "") for one in ACTIONS}
    try:
        save_keys(user=request.user, is_on=is_on, given={} if is_reset else typed)
    except Invalid as refusal:
        return _page(request, is_on=is_on, keys=typed, refusal=refusal)
    said = "Each key is the default again." if is_reset else "Your keys are saved."
    messages.success(request, said)
    return redirect("key_settings")
