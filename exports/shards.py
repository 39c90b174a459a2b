"""Writing Parquet that has the same bytes every time.

Same rows, same schema, same row groups, same codec: same bytes. So rows are cut into
groups of a fixed number here, however they arrive, and nothing is left to defaults.
"""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

# Small enough that a group of long notes stays in memory, large enough to compress.
ROWS_A_GROUP = {"ratings": 65_536}
_DEFAULT_ROWS_A_GROUP = 2_048


def shard_path(configuration: str, split: str) -> str:
    """Where a split's only shard lies within the export."""
    return f"{configuration}/{split}-00000-of-00001.parquet"


class Shard:
    """One Parquet file in the making. Without rows there is no file."""

    def __init__(
        self, root: Path, *, configuration: str, split: str, schema: pa.Schema
    ) -> None:
        self.configuration = configuration
        self.split = split
        self.path = shard_path(configuration, split)
        self.n_rows = 0
        self._file = root / self.path
        self._schema = schema
        self._rows_a_group = ROWS_A_GROUP.get(configuration, _DEFAULT_ROWS_A_GROUP)
        self._rows: list[dict[str, Any]] = []
        self._tables: list[pa.Table] = []
        self._n_waiting = 0
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> "Shard":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._flush()
        if self._writer is not None:
            self._writer.close()

    def add_rows(self, rows: Iterable[dict[str, Any]]) -> None:
        """Append rows as dictionaries."""
        self._rows.extend(rows)
        while len(self._rows) >= self._rows_a_group:
            head = self._rows[: self._rows_a_group]
            del self._rows[: self._rows_a_group]
            self._write(pa.Table.from_pylist(head, schema=self._schema))

    def add_table(self, table: pa.Table) -> None:
        """Append rows as a table in the shard's schema."""
        self._tables.append(table)
        self._n_waiting += table.num_rows
        if self._n_waiting < self._rows_a_group:
            return
        waiting = pa.concat_tables(self._tables)
        start = 0
        while waiting.num_rows - start >= self._rows_a_group:
            self._write(waiting.slice(start, self._rows_a_group))
            start += self._rows_a_group
        rest = waiting.slice(start)
        self._tables = [rest] if rest.num_rows else []
        self._n_waiting = rest.num_rows

    def _flush(self) -> None:
        if self._rows:
            self._write(pa.Table.from_pylist(self._rows, schema=self._schema))
        if self._n_waiting:
            self._write(pa.concat_tables(self._tables))

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(
                self._file,
                self._schema,
                compression="zstd",
                compression_level=3,
                version="2.6",
                data_page_version="1.0",
                write_statistics=True,
            )
        self.n_rows += table.num_rows
        self._writer.write_table(table, row_group_size=self._rows_a_group)
