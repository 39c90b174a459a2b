"""Signing in and out."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from feedback.accounts.access import public, signed_in
from feedback.accounts.events import SignedIn, SignedOut
from feedback.accounts.forms import SignInForm
from feedback.accounts.password_views import note_link
from feedback.accounts.selectors import usable_link
from feedback.accounts.services import use_sign_in_link
from feedback.common import clock
from feedback.common.events import emit

_BACKEND = "django.contrib.auth.backends.ModelBackend"


def _safe_next(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if is_ours else resolve_url("home")


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(_safe_next(request))
    form = SignInForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.get_user()
        login(request, user)
        emit(SignedIn(user_id=user.pk, by="password"))
        return HttpResponseRedirect(_safe_next(request))
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "next": request.GET.get("next", "")}
    return render(request, "accounts/sign_in.html", context, status=status)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """A one-time link: a look costs nothing, the button spends it."""
    now = clock.now()
    link = usable_link(token, now=now)
    if link is None:
        return render(request, "accounts/link_invalid.html", status=410)
    if request.method != "POST":
        return render(request, "accounts/link_confirm.html", {"person": link.user})
    user = use_sign_in_link(link=link, now=now)
    login(request, user, backend=_BACKEND)
    note_link(request, now)
    emit(SignedIn(user_id=user.pk, by="link"))
    return redirect(settings.LOGIN_REDIRECT_URL)


@signed_in
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    user_id = request.user.pk
    logout(request)
    if user_id is not None:
        emit(SignedOut(user_id=user_id))
    return redirect("sign_in")


def attempted_account(
    request: HttpRequest, credentials: Mapping[str, str] | None = None
) -> str:
    """The account that django-axes counts a wrong password for: one for all spellings.

    Addresses are found whatever their case, so counting each spelling by itself would
    let a guesser begin anew with another capital letter.
    """
    given = credentials or request.POST
    return str(given.get("username", "")).strip().lower()


def locked_out(
    request: HttpRequest,
    *_args: object,
    **_kwargs: object,
) -> HttpResponse:
    """Answer of django-axes after too many wrong passwords."""
    form = SignInForm(request)
    context = {"form": form, "is_locked": True}
    return render(request, "accounts/sign_in.html", context, status=429)
