"""Parquet: typed columns, read a few rows at a time."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from feedback.corpus.reading.rows import Row, first_repeated
from feedback.corpus.refusals import FileRefused, Reject, quoted

# Few: a file of some hundred bytes can say one long text for each of many rows.
_ROWS_A_BATCH = 16
_BUFFER_BYTES = 1024 * 1024


class ParquetRows:
    """Rows of a Parquet file."""

    columns: tuple[str, ...]

    def __init__(self, path: Path) -> None:
        try:
            # Streamed page by page: a row group may be larger than memory.
            self._file = pq.ParquetFile(
                path, buffer_size=_BUFFER_BYTES, pre_buffer=False, memory_map=False
            )
        except (pa.ArrowException, OSError) as error:
            raise _broken(error) from None
        self.columns = tuple(self._file.schema_arrow.names)
        if (name := first_repeated(self.columns)) is not None:
            raise FileRefused(
                f"Column {quoted(name)} stands twice.", next_step="Keep one."
            )

    def __iter__(self) -> Iterator[Row | Reject]:
        row_no = 0
        try:
            for batch in self._file.iter_batches(
                batch_size=_ROWS_A_BATCH, use_threads=False
            ):
                for cells in batch.to_pylist():
                    row_no += 1
                    yield Row(row_no, cells)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise _broken(error, after=row_no) from None


def _broken(error: Exception, *, after: int = 0) -> FileRefused:
    where = f" after row {after}" if after else ""
    return FileRefused(
        f"The Parquet file cannot be read{where}: {quoted(str(error))}.",
        next_step="Write it again; it may be cut off, encrypted or not valid UTF-8.",
    )
