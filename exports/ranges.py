"""Parts of files, as RFC 9110 (section 14) has them: resume instead of beginning anew."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from feedback.common.exceptions import DomainError

_BLOCK_BYTES = 1024 * 1024
_RANGE = re.compile(r"^bytes=([0-9]{0,18})-([0-9]{0,18})$")


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `start` up to, but not with, `stop` of a file of `size` bytes."""

    start: int
    stop: int
    size: int

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the file."""
        return (self.start, self.stop) == (0, self.size)

    @property
    def has_end(self) -> bool:
        """Whether the file's last byte is in it."""
        return self.stop == self.size

    @property
    def content_range(self) -> str:
        """As the header of a 206 says it."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


class Unsatisfiable(DomainError):  # noqa: N818 - a fact, like the others
    """A range that begins behind the end of the file."""

    status = 416
    title = "No such part"

    def __init__(self, *, asked: str, size: int) -> None:
        super().__init__(
            f"The file has {size} bytes; {asked!r} asks for none of them.",
            next_step="You may have all of it already: compare its hash.",
        )
        self.headers = {"Content-Range": f"bytes */{size}"}


def part_asked(*, asked: str, unless: str, etag: str, size: int) -> Part:
    """The part of a file that a request wants.

    What is not understood is ignored, as the standard says: another unit, several
    ranges at once, an end before the start all mean the whole file.

    Args:
        asked: the header Range, or nothing.
        unless: the header If-Range: another tag than the file's asks for all of it.
        etag: the file's, with its quotation marks.
        size: of the file in bytes.

    Raises:
        Unsatisfiable: for a range behind the end.
    """
    whole = Part(0, size, size)
    found = _RANGE.match(asked.replace(" ", ""))
    if found is None or (unless and unless.strip() != etag):
        return whole
    first, last = found[1], found[2]
    if not first and not last:
        return whole
    if not first:
        part = Part(max(0, size - int(last)), size, size)
    else:
        part = Part(int(first), min(int(last) + 1, size) if last else size, size)
        if last and int(last) < int(first):
            return whole
    if part.start >= part.stop:
        raise Unsatisfiable(asked=asked, size=size)
    return part


def blocks_of(path: Path, part: Part) -> Iterator[bytes]:
    """The bytes of a part in blocks, so that memory stays flat."""
    left = part.stop - part.start
    with path.open("rb") as file:
        file.seek(part.start)
        while left and (block := file.read(min(_BLOCK_BYTES, left))):
            left -= len(block)
            yield block
