"""The raw ratings, streamed: PostgreSQL's COPY into Arrow into Parquet.

No row becomes a Python object, and memory does not grow with their number.
"""

import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
from django.db import connection, transaction

from exports.models import Snapshot
from exports.shards import Shard

if TYPE_CHECKING:
    from psycopg import Copy

_BLOCK_BYTES = 4 * 1024 * 1024

# In the order of the schema's columns, after the split. The snapshot's key is our own
# integer: COPY takes no parameters.
_RATINGS = """
    SELECT m.split, j.uid AS judgment_uid, p.uid AS prompt_uid,
        c.uid AS completion_uid, m.group_id, k.key AS criterion,
        k.kind AS criterion_kind, r.turn_no AS turn, r.value,
        array_to_string(r.choices, ',') AS value_choices,
        nullif(r.text, '') AS value_text, r.is_not_applicable,
        r.is_outside_practice, j.is_unblinded, w.key AS rater_id,
        nullif(w.specialty, '') AS rater_specialty,
        w.is_simulated AS rater_is_simulated, v.name AS source_model,
        'v' || g.number AS guideline_version, j.active_seconds,
        j.created_at AT TIME ZONE 'UTC' AS created_at,
        nullif(p.specialty, '') AS specialty, nullif(p.locale, '') AS locale,
        nullif(p.note_type, '') AS note_type, p.is_synthetic
    FROM exports_snapshotmember m
    JOIN rating_judgment j ON j.id = m.judgment_id
    JOIN exports_snapshotrater w
        ON w.snapshot_id = m.snapshot_id AND w.rater_id = j.rater_id
    JOIN studies_guidelineversion g ON g.id = j.guideline_version_id
    JOIN rating_criterionrating r ON r.judgment_id = m.judgment_id
    JOIN studies_criterion k ON k.id = r.criterion_id
    JOIN corpus_completion c ON c.id = r.completion_id
    JOIN corpus_prompt p ON p.id = c.prompt_id
    LEFT JOIN corpus_modelversion v ON v.id = c.model_version_id
    WHERE m.snapshot_id = {snapshot}
    ORDER BY r.judgment_id, r.completion_id, r.criterion_id, r.turn_no
"""


class _CopyStream(io.RawIOBase):
    """A COPY as the file that the CSV reader wants."""

    def __init__(self, copy: "Copy") -> None:
        self._copy = copy
        self._rest = b""

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
    texts = column.to_pylist()
    return pa.array(
        [None if t is None else [one for one in t.split(",") if one] for t in texts],
        kind,
    )


def _tables(snapshot: Snapshot, schema: pa.Schema) -> Iterator[pa.Table]:
    sql = _RATINGS.format(snapshot=int(snapshot.pk))
    with transaction.atomic(), connection.cursor() as cursor:
        # The spelling of times must not depend on the server's settings.
        cursor.execute("SET LOCAL datestyle = 'ISO'")
        with cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)") as copy:
            for batch in _reader(_CopyStream(copy), schema):
                yield _with_lists(pa.Table.from_batches([batch]), schema)


def write_ratings(
    snapshot: Snapshot, *, shards: Mapping[str, Shard], schema: pa.Schema
) -> None:
    """Write every rating of a snapshot's members into its split's shard."""
    for table in _tables(snapshot, schema):
        for split, shard in shards.items():
            rows = table.filter(pc.equal(table["split"], split))
            shard.add_table(rows.drop_columns(["split"]).cast(schema))
