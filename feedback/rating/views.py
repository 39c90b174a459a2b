"""The rating page: take the next task, answer it, and go on to the one after."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import push_url

from feedback.accounts.access import access, signed_in
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.accounts.selectors import rater_of
from feedback.common import clock
from feedback.common.exceptions import Conflict, DomainError, Forbidden, Invalid
from feedback.rating.forms import submission_from
from feedback.rating.models import Judgment
from feedback.rating.page import draft_of, rating_context, turns_of
from feedback.rating.reveals import reveal_after
from feedback.rating.selectors import (
    answers_of,
    judgment_of,
    judgments_of,
    line_of,
    may_change_until,
    may_take_back,
)
from feedback.rating.services import submit_judgment
from feedback.rating.shown import Shown, shown_of
from feedback.studies.assignment import assign_next, is_still_open
from feedback.studies.guidelines import changes_to_read, must_acknowledge
from feedback.studies.models import Assignment, Task
from feedback.studies.selectors import (
    access_assignment,
    access_study,
    enrollment_of,
    rater_progress,
)
from feedback.studies.standing import standing_of

_LINES_A_PAGE = 50


@access(Verb.TASK_RATE)
@never_cache
@require_safe
def study_rate(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Give the next task, or say that nothing is left.

    Asking again gives the same task until it is answered, so a repeated or
    prefetched request takes nothing from anybody.
    """
    study = access_study(request.user, uid, Verb.TASK_RATE)
    rater = rater_of(request.user)
    assignment = assign_next(study=study, rater=rater, now=clock.now())
    if assignment is not None:
        return redirect("assignment_detail", uid=assignment.uid)
    context = {
        "study": study,
        "standing": standing_of(enrollment_of(request.user, study)),
        "own": rater_progress(study=study, rater=rater),
    }
    return render(request, "studies/rate_done.html", context)


@access(Verb.TASK_RATE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def assignment_detail(request: PersonRequest, uid: UUID) -> HttpResponse:
    """One task on the page; a POST stores the answer and shows the next task."""
    assignment = access_assignment(request.user, uid)
    if request.method == "POST":
        return _submit(request, assignment)
    if assignment.state == Assignment.State.SUBMITTED:
        return _submitted(request, assignment)
    guideline = assignment.guideline_version
    changes = changes_to_read(rater=assignment.rater, version=guideline)
    if must_acknowledge(changes):
        return redirect("guideline_acknowledge", uid=guideline.uid)
    context = rating_context(
        assignment,
        shown_of(assignment),
        draft=draft_of(assignment),
        mode="open" if is_still_open(assignment) else "late",
    )
    context["guideline_changes"] = changes
    return render(request, "rating/assignment_detail.html", context)


def _submitted(request: PersonRequest, assignment: Assignment) -> HttpResponse:
    judgment = judgment_of(assignment)
    changeable_until = may_change_until(judgment) if judgment else None
    context = {
        "assignment": assignment,
        "study": assignment.study,
        "judgment": judgment,
        "answers": answers_of(judgment) if judgment else [],
        "turns": turns_of(assignment.task),
        "changeable_until": changeable_until,
        "is_changeable": judgment is not None
        and may_take_back(judgment, now=clock.now()),
        "next_url": reverse("study_rate", args=[assignment.study.uid]),
    }
    return render(request, "rating/assignment_submitted.html", context)


def _submit(request: PersonRequest, assignment: Assignment) -> HttpResponse:
    shown = shown_of(assignment)
    try:
        sent = submission_from(
            request.POST, asked=shown.asked, order=shown.order, texts=shown.texts
        )
        judgment = submit_judgment(
            assignment=assignment,
            answer=sent.answer,
            shown=shown,
            idempotency_key=sent.idempotency_key,
            lease_no=sent.lease_no,
            shown_sha256_seen=sent.shown_sha256,
            active_seconds=sent.active_seconds,
            now=clock.now(),
        )
    except (Invalid, Conflict) as error:
        return _refused(request, assignment, shown, error)
    return _onward(request, assignment, judgment)


def _refused(
    request: PersonRequest, assignment: Assignment, shown: Shown, error: DomainError
) -> HttpResponse:
    """The same page with everything that was typed, and what is wrong with it."""
    mode = "late" if isinstance(error, Conflict) else "open"
    draft = draft_of(assignment)
    context = rating_context(
        assignment, shown, draft=draft, post=request.POST, error=error, mode=mode
    )
    name = (
        "rating/_assignment.html" if request.htmx else "rating/assignment_detail.html"
    )
    return render(request, name, context, status=error.status)


def _onward(
    request: PersonRequest, answered: Assignment, judgment: Judgment
) -> HttpResponse:
    """Answer a stored judgment with what comes next, in the same round trip."""
    if answered.task.purpose == Task.Purpose.TRAINING:
        return _go(request, reverse("assignment_explained", args=[answered.uid]))
    if reveal_after(assignment=answered, judgment=judgment) is not None:
        return _go(request, reverse("assignment_reveal", args=[answered.uid]))
    onward = reverse("study_rate", args=[answered.study.uid])
    if not request.htmx:
        return redirect(onward)
    try:
        assignment = assign_next(
            study=answered.study, rater=answered.rater, now=clock.now()
        )
    except (Conflict, Forbidden):
        # The answer is stored; that nothing more is served is that page's to say.
        assignment = None
    guideline = assignment.guideline_version if assignment else None
    if guideline is None or assignment is None:
        return _go(request, onward)
    changes = changes_to_read(rater=answered.rater, version=guideline)
    if must_acknowledge(changes):
        return _go(request, reverse("guideline_acknowledge", args=[guideline.uid]))
    context = rating_context(
        assignment, shown_of(assignment), draft=draft_of(assignment)
    )
    context["guideline_changes"] = changes
    response = render(request, "rating/_assignment.html", context)
    return push_url(response, reverse("assignment_detail", args=[assignment.uid]))


def _go(request: PersonRequest, url: str) -> HttpResponse:
    """Send a browser to another page, also from within htmx."""
    if not request.htmx:
        return redirect(url)
    response = HttpResponse(status=200)
    response["HX-Redirect"] = url
    return response


@signed_in
@require_safe
def judgment_list(request: PersonRequest) -> HttpResponse:
    """A person's own judgments, newest first."""
    pages = Paginator(judgments_of(request.user), _LINES_A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    now = clock.now()
    context = {"page": page, "lines": [line_of(one, now=now) for one in page]}
    return render(request, "rating/judgment_list.html", context)
