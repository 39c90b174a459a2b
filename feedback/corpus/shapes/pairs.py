"""Pairs given as two whole conversations: where they part, the answers begin."""

import re

from feedback.corpus.drafts import Message
from feedback.corpus.refusals import RowRefused

_HH_TURN = re.compile(r"(?:\A|\n\n)(Human|Assistant): ?")
_HH_ROLES = {"Human": "user", "Assistant": "assistant"}


def split_conversations(
    chosen: list[Message], rejected: list[Message]
) -> tuple[list[Message], str, str]:
    """The prompt that two conversations share, and their two last turns.

    Raises:
        RowRefused: if they differ before the last turn, do not end with an answer, or
            are the same.
    """
    if chosen == rejected:
        raise RowRefused(
            "chosen and rejected are the same text.",
            next_step="Remove the row: it prefers nothing.",
        )
    if chosen[:-1] != rejected[:-1]:
        raise RowRefused(
            "chosen and rejected part before their last turn.",
            next_step="Keep only pairs that differ in the last answer.",
        )
    prompt, one, other = chosen[:-1], chosen[-1], rejected[-1]
    if {one["role"], other["role"]} != {"assistant"}:
        raise RowRefused(
            "chosen and rejected do not both end with a turn of the assistant.",
            next_step="End both with the answer to compare.",
        )
    if not prompt or prompt[-1]["role"] != "user":
        raise RowRefused(
            "The turn before the answers is not the user's.",
            next_step="Begin the conversation with the question.",
        )
    return prompt, one["content"], other["content"]


def is_hh_text(text: object) -> bool:
    """Whether a text is a conversation in the manner of Anthropic HH."""
    return isinstance(text, str) and text.lstrip().startswith("Human:")


def parse_hh_text(text: str, name: str) -> list[Message]:
    r"""Read ``\n\nHuman: …\n\nAssistant: …`` into turns.

    Raises:
        RowRefused: if it does not begin with Human, or a turn is blank.
    """
    head, *rest = _HH_TURN.split(text.strip())
    if head or not rest:
        raise RowRefused(
            f"{name} does not begin with 'Human:'.",
            next_step="Write turns as '\\n\\nHuman: …\\n\\nAssistant: …'.",
        )
    messages = [
        {"role": _HH_ROLES[speaker], "content": said.strip()}
        for speaker, said in zip(rest[::2], rest[1::2], strict=True)
    ]
    for number, message in enumerate(messages, start=1):
        if not message["content"]:
            raise RowRefused(
                f"{name}, turn {number} is blank.", next_step="Remove the row."
            )
    return messages
