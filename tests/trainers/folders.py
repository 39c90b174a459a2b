"""Do `openai/` and `llamafactory/` keep the rules of these formats?

Plain Python, so that the test suite can ask the same as `make trainers`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]
_ROLES = {"system", "user", "assistant", "tool"}
_SFT_KEYS = {"messages", "tools", "parallel_tool_calls"}
_PREFERENCE_KEYS = {"input", "preferred_output", "non_preferred_output"}


def rows_of(path: Path) -> Iterator[tuple[str, Row]]:
    """Each line with its place, none of them blank and each an object."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            row = json.loads(line)
            assert isinstance(row, dict), f"{path.name}:{number} is no object"
            yield f"{path.name}:{number}", row


def _check_messages(messages: Any, *, at: str) -> list[str]:
    """Roles of a conversation: a system turn first only, no blank or null content."""
    assert isinstance(messages, list), f"{at}: no list of messages"
    assert messages, f"{at}: no message"
    for turn_no, turn in enumerate(messages):
        role, content = turn.get("role"), turn.get("content")
        assert role in _ROLES, f"{at}: role {role!r}"
        assert role != "system" or turn_no == 0, f"{at}: a system turn in the middle"
        has_calls = role == "assistant" and turn.get("tool_calls")
        assert has_calls or (isinstance(content, str) and content.strip()), (
            f"{at}: blank content"
        )
        assert None not in turn.values(), (
            f"{at}: a null, where the key should be absent"
        )
    return [turn["role"] for turn in messages]


def _check_openai(kind: str, row: Row, *, at: str) -> None:
    if kind == "sft":
        assert set(row) <= _SFT_KEYS, f"{at}: keys {sorted(row)}"
        assert _check_messages(row["messages"], at=at)[-1] == "assistant", at
    elif kind in {"dpo", "preference"}:
        assert set(row) == _PREFERENCE_KEYS, f"{at}: keys {sorted(row)}"
        assert set(row["input"]) <= _SFT_KEYS, f"{at}: input {sorted(row['input'])}"
        roles = _check_messages(row["input"]["messages"], at=at)
        assert roles[-1] in {"user", "tool"}, f"{at}: the input ends with {roles[-1]}"
        for side in ("preferred_output", "non_preferred_output"):
            assert _check_messages(row[side], at=at) == ["assistant"], f"{at}: {side}"
        assert row["preferred_output"] != row["non_preferred_output"], f"{at}: a tie"
    else:
        assert kind == "rft", f"{at}: no such kind of file"
        assert _check_messages(row["messages"], at=at)[-1] == "user", at
        assert None not in row.values(), f"{at}: a null, where the key should be absent"


def check_openai(export: Path) -> str:
    """Every line of `openai/` is one of the three shapes.

    Raises:
        AssertionError: naming file and line.
    """
    n_lines = 0
    files = sorted((export / "openai").glob("*.jsonl"))
    assert files, "no openai/*.jsonl"
    for path in files:
        kind = path.stem.rpartition("_")[0]
        for at, row in rows_of(path):
            _check_openai(kind, row, at=at)
            n_lines += 1
    return f"{len(files)} files, {n_lines} lines"


def check_llamafactory(export: Path) -> str:
    """Every file that `dataset_info.json` names is there and has what it says.

    Raises:
        AssertionError: naming file and line.
    """
    folder = export / "llamafactory"
    listed = json.loads((folder / "dataset_info.json").read_text(encoding="utf-8"))
    assert listed, "dataset_info.json is empty"
    n_lines = 0
    for name, entry in listed.items():
        columns = entry["columns"]
        tags = {"role_tag", "content_tag", "user_tag", "assistant_tag"}
        assert entry.get("formatting") in {"sharegpt", "openai"}, name
        assert tags <= entry.get("tags", {}).keys() or entry["formatting"] == "openai"
        for at, row in rows_of(folder / entry["file_name"]):
            _check_llamafactory(row, columns, is_ranking=entry.get("ranking"), at=at)
            n_lines += 1
    return f"{len(listed)} files, {n_lines} lines"


def _check_llamafactory(
    row: Row, columns: dict[str, str], *, is_ranking: bool | None, at: str
) -> None:
    assert set(columns.values()) <= set(row), f"{at}: {sorted(row)}"
    roles = _check_messages(row[columns["messages"]], at=at)
    if roles[0] == "system":
        roles = roles[1:]
    turns = ["user", "assistant"] * len(roles)
    is_tools = "tool" in roles
    assert is_tools or roles == turns[: len(roles)], f"{at}: roles do not alternate"
    if is_ranking:
        assert roles[-1] in {"user", "tool"}, f"{at}: the context ends with {roles[-1]}"
        for side in ("chosen", "rejected"):
            turn = row[columns[side]]
            assert isinstance(turn, dict), f"{at}: {side} is not one message"
            assert _check_messages([turn], at=at) == ["assistant"], at
    else:
        assert roles[-1] == "assistant", f"{at}: it ends with {roles[-1]}"
    if "kto_tag" in columns:
        assert isinstance(row[columns["kto_tag"]], bool), f"{at}: the tag is no boolean"
