"""Cells of a row as text, names, flags and conversations; refuses what cannot be kept.

Each function takes the row and the column's name, and its refusal names both the
column and the value.
"""

import datetime as dt
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from feedback.common.text import forbidden_character, normalize
from feedback.corpus.drafts import Message
from feedback.corpus.refusals import RowRefused, quoted

Cells = Mapping[str, Any]

ROLES = ("system", "user", "assistant")
_TRUE, _FALSE = {"true", "1", "yes"}, {"false", "0", "no", ""}
_MAX_DEPTH = 64
# Lines are bounded by bytes already; this is for Parquet, which has no lines.
MAX_CHARACTERS = 16 * 1024 * 1024


def clean(value: object, name: str) -> str:
    """A value as text in the house's form (NFC, line feeds), every character kept."""
    if not isinstance(value, str):
        raise RowRefused(
            f"{name} is {quoted(value)}, not text.", next_step="Write it as a string."
        )
    if len(value) > MAX_CHARACTERS:
        raise RowRefused(
            f"{name} has {len(value):,} characters; at most {MAX_CHARACTERS:,} are kept.",
            next_step="Split the text.",
        )
    if (found := forbidden_character(value)) is not None:
        raise RowRefused(
            f"{name} holds {found}, which cannot be stored.",
            next_step="Remove control characters and broken surrogate escapes.",
        )
    return normalize(value)


def is_blank(row: Cells, name: str) -> bool:
    """Whether a cell is missing, null, or white space only."""
    value = row.get(name)
    return value is None or (isinstance(value, str) and not value.strip())


def text(row: Cells, name: str) -> str:
    """A text that must be there."""
    if is_blank(row, name):
        raise RowRefused(f"{name} is missing or blank.", next_step=f"Fill in {name}.")
    return clean(row[name], name)


def optional_text(row: Cells, name: str) -> str:
    """A text that may be missing, null or blank; then it is empty."""
    return "" if is_blank(row, name) else clean(row[name], name)


def label(row: Cells, name: str, *, limit: int = 200) -> str:
    """A short optional text on one line, without outer space; numbers are taken too."""
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        short = str(value)
    else:
        short = optional_text(row, name).strip()
    if len(short) > limit:
        raise RowRefused(
            f"{name} has {len(short)} characters; at most {limit} are kept.",
            next_step=f"Shorten {name}.",
        )
    if "\n" in short:
        raise RowRefused(
            f"{name} {quoted(short)} has a line break.",
            next_step=f"Write {name} on one line.",
        )
    return short


def flag(row: Cells, name: str) -> bool:
    """A yes or no; missing means no."""
    value = row.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    word = str(value).strip().lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise RowRefused(
        f"{name} is {quoted(value)}; allowed are true and false.",
        next_step=f"Write true or false in {name}, or leave it out.",
    )


def objects(row: Cells, name: str) -> list[Cells]:
    """A list of objects; missing or null means an empty one."""
    value = row.get(name)
    if is_blank(row, name):
        return []
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise RowRefused(
            f"{name} is {quoted(value)}, not a list of objects.",
            next_step=f"Write {name} as a JSON list of objects.",
        )
    return value


def conversation(row: Cells, name: str) -> list[Message]:
    """Turns with a known role and a text that is not blank; a system turn only first.

    Other keys of a turn are ignored.
    """
    turns = objects(row, name)
    if not turns:
        raise RowRefused(f"{name} is empty.", next_step=f"Fill in {name}.")
    messages = []
    for number, turn in enumerate(turns, start=1):
        role = turn.get("role")
        if role not in ROLES or (role == "system" and number > 1):
            raise RowRefused(
                f"{name}, turn {number}: role {quoted(role)} is not allowed there.",
                next_step="Allowed are user and assistant, and system as turn 1.",
            )
        if is_blank(turn, "content"):
            raise RowRefused(
                f"{name}, turn {number} has no content.",
                next_step="Remove the turn or fill it in.",
            )
        content = clean(turn["content"], f"{name}, turn {number}")
        messages.append({"role": role, "content": content})
    return messages


def ending_with(role: str, messages: list[Message], name: str) -> list[Message]:
    """The conversation, if its last turn is of `role`."""
    if messages[-1]["role"] != role:
        raise RowRefused(
            f"{name} ends with a turn of {messages[-1]['role']}, not of {role}.",
            next_step=f"End {name} with the turn of {role}.",
        )
    return messages


def user_turn(content: str) -> list[Message]:
    """A conversation of one question."""
    return [{"role": "user", "content": content}]


def texts(row: Cells, name: str) -> list[str]:
    """A list of texts, none of them blank; missing or null means an empty one."""
    value = row.get(name)
    if is_blank(row, name):
        return []
    if not isinstance(value, list):
        raise RowRefused(
            f"{name} is {quoted(value)}, not a list of texts.",
            next_step=f"Write {name} as a JSON list of strings.",
        )
    return [
        text({called: item}, called)
        for number, item in enumerate(value, start=1)
        if (called := f"{name}, item {number}")
    ]


def whole_number(row: Cells, name: str, *, lowest: int, highest: int) -> int:
    """A whole number within limits."""
    value = row.get(name)
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and lowest <= value <= highest
        and value == int(value)
    ):
        return int(value)
    raise RowRefused(
        f"{name} is {quoted(value)}; allowed are whole numbers from {lowest} to "
        f"{highest}.",
        next_step=f"Correct {name}.",
    )


def json_object(row: Cells, name: str) -> dict[str, Any]:
    """An object of JSON values; missing or null means an empty one."""
    value = row.get(name)
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise RowRefused(
            f"{name} is {quoted(value)}, not an object.",
            next_step=f"Write {name} as a JSON object.",
        )
    plain: dict[str, Any] = json_value(value, name)
    return plain


def labels(row: Cells, names: tuple[str, ...]) -> dict[str, Any]:
    """Those columns a row has of `names`, as JSON values, without the nulls."""
    return {
        name: json_value(row[name], name) for name in names if row.get(name) is not None
    }


def json_value(value: object, name: str, *, depth: int = 1) -> Any:  # noqa: ANN401
    """A value as it can be kept in JSON; Parquet's dates and decimals become text."""
    if depth > _MAX_DEPTH:
        raise RowRefused(
            f"{name} is nested deeper than {_MAX_DEPTH} levels.",
            next_step="Flatten it.",
        )
    match value:
        case dict():
            return {
                clean(key, name): json_value(item, name, depth=depth + 1)
                for key, item in value.items()
            }
        case list():
            return [json_value(item, name, depth=depth + 1) for item in value]
        case str():
            return clean(value, name)
    return _json_scalar(value, name)


def _json_scalar(value: object, name: str) -> int | float | str | None:
    match value:
        case None | bool() | int():
            return value
        case float() if math.isfinite(value):
            return value
        case dt.date() | dt.time():
            return value.isoformat()
        case Decimal() if value.is_finite():
            return str(value)
    raise RowRefused(
        f"{name} holds {quoted(value)}, which is not a JSON value.",
        next_step="Write it as text, or leave it out.",
    )
