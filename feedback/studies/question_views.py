"""Questions to the study lead: asked on the task, answered on the lead's page."""

from uuid import UUID

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
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.common.exceptions import Invalid
from feedback.studies.models import Assignment, Question
from feedback.studies.questions import ask, reply
from feedback.studies.selectors import access_assignment, access_study, questions_of
from feedback.studies.selectors_questions import (
    access_question,
    n_open_questions,
    questions_for_lead,
    seen_answers,
)

_QUESTIONS_A_PAGE = 20


@access(Verb.TASK_RATE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def assignment_question(request: PersonRequest, uid: UUID) -> HttpResponse:
    """A rater's own questions about one task, and the form for another."""
    assignment = access_assignment(request.user, uid)
    if request.method != "POST":
        return _own_questions(request, assignment)
    text = request.POST.get("question", "")
    try:
        ask(assignment=assignment, text=text)
    except Invalid as error:
        return _own_questions(request, assignment, problem=error, text=text)
    if request.htmx:
        return _own_questions(request, assignment, is_sent=True)
    return redirect(reverse("assignment_detail", args=[uid]) + "#questions")


def _own_questions(
    request: PersonRequest,
    assignment: Assignment,
    *,
    problem: Invalid | None = None,
    text: str = "",
    is_sent: bool = False,
) -> HttpResponse:
    context = {
        "assignment": assignment,
        "study": assignment.study,
        "questions": questions_of(assignment),
        "question_problem": problem,
        "question_text": text,
        "question_is_sent": is_sent,
        "question_is_open": True,
    }
    name = "_questions" if request.htmx else "question_ask"
    return _answer(request, f"studies/{name}.html", context, problem)


@access(Verb.STUDY_LEAD)
@require_safe
def study_questions(request: PersonRequest, uid: UUID) -> HttpResponse:
    """What the raters of a study asked, the unanswered first."""
    study = access_study(request.user, uid, Verb.STUDY_LEAD)
    page = Paginator(questions_for_lead(study), _QUESTIONS_A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "study": study,
        "page": page,
        "asked": [(question, seen_answers(question)) for question in page],
        "n_open": n_open_questions(study),
    }
    return render(request, "studies/question_list.html", context)


@access(Verb.STUDY_LEAD)
@require_POST
def question_reply(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Reply to a question; htmx gets it back with the reply in place."""
    question = access_question(request.user, uid)
    text = request.POST.get("reply", "")
    try:
        reply(question=question, author=request.user, text=text)
    except Invalid as error:
        return _one_question(request, question, problem=error, text=text)
    if request.htmx:
        return _one_question(request, access_question(request.user, uid), is_sent=True)
    onward = reverse("study_questions", args=[question.study.uid])
    return redirect(f"{onward}#question-{uid}")


def _one_question(
    request: PersonRequest,
    question: Question,
    *,
    problem: Invalid | None = None,
    text: str = "",
    is_sent: bool = False,
) -> HttpResponse:
    context = {
        "study": question.study,
        "question": question,
        "answers": seen_answers(question),
        "reply_problem": problem,
        "reply_text": text,
        "reply_is_sent": is_sent,
    }
    name = "_question" if request.htmx else "question_reply"
    return _answer(request, f"studies/{name}.html", context, problem)


def _answer(
    request: PersonRequest,
    template: str,
    context: dict[str, object],
    problem: Invalid | None,
) -> HttpResponse:
    """Render a page or its fragment; 422 if something was refused."""
    status = problem.status if problem else 200
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
