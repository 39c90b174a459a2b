"""Asking the study lead about a task, and replying; neither blocks nor counts."""

from django.db import transaction

from feedback.accounts.models import User
from feedback.audit.services import record
from feedback.common.exceptions import Invalid
from feedback.common.text import forbidden_character, normalize
from feedback.studies.models import Assignment, Question, Reply

MAX_CHARACTERS = 2000
MAX_QUESTIONS = 50


@transaction.atomic
def ask(*, assignment: Assignment, text: str) -> Question:
    """Put a rater's question about their own assignment to the study lead.

    The text of the question before it, sent again, is a button pressed twice: no
    second question comes of it.

    Raises:
        Invalid: if the text is empty, too long or holds what cannot be stored, or
            the task has as many questions as it may have.
    """
    text = _checked(text, field="question")
    Assignment.objects.select_for_update(no_key=True).get(pk=assignment.pk)
    asked = assignment.questions
    last = asked.order_by("-pk").first()
    if last is not None and last.text == text:
        return last
    if asked.count() >= MAX_QUESTIONS:
        raise _invalid(
            "question",
            f"This task has {MAX_QUESTIONS} questions already, the most there may be.",
            "Write to your study lead directly.",
        )
    question = Question.objects.create(
        study_id=assignment.study_id, assignment=assignment, text=text
    )
    record(
        action="question.asked",
        subject=question,
        details={"assignment": str(assignment.uid)},
    )
    return question


@transaction.atomic
def reply(*, question: Question, author: User, text: str) -> Reply:
    """Answer a question; the rater reads it on the task itself.

    Raises:
        Invalid: if the text is empty, too long or holds what cannot be stored.
    """
    text = _checked(text, field="reply")
    Question.objects.select_for_update(no_key=True).get(pk=question.pk)
    last = question.replies.last()
    if last is not None and last.text == text and last.author_id == author.pk:
        return last
    answer = Reply.objects.create(question=question, author=author, text=text)
    record(
        action="question.replied",
        subject=question,
        actor=author,
        details={"reply": str(answer.uid)},
    )
    return answer


def _checked(text: str, *, field: str) -> str:
    text = normalize(text).strip()
    if not text:
        raise _invalid(
            field, f"The {field} is empty.", f"Write 1 to {MAX_CHARACTERS} characters."
        )
    if len(text) > MAX_CHARACTERS:
        raise _invalid(
            field,
            f"The {field} has {len(text)} characters; "
            f"it may have {MAX_CHARACTERS} at most.",
            "Shorten it.",
        )
    if found := forbidden_character(text):
        raise _invalid(
            field, f"The {field} holds {found}, which cannot be stored.", "Remove it."
        )
    return text


def _invalid(field: str, message: str, next_step: str) -> Invalid:
    return Invalid(message, next_step=next_step, fields={field: message})
