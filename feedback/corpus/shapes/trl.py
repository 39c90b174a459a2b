"""TRL's datasets: preference with and without a prompt, as turns or text; unpaired."""

from typing import Any

from feedback.corpus import cells
from feedback.corpus.drafts import CompletionDraft, Message, PromptDraft
from feedback.corpus.refusals import RowRefused
from feedback.corpus.shapes.pairs import (
    is_hh_text,
    parse_hh_text,
    split_conversations,
)
from feedback.corpus.shapes.shape import Shape


def read(row: dict[str, Any]) -> list[PromptDraft]:
    """Read a row of any of TRL's forms; labels go into the completions' metadata."""
    if "chosen" not in row:
        return [_unpaired(row)]
    if row.get("prompt") is None:
        prompt, chosen, rejected = _implicit(row)
    elif _is_whole(row):
        prompt, chosen, rejected = split_conversations(
            cells.conversation(row, "chosen"), cells.conversation(row, "rejected")
        )
    else:
        prompt = _prompt(row)
        chosen, rejected = _answer(row, "chosen"), _answer(row, "rejected")
    if chosen == rejected:
        raise RowRefused(
            "chosen and rejected are the same text.",
            next_step="Remove the row: it prefers nothing.",
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


def _is_whole(row: dict[str, Any]) -> bool:
    """Whether chosen repeats the text prompt as its first turn, as some corpora do."""
    if not isinstance(row["prompt"], str) or not isinstance(row["chosen"], list):
        return False
    roles = [t.get("role") for t in cells.objects(row, "chosen")]
    return "user" in roles


def _unpaired(row: dict[str, Any]) -> PromptDraft:
    answer = _answer(row, "completion")
    completion = CompletionDraft(
        content=answer, metadata={"label": cells.flag(row, "label")}
    )
    return PromptDraft(messages=_prompt(row), completions=[completion])


def _prompt(row: dict[str, Any]) -> list[Message]:
    if isinstance(row.get("prompt"), list):
        turns = cells.conversation(row, "prompt")
        return cells.ending_with("user", turns, "prompt")
    return cells.user_turn(cells.text(row, "prompt"))


def _answer(row: dict[str, Any], name: str) -> str:
    if not isinstance(row.get(name), list):
        return cells.text(row, name)
    turns = cells.conversation(row, name)
    if len(turns) != 1 or turns[0]["role"] != "assistant":
        raise RowRefused(
            f"{name} has {len(turns)} turns; beside a prompt it is one answer.",
            next_step="Move earlier turns into prompt, or leave prompt out.",
        )
    return turns[0]["content"]


def _implicit(row: dict[str, Any]) -> tuple[list[Message], str, str]:
    if isinstance(row["chosen"], list):
        return split_conversations(
            cells.conversation(row, "chosen"), cells.conversation(row, "rejected")
        )
    chosen, rejected = cells.text(row, "chosen"), cells.text(row, "rejected")
    if is_hh_text(chosen):
        return split_conversations(
            parse_hh_text(chosen, "chosen"), parse_hh_text(rejected, "rejected")
        )
    shared = _common_beginning(chosen, rejected)
    # TRL cuts at the first differing character; we never cut inside a word.
    end = max(shared.rfind(" "), shared.rfind("\n")) + 1
    one, other = chosen[end:].strip(), rejected[end:].strip()
    if not shared[:end].strip() or not one or not other:
        raise RowRefused(
            "chosen and rejected share no beginning that could be the prompt, "
            "or nothing follows it.",
            next_step="Add a prompt column.",
        )
    return cells.user_turn(shared[:end].strip()), one, other


def _common_beginning(one: str, other: str) -> str:
    letters = zip(one, other, strict=False)
    n_same = next(
        (i for i, (a, b) in enumerate(letters) if a != b), min(len(one), len(other))
    )
    return one[:n_same]


def matches(row: dict[str, Any]) -> bool:
    """Whether a row has a pair, or a completion with its label."""
    return {"chosen", "rejected"} <= row.keys() or {
        "prompt", "completion", "label",
    } <= row.keys()  # fmt: skip


SHAPE = Shape(
    key="trl",
    label="TRL preference",
    required=(("chosen", "prompt"), ("chosen", "completion"), ("rejected", "label")),
    allowed=None,
    matches=matches,
    read=read,
)
