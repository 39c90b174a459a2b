"""Anthropic HH: chosen and rejected, each one text with both sides' turns."""

from typing import Any

from feedback.corpus import cells
from feedback.corpus.drafts import CompletionDraft, PromptDraft
from feedback.corpus.shapes.pairs import (
    is_hh_text,
    parse_hh_text,
    split_conversations,
)
from feedback.corpus.shapes.shape import Shape


def read(row: dict[str, Any]) -> list[PromptDraft]:
    """Read a pair; which one was chosen goes into the completions' metadata."""
    prompt, chosen, rejected = split_conversations(
        parse_hh_text(cells.text(row, "chosen"), "chosen"),
        parse_hh_text(cells.text(row, "rejected"), "rejected"),
    )
    return [
        PromptDraft(
            messages=prompt,
            completions=[
                CompletionDraft(content=chosen, metadata={"label": "chosen"}),
                CompletionDraft(content=rejected, metadata={"label": "rejected"}),
            ],
        )
    ]


SHAPE = Shape(
    key="hh",
    label="Anthropic HH",
    required=(("chosen",), ("rejected",)),
    allowed=None,
    matches=lambda row: (
        is_hh_text(row.get("chosen")) and is_hh_text(row.get("rejected"))
    ),
    read=read,
)
