"""OpenAssistant trees: each question with answers becomes a prompt."""

from typing import Any

from feedback.corpus import cells
from feedback.corpus.cells import Cells
from feedback.corpus.drafts import CompletionDraft, Message, PromptDraft
from feedback.corpus.refusals import RowRefused, quoted
from feedback.corpus.shapes.shape import Shape

_ROLES = {"prompter": "user", "assistant": "assistant"}
_LABELS = ("rank", "labels", "emojis", "review_result")


def read(row: dict[str, Any]) -> list[PromptDraft]:
    """Read a tree: one prompt for each message of the prompter that has answers.

    The path from the root is the conversation, the answers are the completions, and
    the tree is the group. Deleted messages are left out with what hangs on them.
    """
    root = row.get("prompt")
    if not isinstance(root, dict):
        raise RowRefused(
            f"prompt is {quoted(root)}, not a message with replies.",
            next_step="Write each tree as the OpenAssistant export does.",
        )
    tree_id = cells.label(row, "message_tree_id")
    drafts = []
    open_nodes: list[tuple[Cells, list[Message]]] = [(root, [])]
    while open_nodes:
        node, path = open_nodes.pop()
        here = [
            *path,
            _message(node, expected="assistant" if len(path) % 2 else "user"),
        ]
        replies = [r for r in cells.objects(node, "replies") if not r.get("deleted")]
        if replies and here[-1]["role"] == "user":
            drafts.append(_draft(node, here, replies, tree_id=tree_id))
        open_nodes.extend((reply, here) for reply in reversed(replies))
    if not drafts:
        raise RowRefused(
            "The tree has no answer of the assistant.", next_step="Remove the row."
        )
    return drafts


def _message(node: Cells, *, expected: str) -> Message:
    role = _ROLES.get(str(node.get("role")))
    if role != expected:
        raise RowRefused(
            f"Message {quoted(node.get('message_id'))} has role "
            f"{quoted(node.get('role'))} where {expected} is due.",
            next_step="Roles are prompter and assistant, by turns, prompter first.",
        )
    return {"role": role, "content": cells.text(node, "text")}


def _draft(
    node: Cells, path: list[Message], replies: list[Cells], *, tree_id: str
) -> PromptDraft:
    return PromptDraft(
        messages=path,
        external_id=cells.label(node, "message_id"),
        group_id=tree_id,
        locale=cells.label(node, "lang", limit=35),
        is_synthetic=cells.flag(node, "synthetic"),
        completions=[
            CompletionDraft(
                content=cells.text(reply, "text"),
                model=cells.label(reply, "model_name"),
                external_id=cells.label(reply, "message_id"),
                metadata=cells.labels(reply, _LABELS),
            )
            for reply in replies
        ],
    )


SHAPE = Shape(
    key="oasst",
    label="OpenAssistant trees",
    required=(("message_tree_id",), ("prompt",)),
    allowed=None,
    matches=lambda row: (
        "message_tree_id" in row and isinstance(row.get("prompt"), dict)
    ),
    read=read,
)
