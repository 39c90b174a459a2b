"""The lead's pages of known answers: which there are, and making and retiring them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
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
from feedback.common.exceptions import Conflict, DomainError, Invalid
from feedback.quality.explaining import expected_in_words
from feedback.quality.gold_forms import expected_from, known_fields, values_of
from feedback.quality.golds import GradedAnswer, all_known_answers
from feedback.quality.majorities import candidates_of, majority_of
from feedback.rating.page import turns_of
from feedback.stats.proportions import Share, wilson
from feedback.studies.golds import (
    access_gold,
    access_golds,
    access_task,
    golds_of,
    make_gold,
    replace_gold,
    retire_gold,
)
from feedback.studies.models import GoldItem, Task
from feedback.studies.selectors import items_of

_LINES_A_PAGE = 50
_PURPOSES = (
    (Task.Purpose.GOLD.value, "Check: the rater does not see which task it was"),
    (
        Task.Purpose.TRAINING.value,
        "Training: explained to the rater right after the answer",
    ),
)


@dataclass(frozen=True, slots=True)
class GoldLine:
    """A known answer in the list, with how raters did."""

    gold: GoldItem
    expected: list[tuple[str, str]]
    right: Share
    n_outside: int

    @property
    def percent(self) -> str:
        """Share of answers that were as expected, and its interval."""
        if not self.right.n:
            return "no answers yet"
        share, low, high = (
            round(100 * one)
            for one in (self.right.share, self.right.low, self.right.high)
        )
        return f"{share} % (95 % interval {low} to {high} %)"


@access(Verb.STUDY_LEAD)
@require_safe
def known_answers(request: PersonRequest, uid: UUID) -> HttpResponse:
    """The known answers of a study, and how raters did on each."""
    study = access_golds(request.user, uid)
    golds = golds_of(study).select_related("task__guideline_version")
    page = Paginator(golds, _LINES_A_PAGE).get_page(request.GET.get("page"))
    answers: dict[int, list[GradedAnswer]] = {}
    for one in all_known_answers(study):
        answers.setdefault(one.task_id, []).append(one)
    context = {
        "study": study,
        "page": page,
        "lines": [_line(gold, answers.get(gold.task_id, [])) for gold in page],
    }
    return render(request, "quality/gold_list.html", context)


def _line(gold: GoldItem, answers: list[GradedAnswer]) -> GoldLine:
    counted = [one.grade.is_right for one in answers if one.grade.is_right is not None]
    return GoldLine(
        gold=gold,
        expected=expected_in_words(gold.task, gold.expected),
        right=wilson(sum(counted), len(counted)),
        n_outside=len(answers) - len(counted),
    )


@access(Verb.STUDY_LEAD)
@require_safe
def known_answer_choose(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Complete tasks that raters agree on, to make a known answer of one."""
    study = access_golds(request.user, uid)
    candidates = candidates_of(study)
    page = Paginator(candidates, _LINES_A_PAGE).get_page(request.GET.get("page"))
    context = {"study": study, "page": page}
    return render(request, "quality/gold_choose.html", context)


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def known_answer_create(request: PersonRequest, uid: UUID) -> HttpResponse:
    """The form of a new known answer, filled with what most raters said."""
    task = access_task(request.user, uid)
    if request.method != "POST":
        return _form(request, task, values=values_of(majority_of(task)))
    try:
        make_gold(
            task=task,
            expected=expected_from(request.POST, task=task),
            explanation=request.POST.get("explanation", ""),
            purpose=request.POST.get("purpose", ""),
            actor=request.user,
        )
    except (Invalid, Conflict) as error:
        return _form(request, task, values=request.POST, error=error)
    messages.success(request, "The known answer is stored and in use.")
    return redirect("known_answers", uid=task.study.uid)


@access(Verb.STUDY_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def known_answer_edit(request: PersonRequest, uid: UUID) -> HttpResponse:
    """The form of a known answer; saving retires it and makes another."""
    gold = access_gold(request.user, uid)
    task = gold.task
    if request.method != "POST":
        values = values_of(
            gold.expected, explanation=gold.explanation, purpose=task.purpose
        )
        return _form(request, task, gold=gold, values=values)
    try:
        replace_gold(
            gold=gold,
            expected=expected_from(request.POST, task=task),
            explanation=request.POST.get("explanation", ""),
            actor=request.user,
            now=clock.now(),
        )
    except (Invalid, Conflict) as error:
        return _form(request, task, gold=gold, values=request.POST, error=error)
    messages.success(
        request, "The known answer is changed. The earlier one is kept, and retired."
    )
    return redirect("known_answers", uid=task.study.uid)


@access(Verb.STUDY_LEAD)
@require_POST
def known_answer_retire(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Take a known answer out of use; twice is once."""
    gold = access_gold(request.user, uid)
    retire_gold(gold=gold, actor=request.user, now=clock.now())
    messages.success(
        request, "The known answer is retired. Answers to it no longer count."
    )
    return redirect("known_answers", uid=gold.task.study.uid)


def _form(
    request: PersonRequest,
    task: Task,
    *,
    values: QueryDict,
    gold: GoldItem | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    errors = error.fields if error else {}
    context: dict[str, Any] = {
        "study": task.study,
        "task": task,
        "gold": gold,
        "turns": turns_of(task),
        "texts": [item.completion.content for item in items_of(task)],
        "fields": known_fields(task, values=values, errors=errors),
        "values": values,
        "errors": errors,
        "problem": error,
        "first_wrong": next(iter(errors), ""),
        "purposes": _PURPOSES,
    }
    status = error.status if error else 200
    return render(request, "quality/gold_edit.html", context, status=status)
