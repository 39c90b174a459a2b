"""Lines of a file as bytes, never more than one bounded line in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_LINE_BYTES = 16 * 1024 * 1024
_SKIP_BYTES = 1024 * 1024
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its end; `content` is None where it is longer than the limit."""

    number: int
    offset: int
    content: bytes | None


def read_lines(file: BinaryIO, *, max_bytes: int = MAX_LINE_BYTES) -> Iterator[Line]:
    r"""Yield the lines of `file`, split at `\n`, without a UTF-8 byte order mark."""
    offset = number = 0
    while raw := file.readline(max_bytes + 1):
        number += 1
        start = offset
        offset += len(raw)
        if len(raw) > max_bytes and not raw.endswith(b"\n"):
            del raw
            offset += _skip_line(file)
            yield Line(number=number, offset=start, content=None)
            continue
        if number == 1 and raw.startswith(_BOM):
            raw, start = raw[len(_BOM) :], len(_BOM)
        yield Line(number=number, offset=start, content=raw.removesuffix(b"\n"))


def _skip_line(file: BinaryIO) -> int:
    """Read on to the end of the line, keeping nothing; return how many bytes."""
    n_bytes = 0
    while piece := file.readline(_SKIP_BYTES):
        n_bytes += len(piece)
        if piece.endswith(b"\n"):
            break
    return n_bytes
