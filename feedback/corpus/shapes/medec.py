"""MEDEC: a clinical note that may hold one error, and its corrected text."""

from typing import Any

from feedback.corpus import cells
from feedback.corpus.drafts import CompletionDraft, PromptDraft
from feedback.corpus.shapes.shape import Shape

TASK = (
    "Check this clinical note. If it holds a medical error, correct it and change "
    "nothing else; if it holds none, return it as it is."
)


def read(row: dict[str, Any]) -> list[PromptDraft]:
    """Read a note: leaving it as it is and correcting it are the two completions.

    A note without an error has one completion, itself. Which of the two is right, and
    where the error stands, goes into their metadata.
    """
    note = cells.text(row, "text")
    has_error = cells.flag(row, "has_error")
    corrected = cells.text(row, "corrected_text") if has_error else note
    about = cells.labels(
        row, ("error_type", "error_sentence", "error_start", "error_end")
    )
    unchanged = CompletionDraft(
        content=note, metadata={"label": "unchanged", "has_error": has_error, **about}
    )
    correction = CompletionDraft(content=corrected, metadata={"label": "corrected"})
    return [
        PromptDraft(
            messages=cells.user_turn(f"{TASK}\n\n{note}"),
            completions=[unchanged, correction] if has_error else [unchanged],
            external_id=cells.label(row, "id"),
            note_type="clinical note",
            reference_answer=corrected,
        )
    ]


SHAPE = Shape(
    key="medec",
    label="MEDEC corrections",
    required=(("text",), ("has_error",), ("corrected_text",)),
    allowed=None,
    matches=lambda row: {"text", "has_error", "corrected_text"} <= row.keys(),
    read=read,
)
