"""Marks as the page sends them, and the text they were made in.

The page counts code points of the text it shows. Where a name is masked that text is
not the stored one, so every offset goes through `ShownText`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from feedback.common.exceptions import Invalid
from feedback.common.text import forbidden_character
from feedback.corpus.identity import Leak, MaskMap, masked
from feedback.rating.answers import MarkDraft, checked_text

MAX_MARKS = 1000
_SHORT = 40


@dataclass(frozen=True, slots=True)
class ShownText:
    """A completion's text as one study shows it.

    Attributes:
        stored: the content, which offsets in the database count in.
        leaks: the places that are masked; empty if the study shows them.
    """

    stored: str
    leaks: tuple[Leak, ...] = ()

    @property
    def text(self) -> str:
        """What the page shows."""
        return masked(self.stored, self.leaks)

    def to_stored(self, start: int, end: int) -> tuple[int, int]:
        """The stored range behind a shown one; a touched mask counts as a whole."""
        if not self.leaks:
            return start, end
        return MaskMap(self.leaks).to_stored(start, end)

    def to_shown(self, start: int, end: int) -> tuple[int, int]:
        """The shown range of a stored one."""
        if not self.leaks:
            return start, end
        return MaskMap(self.leaks).to_shown(start, end)


def marks_from(
    posted: str, *, order: Sequence[int], texts: Sequence[ShownText]
) -> tuple[MarkDraft, ...]:
    """Read the page's list of marks.

    Args:
        posted: JSON, as docs/reference/views.md describes it; empty for none.
        order: positions of the items as shown.
        texts: of the items, by position.

    Raises:
        Invalid: if it is not such a list, or a quote is not what stands at its place.
    """
    if not posted:
        return ()
    try:
        rows = _rows(posted)
        numbers = {row["id"]: number for number, row in enumerate(rows)}
        return tuple(
            _mark(row, number, numbers=numbers, order=order, texts=texts)
            for number, row in enumerate(rows)
        )
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        RecursionError,
    ) as error:
        raise _unreadable("The page sent marks that cannot be read.") from error


def _rows(posted: str) -> list[dict[str, Any]]:
    """The list as JSON has it, with no character that cannot be stored or shown.

    Raises:
        ValueError: for anything else; RecursionError if it is nested too deeply.
    """
    rows: Any = json.loads(posted)
    if not isinstance(rows, list) or len(rows) > MAX_MARKS:
        raise ValueError(f"not a list of at most {MAX_MARKS} marks")
    if offence := forbidden_character(json.dumps(rows, ensure_ascii=False)):
        raise ValueError(offence)
    return list(rows)


def _unreadable(message: str) -> Invalid:
    return Invalid(
        message,
        next_step="Reload the page; marks that are saved in the draft come back.",
        fields={"marks": message},
    )


def _mark(
    row: dict[str, Any],
    number: int,
    *,
    numbers: dict[str, int],
    order: Sequence[int],
    texts: Sequence[ShownText],
) -> MarkDraft:
    item = order[_whole(row["item"])]
    shown = texts[item]
    start, end = _whole(row["start"]), _whole(row["end"])
    quote = str(row.get("quote", ""))
    if not start <= end <= len(shown.text) or shown.text[start:end] != quote:
        there = shown.text[start:end][:_SHORT]
        raise _unreadable(
            f"Mark {number + 1} quotes “{quote[:_SHORT]}”, but the text has “{there}” "
            "there."
        )
    start, end = shown.to_stored(start, end)
    return MarkDraft(
        item=item,
        start=start,
        end=end,
        quote=shown.stored[start:end],
        label=str(row["label"]),
        severity=str(row["severity"]),
        suggestion=_text(row, "suggestion"),
        assertions=tuple(str(one) for one in row.get("assertions", [])),
        code_system=_text(row, "code_system"),
        code=_text(row, "code"),
        relations=tuple(
            (numbers[one["to"]], str(one["kind"])) for one in row.get("relations", [])
        ),
    )


def _whole(value: object) -> int:
    if type(value) is int and value >= 0:
        return value
    raise ValueError(f"{value!r} is not a whole number from 0")


def _text(row: dict[str, Any], name: str) -> str:
    return checked_text(
        str(row.get(name, "")).strip(), name="marks", called=f"mark's {name}"
    )
