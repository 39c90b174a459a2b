"""Files people brought in, kept once under the hash of their content."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from feedback.corpus.refusals import FileRefused

_PIECE_BYTES = 1024 * 1024


class TooLarge(FileRefused):
    """The file is above the limit of this installation."""

    status = 413


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the store."""

    path: Path
    sha256: str
    n_bytes: int


def stored_path(directory: Path, sha256: str) -> Path:
    """Where the content with this hash is kept."""
    return directory / sha256[:2] / sha256


def store_upload(
    *, chunks: Iterable[bytes], directory: Path, max_bytes: int
) -> StoredFile:
    """Write an upload under its content's hash; the same content twice is one file.

    Raises:
        TooLarge: once more than `max_bytes` have come; nothing is kept.
    """
    digest, n_bytes = hashlib.sha256(), 0
    with _scratch(directory) as (file, scratch):
        for chunk in chunks:
            n_bytes += len(chunk)
            if n_bytes > max_bytes:
                raise too_large(max_bytes)
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
        path = stored_path(directory, digest.hexdigest())
        path.parent.mkdir(exist_ok=True)
        scratch.replace(path)
    return StoredFile(path=path, sha256=digest.hexdigest(), n_bytes=n_bytes)


def too_large(max_bytes: int) -> TooLarge:
    """The refusal of a file above the limit."""
    return TooLarge(
        f"The file is larger than {max_bytes:,} bytes, the limit here.",
        next_step="Split it, or have CONSILIUM_MAX_IMPORT_BYTES raised.",
    )


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """The content of an open file in pieces."""
    while piece := file.read(_PIECE_BYTES):
        yield piece


@contextmanager
def _scratch(directory: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A file in `directory` that is gone afterwards unless it was renamed."""
    directory.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=directory, prefix="incoming-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file, Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
