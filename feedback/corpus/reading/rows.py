"""What every reader yields."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from feedback.corpus.refusals import Reject


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: its number (from 1) and its cells by column."""

    number: int
    cells: dict[str, Any]


class Reader(Protocol):
    """A file read from its beginning to its end, once, row by row."""

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The header; None where each row brings its own keys."""

    def __iter__(self) -> Iterator[Row | Reject]: ...
