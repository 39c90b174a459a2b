"""The people of a study: who they are, as what they rate, and who checked that."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from feedback.accounts.access import access
from feedback.accounts.models import Credential, Rater
from feedback.accounts.permissions import Role, Verb
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.common.exceptions import DomainError, NotVisible
from feedback.studies.invitations import open_invitations
from feedback.studies.models import Enrollment
from feedback.studies.people import (
    access_credential,
    access_enrollment,
    add_credential,
    check_credential,
    end_enrollment,
    enrolled,
    set_practice,
    set_stage,
    set_tier,
)
from feedback.studies.people_forms import (
    CheckForm,
    CredentialForm,
    PracticeForm,
    StageForm,
    TierForm,
)
from feedback.studies.plain_forms import PlainForm
from feedback.studies.selectors import access_study


@access(Verb.STUDY_LEAD)
@require_safe
def people_list(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Everybody in a study, and whom it still waits for."""
    study = access_study(request.user, uid, Verb.STUDY_LEAD)
    context = {
        "study": study,
        "people": enrolled(study),
        "invitations": open_invitations(study),
        "now": clock.now(),
    }
    return render(request, "studies/people_list.html", context)


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def enrollment_detail(request: PersonRequest, uid: UUID) -> HttpResponse:
    """One person's part in a study; a POST changes what its button says."""
    enrollment = access_enrollment(request.user, uid)
    if request.method != "POST":
        return _page(request, enrollment)
    change = request.POST.get("change", "")
    form = _FORMS.get(change, StageForm)(request.POST)
    if not form.is_valid():
        return _page(request, enrollment, refused=form)
    try:
        said = _apply(request, enrollment, change, form)
    except DomainError as error:
        form.refuse(error)
        return _page(request, enrollment, refused=form, status=error.status)
    messages.success(request, said)
    if change == "end":
        return redirect("people_list", uid=enrollment.study.uid)
    return redirect("enrollment_detail", uid=uid)


_FORMS: dict[str, type[PlainForm]] = {"tier": TierForm, "practice": PracticeForm}


def _apply(
    request: PersonRequest, enrollment: Enrollment, change: str, form: PlainForm
) -> str:
    """Do what the button says; return what to tell the lead."""
    actor, name = request.user, enrollment.user.name
    if change == "tier":
        tier = form.cleaned_data["tier"]
        set_tier(enrollment=enrollment, tier=tier, actor=actor)
        return f"{name} is {Enrollment.Tier(tier).label.lower()} now."
    if change == "practice":
        set_practice(enrollment=enrollment, actor=actor, **form.cleaned_data)
        return f"Profession and specialty of {name} are saved."
    if change == "end":
        end_enrollment(enrollment=enrollment, actor=actor, now=clock.now())
        return f"{name} no longer takes part as {enrollment.get_role_display()}."
    stage = {"pause": Enrollment.Stage.PAUSED, "ready": Enrollment.Stage.READY}
    set_stage(
        enrollment=enrollment,
        stage=stage.get(change, change),
        reason=form.cleaned_data["reason"],
        actor=actor,
    )
    if change == "pause":
        return f"{name} is paused. What is in hand may still be submitted."
    return f"{name} may rate."


def _page(
    request: PersonRequest,
    enrollment: Enrollment,
    *,
    refused: PlainForm | None = None,
    status: int = 422,
) -> HttpResponse:
    """The page of one person, with the form that was refused in its place."""
    rater = Rater.objects.filter(user=enrollment.user_id).first()
    credentials = rater.credentials.select_related("checked_by") if rater else []
    forms: dict[str, PlainForm] = {
        "tier_form": TierForm(initial={"tier": enrollment.tier}),
        "stage_form": StageForm(),
        "practice_form": PracticeForm(
            initial={
                "profession": rater.profession if rater else "",
                "specialty": rater.specialty if rater else "",
            }
        ),
        "credential_form": CredentialForm(auto_id="credential_%s"),
    }
    names: dict[type[PlainForm], str] = {
        TierForm: "tier_form",
        StageForm: "stage_form",
        PracticeForm: "practice_form",
    }
    if refused is not None:
        forms[names.get(type(refused), "credential_form")] = refused
    context = {
        "study": enrollment.study,
        "enrollment": enrollment,
        "rater": rater,
        "is_rater": enrollment.role == Role.RATER,
        "is_own": enrollment.user_id == request.user.pk,
        "credentials": credentials,
        **forms,
    }
    code = status if refused else 200
    return render(request, "studies/enrollment_detail.html", context, status=code)


@access(Verb.STUDY_LEAD)
@require_POST
def credential_add(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Note a credential of somebody in the study, unchecked."""
    enrollment = access_enrollment(request.user, uid)
    rater = Rater.objects.filter(user=enrollment.user_id).first()
    if rater is None:
        raise NotVisible
    form = CredentialForm(request.POST, auto_id="credential_%s")
    if not form.is_valid():
        return _page(request, enrollment, refused=form)
    add_credential(rater=rater, actor=request.user, **form.cleaned_data)
    messages.success(request, "The credential is noted. Nobody has checked it yet.")
    return redirect("enrollment_detail", uid=uid)


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def credential_check(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Note that, and how, somebody looked at the proof of a credential."""
    credential = access_credential(request.user, uid)
    form = CheckForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return _check_page(request, credential, form, status=200)
    if not form.is_valid():
        return _check_page(request, credential, form, status=422)
    try:
        check_credential(
            credential=credential,
            how=form.cleaned_data["how"],
            actor=request.user,
            now=clock.now(),
        )
    except DomainError as error:
        form.refuse(error)
        return _check_page(request, credential, form, status=error.status)
    messages.success(request, f"“{credential.title}” is noted as checked by you.")
    return redirect(_back_from(request, credential))


def _back_from(request: PersonRequest, credential: Credential) -> str:
    """The person's page in a study that the lead leads: the newest, if several."""
    row = _enrollment_of(request, credential)
    return reverse("enrollment_detail", args=[row.uid])


def _enrollment_of(request: PersonRequest, credential: Credential) -> Enrollment:
    rows = Enrollment.objects.filter(user=credential.rater.user_id, ended_at=None)
    for row in rows.order_by("-pk"):
        try:
            return access_enrollment(request.user, row.uid)
        except NotVisible:
            continue
    raise NotVisible


def _check_page(
    request: PersonRequest, credential: Credential, form: CheckForm, *, status: int
) -> HttpResponse:
    enrollment = _enrollment_of(request, credential)
    context = {
        "study": enrollment.study,
        "enrollment": enrollment,
        "credential": credential,
        "is_own": credential.rater.user_id == request.user.pk,
        "form": form,
    }
    return render(request, "studies/credential_check.html", context, status=status)
