"""Guideline versions, and writing the next: words, questions, tasks, publishing."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.common.exceptions import DomainError, Invalid
from feedback.studies.change_requests import open_requests
from feedback.studies.draft_forms import TasksForm, TextForm
from feedback.studies.guideline_contents import Contents, contents_of
from feedback.studies.guideline_difference import parts_between, passages_between
from feedback.studies.guideline_drafts import (
    access_draft,
    discard_draft,
    draft_of,
    publish_draft,
    save_forms,
    save_text,
    start_draft,
)
from feedback.studies.models import GuidelineVersion, Study
from feedback.studies.selectors import access_study, latest_guideline


@access(Verb.STUDY_LEAD)
@require_safe
def guideline_list(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Every version of a study's guideline, the newest first, and the draft."""
    study = access_study(request.user, uid, Verb.STUDY_LEAD)
    versions = study.guideline_versions.filter(published_at__isnull=False)
    latest = latest_guideline(study)
    context = {
        "study": study,
        "versions": versions.select_related("published_by").order_by("-number"),
        "forms": list(latest.forms.all()) if latest else [],
        "draft": draft_of(study),
        "is_closed": study.state == Study.State.CLOSED,
        "n_requests": open_requests(study).count(),
    }
    return render(request, "studies/guideline_list.html", context)


@access(Verb.STUDY_LEAD)
@require_POST
def draft_start(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Begin the next version from the newest, or go on with the draft there is."""
    study = access_study(request.user, uid, Verb.STUDY_LEAD)
    start_draft(study=study, actor=request.user)
    return redirect("draft_detail", uid=uid)


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def draft_detail(request: PersonRequest, uid: UUID) -> HttpResponse:
    """The draft: its words, its questions, and why it cannot be published yet."""
    draft = access_draft(request.user, uid)
    if request.method != "POST":
        words = ("title", "body", "changes", "is_major")
        form = TextForm(initial={name: getattr(draft, name) for name in words})
        return _draft_page(request, draft, form, status=200)
    form = TextForm(request.POST)
    if not form.is_valid():
        return _draft_page(request, draft, form, status=422)
    try:
        save_text(draft=draft, actor=request.user, **form.cleaned_data)
    except DomainError as error:
        form.refuse(error)
        return _draft_page(request, draft, form, status=error.status)
    messages.success(request, "The words of the draft are saved.")
    if "publish" in request.POST:
        return redirect("draft_publish", uid=uid)
    return redirect("draft_detail", uid=uid)


def _draft_page(
    request: PersonRequest, draft: GuidelineVersion, form: TextForm, *, status: int
) -> HttpResponse:
    context = {
        "study": draft.study,
        "draft": draft,
        "form": form,
        "criteria": draft.criteria.all(),
        "span_labels": draft.span_labels.all(),
        "forms": draft.forms.order_by("pk"),
        "offences": contents_of(draft).offences(),
    }
    return render(request, "studies/draft_detail.html", context, status=status)


@access(Verb.STUDY_LEAD)
@require_POST
def draft_discard(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Throw the draft away."""
    discard_draft(draft=access_draft(request.user, uid), actor=request.user)
    messages.success(request, "The draft is thrown away; nothing else has changed.")
    return redirect("guideline_list", uid=uid)


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def draft_tasks(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Which kinds of task there are, and what each asks."""
    draft = access_draft(request.user, uid)
    asked = contents_of(draft)
    posted = request.POST if request.method == "POST" else None
    form = TasksForm(posted, content=asked.forms)
    status = 200
    if posted is not None:
        status = 422
        if form.is_valid() and not (problems := _misfits(asked, form)):
            save_forms(draft=draft, forms=form.content(), actor=request.user)
            messages.success(request, "What each kind of task asks is saved.")
            return redirect("draft_detail", uid=uid)
        if form.is_valid():
            for field, text in problems.items():
                form.add_error(field if field in form.fields else None, text)
    context = {"study": draft.study, "draft": draft, "form": form}
    return render(request, "studies/draft_tasks.html", context, status=status)


def _misfits(asked: Contents, form: TasksForm) -> dict[str, str]:
    """What the chosen forms ask that the draft has nothing for, by field."""
    chosen = Contents(asked.criteria, asked.span_labels, tuple(form.content()))
    return {
        f"{offence.key}_parts" if offence.key else "": offence.text
        for offence in chosen.offences()
        if offence.part == "form"
    }


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def draft_publish(request: PersonRequest, uid: UUID) -> HttpResponse:
    """What publishing would change; a POST publishes."""
    draft = access_draft(request.user, uid)
    if request.method != "POST":
        return _publish_page(request, draft, status=200)
    if request.POST.get("number") != str(draft.number):
        text = "Confirm on the page that shows the differences."
        return _publish_page(request, draft, refusal=Invalid(text), status=422)
    named = request.POST.getlist("resolves")
    answered = [one for one in open_requests(draft.study) if str(one.uid) in named]
    try:
        version = publish_draft(
            draft=draft, actor=request.user, now=clock.now(), resolves=answered
        )
    except Invalid as error:
        return _publish_page(request, draft, refusal=error, status=error.status)
    messages.success(request, f"Version {version.number} is published.")
    return redirect("guideline_list", uid=uid)


def _publish_page(
    request: PersonRequest,
    draft: GuidelineVersion,
    *,
    status: int,
    refusal: Invalid | None = None,
) -> HttpResponse:
    study = draft.study
    latest = latest_guideline(study)
    asked = contents_of(draft)
    before = contents_of(latest) if latest else Contents()
    context = {
        "study": study,
        "draft": draft,
        "latest": latest,
        "refusal": refusal,
        "offences": asked.offences(),
        "parts": parts_between(before, asked),
        "passages": passages_between(latest.body if latest else "", draft.body),
        "requests": open_requests(study),
    }
    return render(request, "studies/draft_publish.html", context, status=status)
