"""Taking an answer back, and what comes after others' answers were shown."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.common.exceptions import Conflict, DomainError, Invalid, NotVisible
from feedback.rating.forms import submission_from
from feedback.rating.models import Judgment, Reveal
from feedback.rating.page import Filled, draft_of, rating_context
from feedback.rating.replay import fields_of
from feedback.rating.selectors import (
    access_judgment,
    answers_of,
    last_judgment,
    may_take_back,
)
from feedback.rating.services import revise_judgment
from feedback.rating.shown import Shown, shown_of
from feedback.studies.models import Assignment
from feedback.studies.selectors import access_assignment, access_study


@access(Verb.TASK_RATE)
@never_cache
@require_safe
def study_undo(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Open the answer that was submitted last in a study, to change it."""
    study = access_study(request.user, uid, Verb.TASK_RATE)
    judgment = last_judgment(user=request.user, study=study)
    if judgment is None or not may_take_back(judgment, now=clock.now()):
        minutes = study.undo_seconds // 60
        messages.info(
            request,
            "There is no answer of the last "
            f"{minutes} minute{'' if minutes == 1 else 's'} to take back.",
        )
        return redirect("study_rate", uid=study.uid)
    return redirect("assignment_revise", uid=judgment.assignment.uid)


@access(Verb.TASK_RATE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def assignment_revise(request: PersonRequest, uid: UUID) -> HttpResponse:
    """The form with what was answered; a POST stores the next revision."""
    assignment = access_assignment(request.user, uid)
    judgment = access_judgment(assignment)
    shown = shown_of(assignment)
    if request.method == "POST":
        return _revise(request, assignment, judgment, shown)
    has_reveal = Reveal.objects.filter(assignment=assignment).exists()
    if not has_reveal and not may_take_back(judgment, now=clock.now()):
        return redirect("assignment_detail", uid=assignment.uid)
    draft = draft_of(assignment)
    if not draft.version:
        draft = Filled(values=fields_of(judgment, shown))
    context = _context(assignment, judgment, shown, draft=draft)
    return render(request, "rating/assignment_detail.html", context)


def _context(
    assignment: Assignment, judgment: Judgment, shown: Shown, **more: object
) -> dict[str, object]:
    url = reverse("assignment_revise", args=[assignment.uid])
    context = rating_context(
        assignment,
        shown,
        mode="revise",
        submit_url=url,
        **more,  # type: ignore[arg-type]
    )
    return context | {"judgment": judgment, "lease_no": judgment.lease_no}


def _revise(
    request: PersonRequest, assignment: Assignment, judgment: Judgment, shown: Shown
) -> HttpResponse:
    try:
        _refuse_stale(request, judgment)
        sent = submission_from(
            request.POST, asked=shown.asked, order=shown.order, texts=shown.texts
        )
        revise_judgment(
            judgment=judgment,
            answer=sent.answer,
            shown=shown,
            idempotency_key=sent.idempotency_key,
            shown_sha256_seen=sent.shown_sha256,
            active_seconds=sent.active_seconds,
            now=clock.now(),
        )
    except (Invalid, Conflict) as error:
        return _refused(request, assignment, judgment, shown, error)
    messages.success(request, "Your answer was changed. The earlier one is kept too.")
    onward = reverse("study_rate", args=[assignment.study.uid])
    if not request.htmx:
        return redirect(onward)
    response = HttpResponse(status=200)
    response["HX-Redirect"] = onward
    return response


def _refuse_stale(request: PersonRequest, judgment: Judgment) -> None:
    if request.POST.get("revises") != str(judgment.uid):
        raise Conflict(
            "You changed this answer in another window already.",
            next_step="Open it again from your judgments to see what it says now.",
        )


def _refused(
    request: PersonRequest,
    assignment: Assignment,
    judgment: Judgment,
    shown: Shown,
    error: DomainError,
) -> HttpResponse:
    draft = draft_of(assignment)
    context = _context(
        assignment, judgment, shown, draft=draft, post=request.POST, error=error
    )
    name = (
        "rating/_assignment.html" if request.htmx else "rating/assignment_detail.html"
    )
    return render(request, name, context, status=error.status)


@access(Verb.TASK_RATE)
@never_cache
@require_safe
def assignment_reveal(request: PersonRequest, uid: UUID) -> HttpResponse:
    """What others answered, beside one's own answer, which is stored and stays."""
    assignment = access_assignment(request.user, uid)
    reveal = (
        Reveal.objects.select_related("judgment").filter(assignment=assignment).first()
    )
    if reveal is None:
        raise NotVisible
    context = {
        "assignment": assignment,
        "study": assignment.study,
        "reveal": reveal,
        "answers": answers_of(access_judgment(assignment)),
        "is_revised": Judgment.objects.filter(
            assignment=assignment, basis=Judgment.Basis.AFTER_REVEAL
        ).exists(),
        "next_url": reverse("study_rate", args=[assignment.study.uid]),
    }
    return render(request, "rating/assignment_reveal.html", context)
