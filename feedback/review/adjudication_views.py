"""The queue of cases, and the page on which one is settled."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from feedback.accounts.access import access
from feedback.accounts.permissions import Verb, may
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.common.exceptions import Conflict, DomainError, Invalid
from feedback.rating.shown import Shown
from feedback.review.case_context import case_context, sources_in
from feedback.review.case_forms import decision_from
from feedback.review.case_page import copied, shown_in
from feedback.review.cases import (
    ask_for_case,
    claim_case,
    claim_next,
    give_back,
    open_case,
    withdraw_case,
)
from feedback.review.deciding import decide_case
from feedback.review.evidence_forms import at_form
from feedback.review.models import AdjudicationCase
from feedback.review.queue_filters import queue_filter
from feedback.review.selectors_cases import (
    access_case,
    access_task,
    causes_of,
    decided_in,
    disputed_in,
    n_kept_from,
    queue_of,
    verdicts_on,
)
from feedback.studies.selectors import access_study

_CASES_A_PAGE = 25


@access(Verb.ADJUDICATION_SEE)
@never_cache
@require_safe
def case_list(request: PersonRequest, uid: UUID) -> HttpResponse:
    """The cases of a study: those that wait, most pressing first, or the decided."""
    study = access_study(request.user, uid, Verb.ADJUDICATION_SEE)
    shows_decided = request.GET.get("show") == "decided"
    chosen = queue_filter(request.GET, study)
    cases = (
        decided_in(request.user, study)
        if shows_decided
        else queue_of(request.user, study, **chosen)
    )
    context = {
        "study": study,
        "page": Paginator(cases, _CASES_A_PAGE).get_page(request.GET.get("page")),
        "shows_decided": shows_decided,
        "chosen": chosen,
        "reasons": AdjudicationCase.Reason.choices,
        "disputed": disputed_in(study),
        "n_kept": n_kept_from(request.user, study),
        "causes": [one for one in causes_of(study) if one.n],
        "can_decide": may(request.user, Verb.ADJUDICATION_DECIDE, study),
        "now": clock.now(),
    }
    return render(request, "review/case_list.html", context)


@access(Verb.ADJUDICATION_DECIDE)
@require_POST
def case_next(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Claim the most pressing case that is free."""
    study = access_study(request.user, uid, Verb.ADJUDICATION_DECIDE)
    case = claim_next(study=study, user=request.user, now=clock.now())
    if case is None:
        messages.info(request, "No case waits for you. New ones come to the top here.")
        return redirect("case_list", uid=study.uid)
    return redirect("case_detail", uid=case.uid)


@access(Verb.ADJUDICATION_SEE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def case_detail(request: PersonRequest, uid: UUID) -> HttpResponse:
    """A case; a POST decides it, or copies a rater's answer up into the form."""
    if request.method == "POST":
        case = access_case(request.user, uid, Verb.ADJUDICATION_DECIDE)
        shown = shown_in(case)
        if "copy" in request.POST:
            return _copy(request, case, shown)
        return _decide(request, case, shown)
    case = access_case(request.user, uid, Verb.ADJUDICATION_SEE)
    open_case(case=case, user=request.user)
    context = case_context(request.user, case, shown_in(case), now=clock.now())
    return _page(request, context, status=200)


def _page(
    request: PersonRequest, context: dict[str, object], *, status: int
) -> HttpResponse:
    name = "review/_case.html" if request.htmx else "review/case_detail.html"
    response = render(request, name, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _copy(request: PersonRequest, case: AdjudicationCase, shown: Shown) -> HttpResponse:
    letter, _, only = request.POST["copy"].partition(":")
    values = request.POST.copy()
    for source in sources_in(case, shown, verdicts_on(case.task)):
        if source.letter == letter:
            values = copied(values, source, shown, only=only)
    now = clock.now()
    context = case_context(request.user, case, shown, now=now, values=values)
    context["copied_from"] = letter
    return _page(request, context, status=200)


def _decide(
    request: PersonRequest, case: AdjudicationCase, shown: Shown
) -> HttpResponse:
    try:
        decision = decision_from(request.POST, case, shown)
        decide_case(
            case=case,
            decided_by=request.user,
            decision=decision,
            shown=shown,
            now=clock.now(),
        )
    except Invalid as error:
        return _refused(request, case, shown, at_form(error))
    except Conflict as error:
        return _refused(request, case, shown, error)
    messages.success(request, "Decided. The judgments stay as they were given.")
    onward = reverse("case_list", args=[case.study.uid])
    if not request.htmx:
        return redirect(onward)
    response = HttpResponse(status=200)
    response["HX-Redirect"] = onward
    return response


def _refused(
    request: PersonRequest, case: AdjudicationCase, shown: Shown, error: DomainError
) -> HttpResponse:
    """The same page with everything that was typed, and what is wrong with it."""
    context = case_context(
        request.user, case, shown, now=clock.now(), values=request.POST, error=error
    )
    return _page(request, context, status=error.status)


@access(Verb.ADJUDICATION_DECIDE)
@require_POST
def case_claim(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Take a case in hand, or go on with it for another half hour."""
    case = access_case(request.user, uid, Verb.ADJUDICATION_DECIDE)
    claim_case(case=case, user=request.user, now=clock.now())
    return redirect("case_detail", uid=case.uid)


@access(Verb.ADJUDICATION_DECIDE)
@require_POST
def case_give_back(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Let others have a case."""
    case = access_case(request.user, uid, Verb.ADJUDICATION_DECIDE)
    give_back(case=case, user=request.user)
    messages.info(request, "The case waits for somebody else now.")
    return redirect("case_list", uid=case.study.uid)


@access(Verb.ADJUDICATION_DECIDE)
@require_POST
def case_withdraw(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Close a case without a verdict."""
    case = access_case(request.user, uid, Verb.ADJUDICATION_DECIDE)
    because = request.POST.get("because", "")
    try:
        withdraw_case(case=case, because=because, actor=request.user, now=clock.now())
    except Invalid as error:
        return _because(request, case.study, error, because, back=case)
    messages.info(request, "The case is withdrawn. Its judgments stay as they are.")
    return redirect("case_list", uid=case.study.uid)


@access(Verb.ADJUDICATION_DECIDE)
@require_POST
def task_adjudicate(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Have a task, or its verdict, looked at."""
    task = access_task(request.user, uid, Verb.ADJUDICATION_DECIDE)
    because = request.POST.get("because", "")
    try:
        ask_for_case(task=task, because=because, actor=request.user)
    except Invalid as error:
        return _because(request, task.study, error, because)
    messages.success(request, "It waits in the queue now, near the top.")
    return redirect("case_list", uid=task.study.uid)


def _because(
    request: PersonRequest,
    study: object,
    error: Invalid,
    typed: str,
    back: AdjudicationCase | None = None,
) -> HttpResponse:
    """The one question that was left open, on a page of its own."""
    context = {"study": study, "problem": error, "because": typed, "case": back}
    return render(request, "review/case_because.html", context, status=error.status)
