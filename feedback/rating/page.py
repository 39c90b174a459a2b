"""What the rating page shows: the text, the questions, and what is answered so far."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from feedback.common.exceptions import DomainError
from feedback.rating.answers import REASONS
from feedback.rating.models import SafetyFlag
from feedback.rating.selectors import shown_sha256
from feedback.studies.models import Assignment, Criterion, Task, TaskItem
from feedback.studies.selectors import criteria_of, items_of, rater_progress

# Value, label, key on the keyboard.
_PREFERENCES = (
    ("left_much", "Left is much better", "1"),
    ("left_slight", "Left is slightly better", "2"),
    ("tie", "About equal", "3"),
    ("right_slight", "Right is slightly better", "4"),
    ("right_much", "Right is much better", "5"),
    ("neither", "Neither is acceptable", "0"),
)


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A completion as it stands on the page; nothing says which model wrote it."""

    position: int
    side: str
    text: str

    @property
    def label(self) -> str:
        """How the page calls it."""
        return {"left": "Left answer", "right": "Right answer"}.get(self.side, "Answer")


@dataclass(frozen=True, slots=True)
class Option:
    """One value that may be chosen."""

    value: str
    label: str
    key: str
    is_checked: bool


@dataclass(frozen=True, slots=True)
class CriterionField:
    """A criterion as a row of the form."""

    criterion: Criterion
    name: str
    options: list[Option]
    is_not_applicable: bool
    error: str


def rating_context(
    assignment: Assignment,
    *,
    post: QueryDict | None = None,
    error: DomainError | None = None,
    mode: str = "open",
) -> dict[str, Any]:
    """The context of rating/assignment_detail.html and its fragment.

    Args:
        assignment: with study, task and prompt joined.
        post: what was sent, if it was refused: all of it is shown again.
        error: why it was refused.
        mode: "open", or "late" when the task went to somebody else.
    """
    task = assignment.task
    items = items_of(task)
    values: Mapping[str, Any] = post.dict() if post is not None else {}
    errors = error.fields if error else {}
    return {
        "assignment": assignment,
        "study": assignment.study,
        "kind": task.kind,
        "prompt": task.prompt,
        "items": _shown(items, assignment),
        "criteria": _criteria(assignment, values, errors)
        if task.kind == Task.Kind.SINGLE
        else [],
        "preference_choices": [
            Option(value, label, key, values.get("preference") == value)
            for value, label, key in _PREFERENCES
        ],
        "reasons": [
            Option(reason, reason.capitalize(), "", reason in _chosen(post))
            for reason in REASONS
        ],
        "flag_categories": SafetyFlag.Category.choices,
        "flag_severities": SafetyFlag.Severity.choices,
        "values": values,
        "errors": errors,
        "problem": error,
        "lease_no": values.get("lease_no") or assignment.lease_no,
        "shown_sha256": shown_sha256(task=task, items=items),
        "idempotency_key": values.get("idempotency_key") or uuid.uuid4(),
        "progress": rater_progress(study=assignment.study, rater=assignment.rater),
        "guideline": assignment.guideline_version,
        "mode": mode,
        "submit_url": reverse("assignment_detail", args=[assignment.uid]),
        "next_url": reverse("study_rate", args=[assignment.study.uid]),
    }


def _chosen(post: QueryDict | None) -> list[str]:
    return post.getlist("reasons") if post is not None else []


def _shown(items: list[TaskItem], assignment: Assignment) -> list[ShownItem]:
    if len(items) == 1:
        return [ShownItem(0, "only", items[0].completion.content)]
    left = assignment.left_position
    return [
        ShownItem(position, side, items[position].completion.content)
        for side, position in (("left", left), ("right", 1 - left))
    ]


def _criteria(
    assignment: Assignment, values: Mapping[str, Any], errors: Mapping[str, str]
) -> list[CriterionField]:
    return [
        _criterion(criterion, values, errors)
        for criterion in criteria_of(assignment.guideline_version_id)
    ]


def _criterion(
    criterion: Criterion, values: Mapping[str, Any], errors: Mapping[str, str]
) -> CriterionField:
    name = f"ratings-{criterion.key}"
    chosen = values.get(name, "")
    numbers = range(criterion.minimum, criterion.maximum + 1)
    return CriterionField(
        criterion=criterion,
        name=name,
        options=[
            Option(
                value=str(number),
                label=str(criterion.anchors.get(str(number), "")),
                key=str(number),
                is_checked=chosen == str(number),
            )
            for number in numbers
        ],
        is_not_applicable=chosen == "na",
        error=errors.get(name, ""),
    )
