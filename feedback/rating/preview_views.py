"""The rating page for a study lead to look at: the real one, except that it stores nothing."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.common.exceptions import DomainError, Invalid, NotVisible
from feedback.corpus.models import Completion, Prompt
from feedback.rating.checks import check_answer
from feedback.rating.forms import submission_from
from feedback.rating.page import rating_context
from feedback.rating.shown import Shown, shown_from
from feedback.studies.guideline_drafts import draft_of
from feedback.studies.models import Assignment, Study, Task, TaskItem
from feedback.studies.selectors import access_study, items_of, latest_guideline

_EXAMPLE_MESSAGES = [
    {"role": "user", "content": "Is it safe to take ibuprofen with my blood thinner?"},
    {"role": "assistant", "content": "Which blood thinner do you take?"},
    {"role": "user", "content": "Warfarin."},
]
_EXAMPLE_ANSWERS = (
    "Better not: together they make bleeding more likely. Paracetamol is usually safer.",
    "Yes, at the usual dose.",
    "Please ask your doctor.",
)
_N_ITEMS = {Task.Kind.PAIR: 2, Task.Kind.RANKING: 3}


@access(Verb.STUDY_LEAD)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def study_preview(request: PersonRequest, uid: UUID, kind: str) -> HttpResponse:
    """A task of a kind, as raters get it; a POST is checked and thrown away."""
    study = access_study(request.user, uid, Verb.STUDY_LEAD)
    is_draft = request.GET.get("version") == "draft"
    assignment, items = _example(study, kind, is_draft=is_draft)
    shown = shown_from(assignment, items)
    error = _check(request, shown) if request.method == "POST" else None
    if request.method == "POST" and error is None:
        messages.success(request, "A rater could submit this. Nothing was stored.")
    context = rating_context(
        assignment,
        shown,
        post=request.POST if request.method == "POST" else None,
        error=error,
        mode="preview",
        submit_url=reverse("study_preview", args=[study.uid, kind])
        + ("?version=draft" if is_draft else ""),
    )
    status = error.status if error else 200
    return render(request, "rating/assignment_detail.html", context, status=status)


def _check(request: PersonRequest, shown: Shown) -> DomainError | None:
    try:
        sent = submission_from(
            request.POST, asked=shown.asked, order=shown.order, texts=shown.texts
        )
        check_answer(sent.answer, asked=shown.asked, order=shown.order)
    except Invalid as error:
        return error
    return None


def _example(
    study: Study, kind: str, *, is_draft: bool
) -> tuple[Assignment, tuple[TaskItem, ...]]:
    """A task of the study, or an example where it has none of the kind yet.

    A draft's questions are asked about a text of the study, too.

    Raises:
        NotVisible: if there is no such kind, or no guideline says what to ask.
    """
    guideline = draft_of(study) if is_draft else latest_guideline(study)
    if kind not in Task.Kind.values or guideline is None:
        raise NotVisible("This study asks nothing of that kind.")
    task = (
        study.tasks.select_related("prompt")
        .filter(kind=kind, purpose=Task.Purpose.LABEL)
        .order_by("-guideline_version__number", "pk")
        .first()
    )
    if task is not None:
        items = tuple(items_of(task))
    else:
        prompt = Prompt(messages=_EXAMPLE_MESSAGES)
        task = Task(study=study, guideline_version=guideline, prompt=prompt, kind=kind)
        texts = _EXAMPLE_ANSWERS[: _N_ITEMS.get(Task.Kind(kind), 1)]
        items = tuple(_item(task, at, text) for at, text in enumerate(texts))
    assignment = Assignment(
        study=study,
        task=task,
        guideline_version=guideline,
        lease_no=0,
        shown_order=list(range(len(items))),
    )
    return assignment, items


def _item(task: Task, position: int, text: str) -> TaskItem:
    return TaskItem(task=task, position=position, completion=Completion(content=text))
