"""A snapshot's folder as one ZIP, made while it is sent, the same bytes every time."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

_BLOCK_BYTES = 1024 * 1024
# ZIP's earliest date: the files' own dates differ from one writing to the next.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_READABLE = 0o100644 << 16


class _Pipe(io.RawIOBase):
    """Takes what the ZIP writer writes and hands it on; it cannot seek."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        """Keep a piece until it is taken."""
        self._chunks.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """Everything written since the last call."""
        whole = b"".join(self._chunks)
        self._chunks.clear()
        return whole


def zip_stream(folder: Path, paths: Iterable[str], *, root: str) -> Iterator[bytes]:
    """Pieces of a ZIP of some files of a folder, stored without compression.

    Parquet is compressed already. Memory stays flat, whatever the files' size.

    Args:
        folder: where the files lie.
        paths: relative to it; their order is the archive's.
        root: the folder's name inside the archive.
    """
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for path in paths:
            entry = zipfile.ZipInfo(f"{root}/{path}", date_time=_NO_DATE)
            entry.create_system = _UNIX
            entry.external_attr = _READABLE
            entry.file_size = (folder / path).stat().st_size
            with (folder / path).open("rb") as file, archive.open(entry, "w") as out:
                while block := file.read(_BLOCK_BYTES):
                    out.write(block)
                    yield pipe.take()
            yield pipe.take()
    yield pipe.take()
