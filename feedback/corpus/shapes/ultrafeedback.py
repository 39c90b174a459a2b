"""UltraFeedback, raw (an instruction with completions) and binarized (a pair)."""

from typing import Any

from feedback.corpus import cells
from feedback.corpus.drafts import CompletionDraft, PromptDraft
from feedback.corpus.refusals import RowRefused
from feedback.corpus.shapes.pairs import split_conversations
from feedback.corpus.shapes.shape import Shape

_LABELS = (
    "annotations", "overall_score", "fine-grained_score", "critique", "principle",
    "custom_system_prompt",
)  # fmt: skip


def read(row: dict[str, Any]) -> list[PromptDraft]:
    """Read either form; scores and annotations go into the completions' metadata."""
    return [_raw(row) if "instruction" in row else _binarized(row)]


def _raw(row: dict[str, Any]) -> PromptDraft:
    completions = [
        CompletionDraft(
            content=cells.text(item, "response"),
            model=cells.label(item, "model"),
            metadata=cells.labels(item, _LABELS),
        )
        for item in cells.objects(row, "completions")
    ]
    if not completions:
        raise RowRefused(
            "completions is missing or empty.", next_step="Remove the row."
        )
    return PromptDraft(
        messages=cells.user_turn(cells.text(row, "instruction")),
        completions=completions,
        metadata=cells.labels(row, ("source",)),
    )


def _binarized(row: dict[str, Any]) -> PromptDraft:
    prompt, chosen, rejected = split_conversations(
        cells.conversation(row, "chosen"), cells.conversation(row, "rejected")
    )
    return PromptDraft(
        messages=prompt,
        external_id=cells.label(row, "prompt_id"),
        completions=[
            CompletionDraft(
                content=content,
                metadata={"label": label, **cells.labels(row, (f"score_{label}",))},
            )
            for label, content in (("chosen", chosen), ("rejected", rejected))
        ],
    )


def matches(row: dict[str, Any]) -> bool:
    """Whether a row is one of the two forms."""
    if {"instruction", "completions"} <= row.keys():
        return True
    return {"chosen", "rejected", "score_chosen", "score_rejected"} <= row.keys()


SHAPE = Shape(
    key="ultrafeedback",
    label="UltraFeedback",
    required=(("instruction", "chosen"), ("completions", "rejected")),
    allowed=None,
    matches=matches,
    read=read,
)
