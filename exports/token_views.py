"""The page on which people make and revoke tokens for their programs."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from exports.token_forms import TokenForm
from feedback.accounts.access import signed_in
from feedback.accounts.models import ApiToken, Scope
from feedback.accounts.requests import PersonRequest
from feedback.accounts.tokens import access_token, make_token, revoke_token, tokens_of
from feedback.audit.services import record
from feedback.common import clock
from feedback.studies.models import Study

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Row:
    """A token as its person sees it."""

    token: ApiToken
    scopes: tuple[str, ...]
    study: str
    is_live: bool


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def token_list(request: PersonRequest) -> HttpResponse:
    """One's tokens; POST makes one and shows its text, this once."""
    if request.method != "POST":
        return _page(request, TokenForm(user=request.user))
    form = TokenForm(request.POST, user=request.user)
    if not form.is_valid():
        return _page(request, form, status=422)
    token, text = make_token(
        user=request.user,
        name=form.cleaned_data["name"],
        scopes=form.scopes_chosen(),
        study_uid=form.study_uid(),
        days=form.cleaned_data["days"],
        now=clock.now(),
    )
    record(
        action="token.made",
        subject=token,
        actor=request.user,
        details={
            "scopes": token.scopes,
            "study": str(token.study_uid or "all"),
            "expires_at": token.expires_at.isoformat(),
        },
    )
    return _page(request, TokenForm(user=request.user), made=token, text=text)


@signed_in
@require_POST
def token_revoke(request: PersonRequest, uid: UUID) -> HttpResponse:
    """End a token at once."""
    token = access_token(request.user, uid)
    revoke_token(token=token, now=clock.now())
    record(action="token.revoked", subject=token, actor=request.user)
    messages.success(request, f"“{token.name}” is revoked and opens nothing any more.")
    return redirect("token_list")


def _page(
    request: PersonRequest,
    form: TokenForm,
    *,
    made: ApiToken | None = None,
    text: str = "",
    status: int = 200,
) -> HttpResponse:
    tokens = list(tokens_of(request.user)[:_SHOWN])
    uids = [token.study_uid for token in tokens if token.study_uid]
    names = dict(Study.objects.filter(uid__in=uids).values_list("uid", "name"))
    now = clock.now()
    rows = [
        Row(
            token=token,
            scopes=tuple(Scope(one).label for one in token.scopes),
            study=names.get(token.study_uid, "") if token.study_uid else "",
            is_live=token.is_live(now),
        )
        for token in tokens
    ]
    context = {"form": form, "rows": rows, "made": made, "text": text}
    return render(request, "exports/token_list.html", context, status=status)
