"""HelpSteer3: context, two responses, an overall and individual preferences."""

from typing import Any

from feedback.corpus import cells
from feedback.corpus.drafts import CompletionDraft, PromptDraft
from feedback.corpus.shapes.shape import Shape

_LABELS = ("overall_preference", "individual_preference", "feedback1", "feedback2")


def read(row: dict[str, Any]) -> list[PromptDraft]:
    """Read a pair; the preferences go into both completions' metadata."""
    turns = cells.conversation(row, "context")
    found = cells.labels(row, _LABELS)
    return [
        PromptDraft(
            messages=cells.ending_with("user", turns, "context"),
            completions=[
                CompletionDraft(
                    content=cells.text(row, f"response{number}"),
                    metadata={"response": number, **found},
                )
                for number in (1, 2)
            ],
            metadata=cells.labels(row, ("domain", "language")),
        )
    ]


SHAPE = Shape(
    key="helpsteer3",
    label="HelpSteer3",
    required=(("context",), ("response1",), ("response2",)),
    allowed=None,
    matches=lambda row: {"context", "response1", "response2"} <= row.keys(),
    read=read,
)
