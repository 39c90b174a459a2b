"""Making a study, what it still needs, its settings, its state, and a copy of it."""

from copy import copy
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.common.exceptions import DomainError, Invalid, NotVisible
from feedback.studies.checklist import steps_of
from feedback.studies.cloning import clone_study
from feedback.studies.lifecycle import MOVES, set_state
from feedback.studies.models import Study
from feedback.studies.policies import policy_words
from feedback.studies.selectors import access_study, may_create_study
from feedback.studies.setup_forms import (
    CloneForm,
    NewStudyForm,
    SettingsForm,
    StateForm,
)
from feedback.studies.starting import start_study
from feedback.studies.study_settings import Saved, save_settings
from feedback.studies.templates import TEMPLATES


@access(Verb.STUDY_CREATE)
@require_http_methods(["GET", "HEAD", "POST"])
def study_create(request: PersonRequest) -> HttpResponse:
    """A new study from a ready template."""
    if not may_create_study(request.user):
        raise NotVisible
    form = NewStudyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        study = start_study(
            template=TEMPLATES[given.pop("template")],
            lead=request.user,
            now=clock.now(),
            **given,
        )
        messages.success(request, "The study is made. What it still needs is below.")
        return redirect("study_setup", uid=study.uid)
    chosen = form["template"].value()
    context = {
        "form": form,
        "templates": [(one, one.key == chosen) for one in TEMPLATES.values()],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "studies/study_create.html", context, status=status)


@access(Verb.STUDY_LEAD)
@require_safe
def study_setup(request: PersonRequest, uid: UUID) -> HttpResponse:
    """What a study still needs before raters can begin."""
    study = access_study(request.user, uid, Verb.STUDY_LEAD)
    context = {"study": study, "steps": steps_of(study)}
    return render(request, "studies/study_setup.html", context)


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def study_settings(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Every setting of a study."""
    study = access_study(request.user, uid, Verb.STUDY_LEAD)
    if request.method != "POST":
        form = SettingsForm(study=study)
        return _settings_page(request, study, form, status=200)
    form = SettingsForm(request.POST, study=study)
    if not form.is_valid():
        return _settings_page(request, study, form, status=422)
    try:
        saved = save_settings(study=study, values=form.values(), actor=request.user)
    except DomainError as error:
        form.refuse(error)
        return _settings_page(request, study, form, status=error.status)
    messages.success(request, _what_changed(saved))
    return redirect("study_settings", uid=uid)


def _what_changed(saved: Saved) -> str:
    if not saved.changed:
        return "Nothing was different."
    if saved.slots is None:
        return "The settings are saved."
    slots = saved.slots
    return (
        f"The settings are saved. Places opened: {slots.n_opened}; closed: "
        f"{slots.n_closed}; in raters' hands and kept: {slots.n_in_hand}."
    )


def _settings_page(
    request: PersonRequest, study: Study, form: SettingsForm, *, status: int
) -> HttpResponse:
    context = {
        "study": study,
        "form": form,
        "policies": _policies(study, form),
        "is_closed": study.state == Study.State.CLOSED,
    }
    return render(request, "studies/study_settings.html", context, status=status)


def _policies(study: Study, form: SettingsForm) -> list[tuple[str, str, str, bool]]:
    """Each policy with what it does, in the study's own numbers."""
    chosen = form["policy"].value()
    found = []
    for value, label in Study.Policy.choices:
        example = copy(study)
        example.policy = value
        found.append((value, label, policy_words(example), value == chosen))
    return found


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def study_state(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Start, pause or close a study; to close it, its name is typed."""
    study = access_study(request.user, uid, Verb.STUDY_LEAD)
    if request.method != "POST":
        return _state_page(request, study, StateForm(), status=200)
    form = StateForm(request.POST)
    state = request.POST.get("state", "")
    if not form.is_valid():
        return _state_page(request, study, form, status=422)
    try:
        if state == Study.State.CLOSED:
            _confirm_name(study, form.cleaned_data["typed_name"])
        reason = form.cleaned_data["reason"]
        set_state(study=study, state=state, actor=request.user, reason=reason)
    except DomainError as error:
        form.refuse(error)
        return _state_page(request, study, form, status=error.status)
    messages.success(request, f"The study is {study.get_state_display().lower()}.")
    return redirect("study_setup", uid=uid)


def _confirm_name(study: Study, typed: str) -> None:
    if typed.strip() != study.name.strip():
        text = f"Type “{study.name}” to close the study for good."
        raise Invalid(text, fields={"typed_name": text})


def _state_page(
    request: PersonRequest, study: Study, form: StateForm, *, status: int
) -> HttpResponse:
    context = {"study": study, "form": form, "moves": MOVES[study.state]}
    return render(request, "studies/study_state.html", context, status=status)


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def study_clone(request: PersonRequest, uid: UUID) -> HttpResponse:
    """A new study with the settings and questions of this one."""
    study = access_study(request.user, uid, Verb.STUDY_LEAD)
    form = CloneForm(
        request.POST if request.method == "POST" else None,
        initial={"name": f"{study.name[:180]} (copy)"},
    )
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            clone = clone_study(
                study=study, actor=request.user, now=clock.now(), **form.cleaned_data
            )
        except DomainError as error:
            form.refuse(error)
            status = error.status
        else:
            messages.success(request, "The copy is made. What it needs is below.")
            return redirect("study_setup", uid=clone.uid)
    context = {"study": study, "form": form}
    return render(request, "studies/study_clone.html", context, status=status)
