"""Exactly what one rater is shown for one assignment, in what order."""

from dataclasses import dataclass
from typing import Any

from feedback.common.hashing import json_sha256
from feedback.corpus.identity import Leak
from feedback.rating.asked import Asked, asked_of
from feedback.rating.marks import ShownText
from feedback.studies.models import Assignment, Study, Task, TaskItem
from feedback.studies.selectors import items_of


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows; made once per request, from rows that never change.

    Attributes:
        items: in canonical order.
        texts: of the items, in the same order.
        asked: what the task asks.
        order: positions of the items on the page, left or first one first.
        sha256: of every text on the page.
        names_its_maker: a text is shown that says which model wrote it.
    """

    items: tuple[TaskItem, ...]
    texts: tuple[ShownText, ...]
    asked: Asked
    order: tuple[int, ...]
    sha256: str
    names_its_maker: bool


def shown_of(assignment: Assignment) -> Shown:
    """Read what an assignment shows; study, task and prompt should be joined."""
    return shown_from(assignment, tuple(items_of(assignment.task)))


def shown_from(assignment: Assignment, items: tuple[TaskItem, ...]) -> Shown:
    """What an assignment shows, of items that have `leaks`; none need be stored."""
    task = assignment.task
    is_masked = assignment.study.leak_policy == Study.LeakPolicy.MASK
    texts = tuple(_text_of(item, is_masked=is_masked) for item in items)
    asked = asked_of(task, version=assignment.guideline_version, n_items=len(items))
    return Shown(
        items=items,
        texts=texts,
        asked=asked,
        order=tuple(assignment.shown_order) or tuple(range(len(items))),
        sha256=_sha256(task, texts, asked),
        names_its_maker=not is_masked and any(_leaks_of(item) for item in items),
    )


def _text_of(item: TaskItem, *, is_masked: bool) -> ShownText:
    leaks = _leaks_of(item) if is_masked else ()
    return ShownText(stored=item.completion.content, leaks=leaks)


def _leaks_of(item: TaskItem) -> tuple[Leak, ...]:
    """Where its text names its maker, as `items_of` read it."""
    found: list[dict[str, Any]] = getattr(item, "leaks", None) or []
    return tuple(Leak(one["start"], one["end"], one["name"]) for one in found)


def _sha256(task: Task, texts: tuple[ShownText, ...], asked: Asked) -> str:
    content: dict[str, object] = {
        "prompt": task.prompt.messages,
        "completions": [text.text for text in texts],
    }
    if points := asked.all_points:
        content["points"] = [point.text for point in points]
    return json_sha256(content)
