"""Files as rows: JSON lines, CSV and Parquet, memory flat in the file's size.

`open_rows` finds the format by content, then by the name's ending. What is wrong with
one row comes as a Reject in its place; what is wrong with the file is a FileRefused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from feedback.corpus.reading.delimited import Delimited
from feedback.corpus.reading.jsonl import JsonLines
from feedback.corpus.reading.lines import MAX_LINE_BYTES
from feedback.corpus.reading.parquet import ParquetRows
from feedback.corpus.reading.rows import Reader, Row
from feedback.corpus.refusals import FileRefused

__all__ = ["MAX_LINE_BYTES", "Reader", "Row", "open_rows"]

_HEAD_BYTES = 4096
_BUFFER_BYTES = 256 * 1024
_CSV_ENDINGS = {".csv", ".tsv"}
_JSON_ENDINGS = {".jsonl", ".ndjson", ".json"}
_FORMATS = "JSON lines (.jsonl), CSV (.csv) or Parquet (.parquet)"
# First bytes -> what it is and what to do. UTF-32 before UTF-16: they begin alike.
_STRANGERS = {
    b"\xff\xfe\x00\x00": ("UTF-32 text", "Save it as UTF-8."),
    b"\x00\x00\xfe\xff": ("UTF-32 text", "Save it as UTF-8."),
    b"\xff\xfe": ("UTF-16 text (little-endian)", "Save it as UTF-8."),
    b"\xfe\xff": ("UTF-16 text (big-endian)", "Save it as UTF-8."),
    b"\x1f\x8b": ("a gzip archive", "Unpack it first."),
    b"PK\x03\x04": ("a zip archive or a spreadsheet", "Unpack it, or save it as CSV."),
    b"\x28\xb5\x2f\xfd": ("a zstd archive", "Unpack it first."),
    b"%PDF": ("a PDF", f"Choose {_FORMATS}."),
}


@contextmanager
def open_rows(path: Path, *, file_name: str) -> Iterator[Reader]:
    """Open a file for reading row by row.

    Args:
        path: where the bytes are.
        file_name: the name that the person gave it; its ending may decide the format.

    Raises:
        FileRefused: if the file as a whole cannot be read.
    """
    with path.open("rb", buffering=_BUFFER_BYTES) as file:
        head = file.read(_HEAD_BYTES)
        file.seek(0)
        if head.startswith(b"PAR1"):
            yield ParquetRows(path)
            return
        _refuse_strangers(head, file_name=file_name)
        if _is_json(head, ending=PurePath(file_name).suffix.lower()):
            yield JsonLines(file)
        else:
            yield Delimited(file)


def _refuse_strangers(head: bytes, *, file_name: str) -> None:
    if not head.strip():
        what = "only blank space" if head else "empty (0 bytes)"
        raise FileRefused(
            f"{file_name} is {what}.", next_step="Choose a file with rows in it."
        )
    for first, (what, next_step) in _STRANGERS.items():
        if head.startswith(first):
            raise FileRefused(f"{file_name} is {what}.", next_step=next_step)
    if b"\x00" in (head[0:1], head[1:2]) and head.strip(b"\x00"):
        raise FileRefused(
            f"{file_name} looks like UTF-16 text without a mark.",
            next_step="Save it as UTF-8.",
        )


def _is_json(head: bytes, *, ending: str) -> bool:
    """Whether the text is JSON lines; the alternative is CSV."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"[") and ending in _JSON_ENDINGS:
        raise FileRefused(
            "The file is one JSON array.",
            next_step="Write one object on each line, e.g. with: jq -c '.[]'",
        )
    if ending in _CSV_ENDINGS:
        return False
    return ending in _JSON_ENDINGS or text.startswith(b"{")
