"""What changed from one exported folder to another, row by row, from the Parquet files.

Memory stays flat: the rows of a configuration are dealt into buckets on disk by the
hash of their name, and one bucket at a time is compared.
"""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

import pyarrow.parquet as pq

_ROWS_A_BUCKET = 50_000
_ROWS_A_BATCH = 4_096
# Pseudonyms are drawn anew for each snapshot; that they differ says nothing.
_OF_ITS_SNAPSHOT = frozenset({"rater_id"})
_HASH_CHARACTERS = 32

# Configuration -> column -> Arrow type.
Shape = dict[str, dict[str, str]]


class Kind(StrEnum):
    """What happened to a row."""

    ADDED = "added"
    WITHDRAWN = "withdrawn"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is not in both folders alike.

    Attributes:
        configuration: where it is.
        example_id: its name; of raw rows the uid of their judgment.
        kind: what happened to it.
        before: uids of the judgments it rested on; none if it was added.
        after: uids of those it rests on now; none if it was withdrawn.
    """

    configuration: str
    example_id: str
    kind: Kind
    before: frozenset[str]
    after: frozenset[str]


def files_by_configuration(folder: Path) -> dict[str, list[Path]]:
    """The Parquet files of an export, by configuration, both sorted."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*/*.parquet")):
        found.setdefault(path.parent.name, []).append(path)
    return found


def shape_of(folder: Path) -> Shape:
    """Columns and types of every configuration that has rows."""
    return {
        name: {
            field.name: str(field.type)
            for path in paths
            for field in pq.read_schema(path)
        }
        for name, paths in files_by_configuration(folder).items()
    }


@dataclass(frozen=True, slots=True)
class ShapeChange:
    """What a trainer's code could trip over, or could use anew."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    columns_changed: tuple[str, ...]

    @property
    def breaks(self) -> bool:
        """Whether code for the older folder may fail on the newer one."""
        return bool(self.removed or self.columns_removed or self.columns_changed)

    @property
    def extends(self) -> bool:
        """Whether there is something new to load."""
        return bool(self.added or self.columns_added)


def shape_change(older: Shape, newer: Shape) -> ShapeChange:
    """Compare two shapes; a column is named `configuration.column`."""

    def columns(names: Iterable[tuple[str, str]]) -> tuple[str, ...]:
        return tuple(sorted(f"{name}.{column}" for name, column in names))

    old = {(n, c): t for n in older.keys() & newer.keys() for c, t in older[n].items()}
    new = {(n, c): t for n in older.keys() & newer.keys() for c, t in newer[n].items()}
    return ShapeChange(
        added=tuple(sorted(newer.keys() - older.keys())),
        removed=tuple(sorted(older.keys() - newer.keys())),
        columns_added=columns(new.keys() - old.keys()),
        columns_removed=columns(old.keys() - new.keys()),
        columns_changed=columns(
            key for key in old.keys() & new.keys() if old[key] != new[key]
        ),
    )


def row_counts(folder: Path) -> Counter[str]:
    """Rows of every configuration, from the files' footers."""
    return Counter(
        {
            name: sum(pq.read_metadata(path).num_rows for path in paths)
            for name, paths in files_by_configuration(folder).items()
        }
    )


def changes(older: Path, newer: Path) -> Iterator[Change]:
    """Every row that was added, withdrawn or changed, configuration by configuration.

    Args:
        older: an exported folder.
        newer: another one.

    Yields:
        Changes, in no particular order within a configuration.
    """
    old, new = files_by_configuration(older), files_by_configuration(newer)
    n_rows = row_counts(older) | row_counts(newer)
    for name in sorted(old.keys() | new.keys()):
        with tempfile.TemporaryDirectory() as place:
            n_buckets = 1 + n_rows[name] // _ROWS_A_BUCKET
            left = _Buckets(Path(place), "old", n_buckets)
            right = _Buckets(Path(place), "new", n_buckets)
            left.deal(old.get(name, []))
            right.deal(new.get(name, []))
            for number in range(n_buckets):
                yield from _bucket_changes(name, left.read(number), right.read(number))


# Name of a row -> hashes of its content (raw rows share a name) and its judgments.
_Rows = dict[str, tuple[list[str], frozenset[str]]]


def _bucket_changes(name: str, old: _Rows, new: _Rows) -> Iterator[Change]:
    nothing: frozenset[str] = frozenset()
    for key, (content, judgments) in new.items():
        before = old.pop(key, None)
        if before is None:
            yield Change(name, key, Kind.ADDED, nothing, judgments)
        elif sorted(before[0]) != sorted(content):
            yield Change(name, key, Kind.CHANGED, before[1], judgments)
    for key, (_content, judgments) in old.items():
        yield Change(name, key, Kind.WITHDRAWN, judgments, nothing)


class _Buckets:
    """Rows dealt out on disk, so that equal names of two folders meet in one bucket."""

    def __init__(self, place: Path, side: str, n_buckets: int) -> None:
        self._paths = [place / f"{side}-{number}" for number in range(n_buckets)]

    def deal(self, files: Iterable[Path]) -> None:
        """Write name, hash and judgments of every row into its bucket."""
        open_files = [path.open("w", encoding="utf-8") for path in self._paths]
        try:
            for row in _rows(files):
                self._put(open_files, row)
        finally:
            for file in open_files:
                file.close()

    def _put(self, open_files: Sequence[IO[str]], row: Mapping[str, Any]) -> None:
        key = key_of(row)
        number = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16)
        line = [key, _content_hash(row), sorted(judgments_of(row))]
        open_files[number % len(open_files)].write(json.dumps(line) + "\n")

    def read(self, number: int) -> _Rows:
        """One bucket, by name."""
        rows: _Rows = {}
        with self._paths[number].open(encoding="utf-8") as file:
            for line in file:
                key, sha256, judgments = json.loads(line)
                hashes, known = rows.get(key, ([], frozenset[str]()))
                rows[key] = ([*hashes, sha256], known | set(judgments))
        return rows


def _rows(files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for path in files:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_ROWS_A_BATCH):
                yield from batch.to_pylist()


def key_of(row: Mapping[str, Any]) -> str:
    """What names a row: its `example_id`; of raw rows the judgment's uid."""
    return str(row.get("example_id") or row["judgment_uid"])


def judgments_of(row: Mapping[str, Any]) -> frozenset[str]:
    """Uids of the judgments that a row rests on."""
    if "judgment_uids" in row:
        return frozenset(row["judgment_uids"])
    one = row.get("judgment_uid")
    return frozenset({one} if one else ())


def _content_hash(row: Mapping[str, Any]) -> str:
    content = {k: v for k, v in row.items() if k not in _OF_ITS_SNAPSHOT}
    # Moments become text, wherever they are.
    whole = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(whole.encode()).hexdigest()[:_HASH_CHARACTERS]
