"""PostgreSQL's COPY as Arrow tables: no row becomes a Python object.

Memory does not grow with the number of rows.
"""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
from django.db import connection, transaction

if TYPE_CHECKING:
    from psycopg import Copy

_BLOCK_BYTES = 4 * 1024 * 1024


class _CopyStream(io.RawIOBase):
    """A COPY as the file that the CSV reader wants."""

    def __init__(self, copy: "Copy") -> None:
        self._copy = copy
        self._rest = b""

    def is_empty(self) -> bool:
        """Whether nothing comes; asked before anything is read."""
        self._rest = bytes(self._copy.read())
        return not self._rest

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; less only at the end."""
        parts, n_bytes = [self._rest], len(self._rest)
        while size < 0 or n_bytes < size:
            row = self._copy.read()
            if not row:
                break
            parts.append(bytes(row))
            n_bytes += len(row)
        whole = b"".join(parts)
        if size < 0:
            size = len(whole)
        self._rest = whole[size:]
        return whole[:size]


def _reader(stream: _CopyStream, schema: pa.Schema) -> pcsv.CSVStreamingReader:
    types: dict[str, Any] = {"split": pa.string()}
    for field in schema:
        types[field.name] = _csv_type(field.type)
    return pcsv.open_csv(
        pa.PythonFile(stream, mode="r"),
        read_options=pcsv.ReadOptions(
            column_names=list(types), block_size=_BLOCK_BYTES
        ),
        parse_options=pcsv.ParseOptions(newlines_in_values=True),
        convert_options=pcsv.ConvertOptions(
            column_types=types,
            # COPY writes null as nothing and the empty string as "".
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


def _csv_type(kind: pa.DataType) -> pa.DataType:
    """The type a column is read as, from which it becomes `kind`."""
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    return pa.string() if pa.types.is_list(kind) else kind


def _with_lists(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Turn "a,b" into lists; an empty text is an empty list."""
    for field in schema:
        if pa.types.is_list(field.type):
            at = table.schema.get_field_index(field.name)
            table = table.set_column(at, field.name, _lists(table[at], field.type))
    return table


def _lists(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    if column.null_count == len(column):
        # As for every rating of a scale: nothing to look at one by one.
        return pa.nulls(len(column), kind)
    texts = column.combine_chunks()
    split = pc.split_pattern(texts, ",")
    names = pc.list_flatten(split)
    lengths = pc.if_else(pc.equal(texts, ""), 0, pc.list_value_length(split))
    ends = np.cumsum(pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False))
    offsets = pa.array(np.concatenate(([0], ends)), pa.int32())
    return pa.ListArray.from_arrays(
        offsets,
        names.filter(pc.not_equal(names, "")),
        mask=pc.is_null(texts),
    ).cast(kind)


def tables_of(sql: str, schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of a query in blocks, still to be cast to the schema.

    Args:
        sql: gives `split` and then the schema's columns in their order; lists as text
            with commas between names that have none. COPY takes no parameters.
        schema: what the columns become.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # The spelling of times must not depend on the server's settings.
        cursor.execute("SET LOCAL datestyle = 'ISO'")
        with cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)") as copy:
            stream = _CopyStream(copy)
            if stream.is_empty():
                return
            for batch in _reader(stream, schema):
                yield _with_lists(pa.Table.from_batches([batch]), schema)
