"""JSON Lines for tools that want another shape than Parquet: OpenAI's and LLaMA-Factory's.

The rows are those of `sft`, `preference`, `kto` and `prompts`; only their form differs.
Keys without a value are left out, never null.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from exports.cases import Row
from exports.evidence import PromptEvidence

# OpenAI takes no smaller file for fine-tuning.
OPENAI_MIN_LINES = 10
# LLaMA-Factory splits by itself, so it gets the training rows only.
_LLAMA_SPLIT = "train"
_OPENAI_SPLITS = ("train", "test")

_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}
_LLAMA_COLUMNS: dict[str, dict[str, Any]] = {
    "sft": {"columns": {"messages": "messages"}},
    "preference": {
        "ranking": True,
        "columns": {
            "messages": "messages",
            "chosen": "chosen",
            "rejected": "rejected",
        },
    },
    "kto": {"columns": {"messages": "messages", "kto_tag": "label"}},
}

Lines = list[tuple[str, Mapping[str, Any]]]


def openai_lines(rows: Mapping[str, Iterable[Row]], prompt: PromptEvidence) -> Lines:
    """Lines for OpenAI's formats, each with the file it belongs to.

    Args:
        rows: of one prompt, by configuration.
        prompt: the prompt itself, for its case points.
    """
    if prompt.split not in _OPENAI_SPLITS:
        return []
    lines: Lines = [("sft", {"messages": row["messages"]}) for row in rows["sft"]]
    lines += [
        (
            "dpo",
            {
                "input": {"messages": row["prompt"]},
                "preferred_output": row["chosen"],
                "non_preferred_output": row["rejected"],
            },
        )
        for row in rows["preference"]
    ]
    lines += [
        ("rft", line) for row in rows["prompts"] if (line := _graded(row, prompt))
    ]
    return [(f"openai/{name}_{prompt.split}.jsonl", line) for name, line in lines]


def _graded(row: Row, prompt: PromptEvidence) -> Mapping[str, Any] | None:
    """A prompt with what a grader can hold an answer against; None without any."""
    must_have = [
        text
        for kind, text, points in prompt.points
        if kind == "must_say"
        or (kind == "rubric" and points is not None and points > 0)
    ]
    must_not = [
        text
        for kind, text, points in prompt.points
        if kind == "rubric" and points is not None and points < 0
    ]
    known = {
        "reference_answer": row["reference_answer"],
        "must_have": must_have,
        "must_not": must_not,
    }
    given = {key: value for key, value in known.items() if value}
    return {"messages": row["prompt"], **given} if given else None


def alternates(messages: Iterable[Mapping[str, str]]) -> bool:
    """Whether user and assistant take turns after the system turn, the user first."""
    roles = [turn["role"] for turn in messages]
    turns = roles[1:] if roles[:1] == ["system"] else roles
    return all(
        role == ("assistant" if number % 2 else "user")
        for number, role in enumerate(turns)
    )


def llama_lines(rows: Mapping[str, Iterable[Row]], prompt: PromptEvidence) -> Lines:
    """Lines for LLaMA-Factory, each with the file it belongs to.

    Conversations whose turns do not alternate are left out: it would drop or mix them.

    Args:
        rows: of one prompt, by configuration.
        prompt: the prompt itself.
    """
    if prompt.split != _LLAMA_SPLIT or not alternates(prompt.messages):
        return []
    lines: Lines = [("sft", {"messages": row["messages"]}) for row in rows["sft"]]
    lines += [
        (
            "preference",
            {
                "messages": row["prompt"],
                "chosen": row["chosen"][0],
                "rejected": row["rejected"][0],
            },
        )
        for row in rows["preference"]
    ]
    lines += [
        ("kto", {"messages": row["prompt"] + row["completion"], "label": row["label"]})
        for row in rows["kto"]
    ]
    return [(f"llamafactory/{name}.jsonl", line) for name, line in lines]


class SideFiles:
    """The side folders in the making. Without lines there is no file."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self._root = root
        self._stack = stack
        self._files: dict[str, TextIO] = {}
        self.n_lines: dict[str, int] = {}

    def add(self, lines: Lines) -> None:
        """Append lines to their files."""
        for path, line in lines:
            if path not in self._files:
                target = self._root / path
                target.parent.mkdir(parents=True, exist_ok=True)
                self._files[path] = self._stack.enter_context(
                    target.open("w", encoding="utf-8", newline="\n")
                )
                self.n_lines[path] = 0
            # Escaped, since some readers end a line at U+2028.
            text = json.dumps(line, sort_keys=True, ensure_ascii=True)
            self._files[path].write(text + "\n")
            self.n_lines[path] += 1

    def write_index(self) -> None:
        """Write dataset_info.json, which LLaMA-Factory looks the files up in."""
        names = [
            name
            for name in _LLAMA_COLUMNS
            if f"llamafactory/{name}.jsonl" in self._files
        ]
        if not names:
            return
        index = {
            f"consilium_{name}": {
                "file_name": f"{name}.jsonl",
                "formatting": "sharegpt",
                **_LLAMA_COLUMNS[name],
                "tags": _TAGS,
            }
            for name in names
        }
        text = json.dumps(index, sort_keys=True, indent=2)
        path = self._root / "llamafactory" / "dataset_info.json"
        path.write_text(text + "\n", encoding="utf-8")
