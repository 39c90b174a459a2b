"""What the rating page shows: the text, the questions, and what is answered so far."""

import json
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from feedback.accounts.keys import keys_of
from feedback.common.exceptions import DomainError
from feedback.rating.checks import item_name
from feedback.rating.fields import (
    Field,
    Filling,
    ItemFields,
    compare_fields,
    item_fields,
    place_options,
    preference_options,
    reason_options,
    turn_fields,
)
from feedback.rating.models import Draft, SafetyFlag, SpanMark, SpanRelation
from feedback.rating.shown import Shown
from feedback.studies.models import Assignment, Task, TaskForm
from feedback.studies.selectors import questions_of, rater_progress

_TITLES = {
    Task.Kind.SINGLE: "Rate this answer",
    Task.Kind.PAIR: "Which answer is better?",
    Task.Kind.RANKING: "Put these answers in order",
    Task.Kind.CONVERSATION: "Follow this conversation",
}
# What a selection snaps to: the first is the default.
_SNAP_MODES = (
    ("word", "Words"),
    ("character", "Characters"),
    ("sentence", "Sentences"),
)
_ROLES = {
    "user": "Asked",
    "assistant": "Answered",
    "system": "Instruction to the model",
}


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A completion as it stands on the page; nothing says which model wrote it."""

    index: int
    label: str
    text: str
    asked: ItemFields


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of the prompt's conversation; `number` counts the assistant's, from 1."""

    role: str
    content: str
    number: int = 0
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Filled:
    """What stands in the form already: a saved draft, or the answer being changed."""

    values: QueryDict
    version: int = 0
    saved_at: datetime | None = None
    page_id: uuid.UUID | None = None


def draft_of(assignment: Assignment) -> Filled:
    """What the server holds of an unfinished answer; empty if nothing."""
    row = Draft.objects.filter(assignment=assignment).first()
    if row is None:
        return Filled(QueryDict())
    values = QueryDict(mutable=True)
    for name, given in row.fields.items():
        values.setlist(name, given)
    return Filled(values, row.version, row.saved_at, row.page_id)


def rating_context(
    assignment: Assignment,
    shown: Shown,
    *,
    draft: Filled | None = None,
    post: QueryDict | None = None,
    error: DomainError | None = None,
    mode: str = "open",
    submit_url: str = "",
) -> dict[str, Any]:
    """The context of rating/assignment_detail.html and its fragment.

    Args:
        assignment: with study, task and prompt joined.
        shown: what it shows.
        draft: what was saved, or the answer that is being changed.
        post: what was sent, if it was refused: all of it is shown again.
        error: why it was refused.
        mode: "open", "late" when the task went to somebody else, "revise" while an
            answer is taken back, "preview" for a study lead.
        submit_url: where the form goes, if not to the assignment.
    """
    values = post if post is not None else draft.values if draft else QueryDict()
    filling = Filling(values, error.fields if error else {})
    guideline = assignment.guideline_version
    return {
        "assignment": assignment,
        "study": assignment.study,
        "kind": assignment.task.kind,
        "title": _TITLES[Task.Kind(assignment.task.kind)],
        "prompt": assignment.task.prompt,
        **_asked(filling, assignment, shown),
        "values": values,
        "errors": filling.errors,
        "problem": error,
        "lease_no": values.get("lease_no") or assignment.lease_no,
        "shown_sha256": shown.sha256,
        "idempotency_key": values.get("idempotency_key") or uuid.uuid4(),
        "draft_version": draft.version if draft else 0,
        "saved_at": draft.saved_at if draft else None,
        "saved_by": draft.page_id if draft else None,
        "page_id": uuid.uuid4(),
        "guideline": guideline,
        "mode": mode,
        "submit_url": submit_url or reverse("assignment_detail", args=[assignment.uid]),
        "next_url": reverse("study_rate", args=[assignment.study.uid]),
        **_about_the_rater(assignment, mode),
    }


def _asked(filling: Filling, assignment: Assignment, shown: Shown) -> dict[str, Any]:
    asked = shown.asked
    return {
        "items": [
            ShownItem(
                index=index,
                label=item_name(asked.kind, index),
                text=shown.texts[position].text,
                asked=item_fields(filling, asked, index),
            )
            for index, position in enumerate(shown.order)
        ],
        "turns": _turns(filling, assignment, shown),
        "last_turn": turn_fields(filling, asked, asked.n_turns),
        "n_turns": asked.n_turns,
        "compared": compare_fields(filling, asked),
        "preference_choices": preference_options(filling),
        "reasons": reason_options(filling),
        "flag_places": place_options(filling, "flag_item", asked),
        "correction_places": place_options(filling, "correction_of", asked),
        "asks_correction": asked.has_correction,
        "marks": _marks(filling, shown) if asked.has_marks else None,
        "criteria": [*asked.per_turn, *asked.criteria, *asked.compared],
        "flag_categories": SafetyFlag.Category.choices,
        "flag_severities": SafetyFlag.Severity.choices,
    }


def turns_of(task: Task) -> list[Turn]:
    """The turns of a task's prompt, the assistant's numbered."""
    turns, number = [], 0
    for message in task.prompt.messages:
        is_answer = message["role"] == "assistant"
        number += is_answer
        turns.append(
            Turn(
                role=_ROLES[message["role"]],
                content=message["content"],
                number=number if is_answer else 0,
            )
        )
    return turns


def _turns(filling: Filling, assignment: Assignment, shown: Shown) -> list[Turn]:
    """The same, each of the assistant's with what is asked of it."""
    return [
        replace(turn, fields=tuple(turn_fields(filling, shown.asked, turn.number)))
        if turn.number
        else turn
        for turn in turns_of(assignment.task)
    ]


def _marks(filling: Filling, shown: Shown) -> dict[str, Any]:
    """What rating/_marks.html needs; the page and the field speak of shown text."""
    extras = shown.asked.mark_extras
    return {
        "labels": shown.asked.labels,
        "modes": _SNAP_MODES,
        "severities": SpanMark.Severity.choices,
        "assertions": SpanMark.Assertion.choices
        if TaskForm.Extra.ASSERTION in extras
        else [],
        "asks_code": TaskForm.Extra.CODE in extras,
        "relations": SpanRelation.Kind.choices
        if TaskForm.Extra.RELATION in extras
        else [],
        "value": filling.values.get("marks") or "[]",
    }


def _about_the_rater(assignment: Assignment, mode: str) -> dict[str, Any]:
    if mode == "preview":
        return {"progress": None, "questions": [], "keys": keys_of(None)}
    keys = keys_of(assignment.rater.user_id)
    return {
        "progress": rater_progress(study=assignment.study, rater=assignment.rater),
        "questions": questions_of(assignment),
        "keys": keys,
        "keys_json": json.dumps(keys.bindings),
    }
