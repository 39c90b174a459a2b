"""Inviting people, and accepting: the link is shown once and spent once."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from feedback.accounts.access import access, public
from feedback.accounts.events import SignedIn
from feedback.accounts.models import Rater, User
from feedback.accounts.permissions import Role, Verb
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.common.events import emit
from feedback.common.exceptions import Conflict, DomainError, Invalid
from feedback.studies.invitation_lines import InvitationDraft, Problem, read_lines
from feedback.studies.invitations import (
    VALID_DAYS,
    Newcomer,
    Sent,
    accept,
    access_invitation,
    account_of,
    invite,
    renew,
    revoke,
    usable_invitation,
)
from feedback.studies.models import Invitation, Study
from feedback.studies.people_forms import InviteManyForm, InviteOneForm, JoinForm
from feedback.studies.selectors import access_study

_BACKEND = "django.contrib.auth.backends.ModelBackend"


@access(Verb.STUDY_LEAD)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_create(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Invite one person by the form, or several by lines or a file."""
    study = access_study(request.user, uid, Verb.STUDY_LEAD)
    if request.method != "POST":
        return _form_page(request, study)
    if "many" in request.POST:
        return _invite_many(request, study)
    return _invite_one(request, study)


def _invite_one(request: PersonRequest, study: Study) -> HttpResponse:
    form = InviteOneForm(request.POST)
    if not form.is_valid():
        return _form_page(request, study, one=form, status=422)
    try:
        sent = _invite(request, study, [form.draft()])
    except DomainError as error:
        for text in error.fields.values() or [error.message]:
            field, _, rest = text.partition(": ")
            form.add_error(field if field in form.fields else None, rest or text)
        form.mark_first_error()
        return _form_page(request, study, one=form, status=error.status)
    return _links_page(request, study, sent)


def _invite_many(request: PersonRequest, study: Study) -> HttpResponse:
    form = InviteManyForm(request.POST, request.FILES, auto_id="many_%s")
    if not form.is_valid():
        return _form_page(request, study, many=form, status=422)
    read = read_lines(form.cleaned_data["lines"])
    problems = list(read.problems)
    if not problems and not read.drafts:
        form.add_error("lines", "There is nobody below the names of the columns.")
        return _form_page(request, study, many=form, status=422)
    if not problems:
        try:
            sent = _invite(request, study, [draft for _, draft in read.drafts])
        except Invalid as error:
            lines = [line for line, _ in read.drafts]
            problems = [Problem(lines[int(n)], t) for n, t in error.fields.items()]
        else:
            return _links_page(request, study, sent)
    # A file cannot be given back to the browser; its lines can.
    form = InviteManyForm({"lines": form.cleaned_data["lines"]}, auto_id="many_%s")
    form.add_error("lines", "Nobody was invited. Mend the lines named above.")
    form.mark_first_error()
    return _form_page(request, study, many=form, problems=problems, status=422)


def _invite(
    request: PersonRequest, study: Study, drafts: list[InvitationDraft]
) -> list[Sent]:
    return invite(study=study, drafts=drafts, invited_by=request.user, now=clock.now())


def _form_page(
    request: PersonRequest,
    study: Study,
    *,
    one: InviteOneForm | None = None,
    many: InviteManyForm | None = None,
    problems: list[Problem] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "study": study,
        "one": one or InviteOneForm(),
        "many": many or InviteManyForm(auto_id="many_%s"),
        "many_is_open": many is not None,
        "problems": problems or [],
        "valid_days": VALID_DAYS,
    }
    return render(request, "studies/invitation_create.html", context, status=status)


def _links_page(request: PersonRequest, study: Study, sent: list[Sent]) -> HttpResponse:
    """The links, this once: only their hashes are kept."""
    links = [
        (
            one.invitation,
            request.build_absolute_uri(reverse("invitation_accept", args=[one.token])),
        )
        for one in sent
    ]
    context = {"study": study, "links": links, "valid_days": VALID_DAYS}
    return render(request, "studies/invitation_links.html", context)


@access(Verb.STUDY_LEAD)
@never_cache
@require_POST
def invitation_renew(request: PersonRequest, uid: UUID) -> HttpResponse:
    """A new link for an open invitation; the old one is dead."""
    invitation = access_invitation(request.user, uid)
    sent = renew(invitation=invitation, actor=request.user, now=clock.now())
    return _links_page(request, invitation.study, [sent])


@access(Verb.STUDY_LEAD)
@require_POST
def invitation_revoke(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Take an invitation back."""
    invitation = access_invitation(request.user, uid)
    revoke(invitation=invitation, actor=request.user, now=clock.now())
    messages.success(
        request,
        f"The invitation of {invitation.email} is taken back; its link is dead.",
    )
    return redirect("people_list", uid=invitation.study.uid)


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """An invitation: a look costs nothing, the button spends it."""
    now = clock.now()
    invitation = usable_invitation(token, now=now)
    if invitation is None:
        return render(request, "studies/invitation_invalid.html", status=410)
    user = request.user if isinstance(request.user, User) else None
    is_post = request.method == "POST"
    form = _join_form(request, invitation, user)
    if not is_post or not form.is_valid():
        status = 422 if is_post else 200
        return _join_page(request, invitation, user, form, status=status)
    try:
        person = accept(
            invitation=invitation, newcomer=_newcomer(form), user=user, now=now
        )
    except Conflict as error:
        form.refuse(error)
        return _join_page(request, invitation, user, form, status=error.status)
    if user is None:
        login(request, person, backend=_BACKEND)
        emit(SignedIn(user_id=person.pk, by="invitation"))
    messages.success(request, f"Welcome to {invitation.study.name}.")
    return redirect("study_detail", uid=invitation.study.uid)


def _join_form(
    request: HttpRequest, invitation: Invitation, user: User | None
) -> JoinForm:
    return JoinForm(
        request.POST if request.method == "POST" else None,
        is_new=user is None,
        is_rater=invitation.role == Role.RATER,
        has_rater=user is not None and Rater.objects.filter(user=user).exists(),
        initial={
            "name": invitation.name,
            "profession": invitation.profession,
            "specialty": invitation.specialty,
        },
    )


def _newcomer(form: JoinForm) -> Newcomer:
    given = form.cleaned_data
    return Newcomer(
        name=given.get("name", ""),
        password=given.get("password"),
        profession=given.get("profession", ""),
        specialty=given.get("specialty", ""),
        about={name: given.get(name, "") for name in JoinForm.ABOUT},
    )


def _join_page(
    request: HttpRequest,
    invitation: Invitation,
    user: User | None,
    form: JoinForm,
    *,
    status: int,
) -> HttpResponse:
    known = account_of(invitation)
    context = {
        "invitation": invitation,
        "form": form,
        "is_other": user is not None and user != known,
        "must_sign_in": user is None and known is not None,
    }
    return render(request, "studies/invitation_accept.html", context, status=status)
