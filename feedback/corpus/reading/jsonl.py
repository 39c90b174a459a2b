"""JSON lines: one object a line."""

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

from feedback.corpus.reading.lines import MAX_LINE_BYTES, read_lines
from feedback.corpus.reading.rows import Row, first_repeated
from feedback.corpus.refusals import Reject, RowRefused, quoted

MAX_DEPTH = 64
# A string (closed or not, so that the scan stays linear) or one bracket.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{\]}]', re.DOTALL)


class JsonLines:
    """Rows of a JSON lines file; the row number is the line number."""

    columns = None

    def __init__(self, file: BinaryIO, *, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._file = file
        self._max_line_bytes = max_line_bytes

    def __iter__(self) -> Iterator[Row | Reject]:
        for line in read_lines(self._file, max_bytes=self._max_line_bytes):
            try:
                if line.content is None:
                    raise too_long(self._max_line_bytes)
                if line.content.strip():
                    cells = parse_object(line.content, offset=line.offset)
                    yield Row(line.number, cells)
            except RowRefused as refusal:
                yield refusal.at(line.number)


def too_long(max_bytes: int) -> RowRefused:
    """The refusal of a line above the limit."""
    return RowRefused(
        f"The line is longer than {max_bytes // 1024 // 1024} MiB.",
        next_step="Split the row; check that each row stands on a line of its own.",
    )


def not_utf8(byte: int, *, offset: int) -> RowRefused:
    """The refusal of a line in another encoding; `offset` counts from 0."""
    return RowRefused(
        f"Byte 0x{byte:02X} at offset {offset} of the file is not UTF-8.",
        next_step="Save the file as UTF-8; it may be Windows-1252 or Latin-1 now.",
    )


def parse_object(line: bytes, *, offset: int = 0) -> dict[str, Any]:
    """Parse one line into an object.

    Raises:
        RowRefused: if it is not UTF-8, not JSON, nested deeper than MAX_DEPTH, not an
            object, names a key twice, or holds NaN or an infinity.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        bad = line[error.start]
        raise not_utf8(bad, offset=offset + error.start) from None
    if _is_too_deep(line):
        raise RowRefused(
            f"The JSON is nested deeper than {MAX_DEPTH} levels.",
            next_step="Flatten it; no column needs more than a list of objects.",
        )
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" at")
        raise RowRefused(
            f"The line is not valid JSON: {what} at character {error.pos + 1}.",
            next_step="Write one complete JSON object on each line.",
        ) from None
    except ValueError:
        # Python's own bound, which keeps a long line from taking minutes.
        raise RowRefused(
            "The line holds a number of more than 4,300 digits.",
            next_step="Write it as text.",
        ) from None
    if not isinstance(value, dict):
        raise RowRefused(
            f"The line is {quoted(value)}, not a JSON object.",
            next_step='Write one object on each line: {"prompt": …}.',
        )
    return value


def _is_too_deep(line: bytes) -> bool:
    if line.count(b"[") + line.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for token in _TOKEN.finditer(line):
        if (kind := token.group()[:1]) in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif kind in b"]}":
            depth -= 1
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        twice = first_repeated(name for name, _ in pairs)
        raise RowRefused(
            f"Key {quoted(twice)} stands twice in one object.",
            next_step="Keep one of them; which one counts is not for us to guess.",
        )
    return result


def _constant(name: str) -> NoReturn:
    raise RowRefused(
        f"{name} is not a JSON value.",
        next_step="Write null, or leave the key out.",
    )


def _float(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise RowRefused(
            f"The number {quoted(text)} is too large.",
            next_step="Write it as text, or leave the key out.",
        )
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_float
)
