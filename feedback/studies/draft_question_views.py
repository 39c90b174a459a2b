"""The criteria and labels of a guideline draft: add, change, move, take out."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.common.exceptions import DomainError, Invalid
from feedback.studies.draft_forms import CriterionForm, LabelForm
from feedback.studies.guideline_contents import criterion_draft, label_draft
from feedback.studies.guideline_drafts import (
    access_draft,
    access_draft_criterion,
    access_draft_label,
    move_question,
    remove_question,
    save_criterion,
    save_label,
)
from feedback.studies.models import Criterion, GuidelineVersion, SpanLabel

_STEPS = {"up": -1, "down": 1}


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def criterion_create(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Add a criterion to the draft of a study."""
    return _criterion(request, access_draft(request.user, uid), None)


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def criterion_edit(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Change a criterion of a draft."""
    row = access_draft_criterion(request.user, uid)
    return _criterion(request, row.guideline_version, row)


def _criterion(
    request: PersonRequest, draft: GuidelineVersion, row: Criterion | None
) -> HttpResponse:
    earlier = [
        (one.key, one.name)
        for one in draft.criteria.all()
        if row is None or one.position < row.position
    ]
    content = criterion_draft(row) if row else None
    is_post = request.method == "POST"
    new = {"kind": "likert", "scope": "completion", "direction": "better"}
    form = CriterionForm(
        request.POST if is_post else None,
        earlier=earlier,
        **({"content": content} if content else {"initial": {**new, **_SCALE}}),
    )
    status = 422 if is_post else 200
    if is_post and form.is_valid():
        try:
            saved = save_criterion(
                draft=draft, content=form.content(), actor=request.user, criterion=row
            )
        except DomainError as error:
            form.refuse(error)
            status = error.status
        else:
            messages.success(request, f"“{saved.name}” is saved.")
            return redirect("draft_detail", uid=draft.study.uid)
    context = {"study": draft.study, "draft": draft, "criterion": row, "form": form}
    return render(request, "studies/criterion_edit.html", context, status=status)


_SCALE = {"minimum": 1, "maximum": 5, "is_required": True}


@access(Verb.STUDY_LEAD)
@require_POST
def criterion_order(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Move a criterion up or down, or take it out."""
    return _order(request, access_draft_criterion(request.user, uid))


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def label_create(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Add a label to the draft of a study."""
    return _label(request, access_draft(request.user, uid), None)


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def label_edit(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Change a label of a draft."""
    row = access_draft_label(request.user, uid)
    return _label(request, row.guideline_version, row)


def _label(
    request: PersonRequest, draft: GuidelineVersion, row: SpanLabel | None
) -> HttpResponse:
    is_post = request.method == "POST"
    initial = label_draft(row).as_fields() if row else {"kind": "span"}
    form = LabelForm(request.POST if is_post else None, initial=initial)
    status = 422 if is_post else 200
    if is_post and form.is_valid():
        try:
            saved = save_label(
                draft=draft, content=form.content(), actor=request.user, label=row
            )
        except DomainError as error:
            form.refuse(error)
            status = error.status
        else:
            messages.success(request, f"“{saved.name}” is saved.")
            return redirect("draft_detail", uid=draft.study.uid)
    context = {"study": draft.study, "draft": draft, "label": row, "form": form}
    return render(request, "studies/label_edit.html", context, status=status)


@access(Verb.STUDY_LEAD)
@require_POST
def label_order(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Move a label up or down, or take it out."""
    return _order(request, access_draft_label(request.user, uid))


def _order(request: PersonRequest, row: Criterion | SpanLabel) -> HttpResponse:
    step = request.POST.get("move", "")
    if step == "remove":
        remove_question(row=row, actor=request.user)
        messages.success(request, f"“{row.name}” is taken out of the draft.")
    elif step in _STEPS:
        move_question(row=row, by=_STEPS[step], actor=request.user)
    else:
        raise Invalid(f"{step!r} is not one of up, down, remove.")
    return redirect("draft_detail", uid=row.guideline_version.study.uid)
