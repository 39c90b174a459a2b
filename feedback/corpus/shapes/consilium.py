"""Our own columns, strict: nested (one row a prompt) or flat (one row a completion)."""

from typing import Any

from feedback.corpus import cells
from feedback.corpus.cells import Cells
from feedback.corpus.drafts import (
    CompletionDraft,
    Message,
    PointDraft,
    PromptDraft,
)
from feedback.corpus.refusals import RowRefused
from feedback.corpus.shapes.shape import Shape

_ABOUT_THE_PROMPT = {
    "prompt_id", "group_id", "messages", "prompt", "specialty", "locale", "note_type",
    "is_synthetic", "reference_answer", "metadata", "rubric", "claims", "must_say",
}  # fmt: skip
_MAX_POINTS = 100
_FLAT = {"completion", "completion_id", "model", "written_by"}
_NESTED = frozenset({"completion_id", "model", "written_by", "content", "metadata"})


def read(row: dict[str, Any]) -> list[PromptDraft]:
    """Read a row of our own columns."""
    if not cells.is_blank(row, "completions") and not cells.is_blank(row, "completion"):
        raise RowRefused(
            "The row has both completions and completion.",
            next_step="Keep one: completions is a list, completion a single text.",
        )
    is_flat = cells.is_blank(row, "completions") and bool(_FLAT & row.keys())
    completions = [_flat(row)] if is_flat else _nested(row)
    return [
        PromptDraft(
            messages=_messages(row, has_completions=bool(completions)),
            completions=completions,
            external_id=cells.label(row, "prompt_id"),
            group_id=cells.label(row, "group_id"),
            specialty=cells.label(row, "specialty", limit=100),
            locale=cells.label(row, "locale", limit=35),
            note_type=cells.label(row, "note_type", limit=100),
            is_synthetic=cells.flag(row, "is_synthetic"),
            reference_answer=cells.optional_text(row, "reference_answer"),
            points=_points(row),
            metadata=cells.json_object(row, "metadata"),
        )
    ]


def _points(row: Cells) -> list[PointDraft]:
    points = []
    for number, item in enumerate(cells.objects(row, "rubric"), start=1):
        name, called = "criterion", f"rubric, item {number}"
        if cells.is_blank(item, name):
            raise RowRefused(
                f"{called} has no criterion.",
                next_step="Write each as {criterion, points}.",
            )
        worth = cells.whole_number(
            {f"points of {called}": item.get("points")},
            f"points of {called}",
            lowest=-_MAX_POINTS,
            highest=_MAX_POINTS,
        )
        text = cells.clean(item[name], called)
        points.append(PointDraft(kind="rubric", text=text, points=worth))
    for column, kind in (("claims", "claim"), ("must_say", "must_say")):
        points += [
            PointDraft(kind=kind, text=text) for text in cells.texts(row, column)
        ]
    return points


def _messages(row: Cells, *, has_completions: bool) -> list[Message]:
    has_text, has_turns = not cells.is_blank(row, "prompt"), bool(row.get("messages"))
    if has_text and has_turns:
        raise RowRefused(
            "The row has both prompt and messages.",
            next_step="Keep one: prompt is a text, messages a list of turns.",
        )
    if has_turns:
        turns = cells.conversation(row, "messages")
        return cells.ending_with("user", turns, "messages")
    if has_text:
        return cells.user_turn(cells.text(row, "prompt"))
    raise RowRefused(
        "The row has a completion but no prompt."
        if has_completions
        else "The row has no prompt.",
        next_step="Fill in prompt in each row, also where it repeats.",
    )


def _flat(row: Cells) -> CompletionDraft:
    return CompletionDraft(
        content=cells.text(row, "completion"),
        model=cells.label(row, "model"),
        written_by=cells.label(row, "written_by", limit=40),
        external_id=cells.label(row, "completion_id"),
    )


def _nested(row: Cells) -> list[CompletionDraft]:
    drafts = []
    for number, item in enumerate(cells.objects(row, "completions"), start=1):
        if not item.keys() <= _NESTED:
            SHAPE_OF_COMPLETION.check_columns(item.keys())
        if cells.is_blank(item, "content"):
            raise RowRefused(
                f"completions, item {number} has no content.",
                next_step="Remove the item or fill it in.",
            )
        drafts.append(
            CompletionDraft(
                content=cells.text(item, "content"),
                model=cells.label(item, "model"),
                written_by=cells.label(item, "written_by", limit=40),
                external_id=cells.label(item, "completion_id"),
                metadata=cells.json_object(item, "metadata"),
            )
        )
    return drafts


SHAPE = Shape(
    key="consilium",
    label="Consilium columns",
    required=(("prompt", "messages"),),
    allowed=frozenset(_ABOUT_THE_PROMPT | _FLAT | {"completions"}),
    matches=lambda row: "prompt" in row or "messages" in row,
    read=read,
)

SHAPE_OF_COMPLETION = Shape(
    key="completion",
    label="an item of completions",
    required=(("content",),),
    allowed=_NESTED,
    matches=lambda row: "content" in row,
    read=read,
)
