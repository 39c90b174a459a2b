"""Reading what raters asked, for the lead who answers."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, Subquery

from feedback.accounts.models import User
from feedback.accounts.permissions import Verb
from feedback.common.exceptions import NotVisible
from feedback.corpus.identity import Leak, masked
from feedback.corpus.models import IdentityScan
from feedback.studies.models import Question, Reply, Study, TaskItem
from feedback.studies.selectors import studies_for


@dataclass(frozen=True, slots=True)
class SeenAnswer:
    """A completion as the rater who asks saw it: place on the page, and text."""

    label: str
    text: str


def access_question(user: User, uid: UUID) -> Question:
    """The only door to a question for those who answer.

    Raises:
        NotVisible: if it does not exist or the person does not lead its study.
    """
    question = (
        _with_task(Question.objects.annotate(is_answered=Exists(_replies())))
        .filter(uid=uid, study__in=studies_for(user, Verb.STUDY_LEAD))
        .first()
    )
    if question is None:
        raise NotVisible
    return question


def questions_for_lead(study: Study) -> QuerySet[Question]:
    """A study's questions: those without a reply first, then newest first."""
    return _with_task(
        study.questions.annotate(is_answered=Exists(_replies())).order_by(
            "is_answered", "-pk"
        )
    )


def n_open_questions(study: Study) -> int:
    """How many questions wait for a reply."""
    return open_questions().filter(study=study).count()


def open_questions() -> QuerySet[Question]:
    """The questions of all studies that nobody has replied to."""
    return Question.objects.filter(~Exists(_replies()))


def seen_answers(question: Question) -> list[SeenAnswer]:
    """The completions of the task in question, in its rater's order and masking.

    `question` comes from `access_question` or `questions_for_lead`.
    """
    assignment = question.assignment
    items = {item.position: item for item in assignment.task.items.all()}
    order = [at for at in assignment.shown_order if at in items] or sorted(items)
    is_masked = question.study.leak_policy == Study.LeakPolicy.MASK
    return [
        SeenAnswer(
            label=_label(index, len(order)),
            text=_seen_text(items[position], is_masked=is_masked),
        )
        for index, position in enumerate(order)
    ]


def _label(index: int, n_items: int) -> str:
    if n_items == 1:
        return "Answered"
    return ("Left", "Right")[index] if n_items == 2 else f"Answer {index + 1}"  # noqa: PLR2004 - a pair


def _seen_text(item: TaskItem, *, is_masked: bool) -> str:
    found = getattr(item, "leaks", None) or []
    if not (is_masked and found):
        return item.completion.content
    leaks = tuple(Leak(one["start"], one["end"], one["name"]) for one in found)
    return masked(item.completion.content, leaks)


def _replies() -> QuerySet[Reply]:
    return Reply.objects.filter(question=OuterRef("pk"))


def _with_task(questions: QuerySet[Question]) -> QuerySet[Question]:
    """Join what the lead's page shows of a question, in a fixed number of queries."""
    newest = (
        IdentityScan.objects.filter(completion=OuterRef("completion"))
        .order_by("-scanner_version")
        .values("leaks")[:1]
    )
    items = TaskItem.objects.select_related("completion").annotate(
        leaks=Subquery(newest)
    )
    return questions.select_related(
        "study", "assignment__rater", "assignment__task__prompt"
    ).prefetch_related(
        "replies__author", Prefetch("assignment__task__items", queryset=items)
    )
