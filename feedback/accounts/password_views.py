"""The page on which people choose another password."""

from datetime import datetime, timedelta

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from feedback.accounts.access import signed_in
from feedback.accounts.forms import ChangePasswordForm
from feedback.accounts.requests import PersonRequest
from feedback.accounts.services import change_password
from feedback.common import clock

_LINK_USED = "link_used_at"
# Whoever came by a link may have forgotten the old one; so long they need not know it.
_FRESH = timedelta(minutes=15)


def note_link(request: HttpRequest, now: datetime) -> None:
    """Remember in the session that a link began it."""
    request.session[_LINK_USED] = now.timestamp()


def _is_fresh_from_link(request: PersonRequest, now: datetime) -> bool:
    used = request.session.get(_LINK_USED)
    return used is not None and now.timestamp() - used < _FRESH.total_seconds()


@signed_in
@never_cache
@sensitive_post_parameters("old_password", "new_password1", "new_password2")
@require_http_methods(["GET", "HEAD", "POST"])
def password_change(request: PersonRequest) -> HttpResponse:
    """Choose another password; every other session of the person ends."""
    now = clock.now()
    asks_old = not _is_fresh_from_link(request, now)
    posted = request.POST if request.method == "POST" else None
    form = ChangePasswordForm(request, request.user, posted, asks_old=asks_old)
    if posted is None or not form.is_valid():
        context = {
            "form": form,
            "asks_old": asks_old,
            "is_stuck": asks_old and not request.user.has_usable_password(),
        }
        status = 200 if posted is None else 422
        return render(request, "accounts/password_change.html", context, status=status)
    user = change_password(
        user=request.user,
        password=form.cleaned_data["new_password1"],
        by="password" if asks_old else "link",
        now=now,
    )
    update_session_auth_hash(request, user)
    request.session.pop(_LINK_USED, None)
    messages.success(
        request, "Your password is changed. Everywhere else you are signed out."
    )
    return redirect("password_change")
