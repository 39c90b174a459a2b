"""What every reader yields."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from feedback.corpus.refusals import Reject


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: its number (from 1) and its cells by column."""

    number: int
    cells: dict[str, Any]


def first_repeated(names: Iterable[str]) -> str | None:
    """The first name that stands a second time, in one pass; None if all differ."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


class Reader(Protocol):
    """A file read from its beginning to its end, once, row by row."""

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The header; None where each row brings its own keys."""

    def __iter__(self) -> Iterator[Row | Reject]: ...
