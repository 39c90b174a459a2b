"""CSV: a header, then one record after another, quoted cells over several lines."""

import csv
from collections.abc import Iterator
from typing import BinaryIO

from feedback.corpus.reading.jsonl import not_utf8
from feedback.corpus.reading.lines import MAX_LINE_BYTES, Line, read_lines
from feedback.corpus.reading.rows import Row, first_repeated
from feedback.corpus.refusals import FileRefused, Reject, RowRefused, quoted

_DELIMITERS = ",;\t"
# Process-wide. _Records bounds a whole row by half of it and speaks first.
csv.field_size_limit(2 * MAX_LINE_BYTES)


class _Records:
    """Text lines for the csv module, and what is wrong with them.

    Bytes that are not UTF-8 pass as surrogates, so that a record is read to its end
    before it is refused; the first of them is remembered.
    """

    def __init__(self, lines: Iterator[Line], *, max_bytes: int) -> None:
        self._lines = lines
        self._max_bytes = max_bytes
        self.row_no = 0
        self._n_bytes = 0
        self._problem: RowRefused | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._n_bytes += len(line.content or b"") + 1
        if line.content is None or self._n_bytes > self._max_bytes + 1:
            raise FileRefused(
                f"Row {self.row_no} (line {line.number}) is longer than "
                f"{self._max_bytes // 1024 // 1024} MiB; a quote may be open.",
                next_step="Close the quote, or double a quote inside a quoted cell.",
            )
        try:
            return line.content.decode() + "\n"
        except UnicodeDecodeError as error:
            self._problem = self._problem or not_utf8(
                line.content[error.start], offset=line.offset + error.start
            )
            return line.content.decode(errors="replace") + "\n"

    def begin(self, row_no: int) -> None:
        """A record begins."""
        self.row_no = row_no
        self._n_bytes = 0
        self._problem = None

    def check(self) -> None:
        """Refuse the record just read if a byte of it was not UTF-8."""
        if self._problem is not None:
            raise self._problem


class Delimited:
    """Rows of a CSV file; row 1 is the first after the header."""

    columns: tuple[str, ...]

    def __init__(self, file: BinaryIO, *, max_bytes: int = MAX_LINE_BYTES) -> None:
        head = file.readline(max_bytes)
        file.seek(0)
        self._records = _Records(
            read_lines(file, max_bytes=max_bytes), max_bytes=max_bytes
        )
        self._reader = csv.reader(
            self._records, delimiter=_delimiter(head), strict=True
        )
        self.columns = self._header()

    def __iter__(self) -> Iterator[Row | Reject]:
        row_no = 0
        while True:
            try:
                self._records.begin(row_no + 1)
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                row_no += 1
                yield self._broken(error).at(row_no)
                continue
            if not cells:
                continue
            row_no += 1
            try:
                yield Row(row_no, self._named(cells))
            except RowRefused as refusal:
                yield refusal.at(row_no)

    def _header(self) -> tuple[str, ...]:
        try:
            names = tuple(name.strip() for name in next(self._reader))
            self._records.check()
        except StopIteration:
            raise FileRefused(
                "The file holds no rows.", next_step="Choose a file with rows in it."
            ) from None
        except (csv.Error, RowRefused) as error:
            raise FileRefused(
                f"The header cannot be read: {error}",
                next_step="Write the column names on the first line, in UTF-8.",
            ) from None
        if not names:
            raise FileRefused(
                "The first line is blank.",
                next_step="Write the column names on the first line.",
            )
        if not all(names):
            raise FileRefused(
                f"Column {names.index('') + 1} of {len(names)} has no name.",
                next_step="Name each column on the first line.",
            )
        if (name := first_repeated(names)) is not None:
            raise FileRefused(
                f"Column {quoted(name)} stands twice in the header.",
                next_step="Keep one of them.",
            )
        return names

    def _named(self, cells: list[str]) -> dict[str, str]:
        self._records.check()
        if len(cells) != len(self.columns):
            raise RowRefused(
                f"The row has {len(cells)} cells, the header {len(self.columns)}.",
                next_step="Put cells with commas, quotes or line breaks in quotes.",
            )
        return dict(zip(self.columns, cells, strict=True))

    def _broken(self, error: csv.Error) -> RowRefused:
        if "unexpected end of data" in str(error):
            raise FileRefused(
                f"Row {self._records.row_no} opens a quote that is never closed.",
                next_step="Close the quote, or double a quote inside a quoted cell.",
            )
        if "new-line character" in str(error):
            return RowRefused(
                "The row holds a carriage return outside quotes.",
                next_step="Put the cell in quotes, or save with usual line ends.",
            )
        return RowRefused(
            f"The row is not valid CSV: {error}.",
            next_step="Double each quote inside a quoted cell.",
        )


def _delimiter(head: bytes) -> str:
    """The delimiter that the header uses; spreadsheets write semicolons and tabs."""
    text = head.decode(errors="replace")
    return max(_DELIMITERS, key=text.count)
