"""What the shards hold, read back row group by row group: lengths, labels, an example.

Memory stays that of one row group, whatever the number of rows.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

# Marks that trainers cut or drop at, in tokens, and what a token is taken to be.
TOKEN_MARKS = (1024, 2048, 4096)
CHARACTERS_A_TOKEN = 4
# Upper ends of the bins in characters: up to half of the first mark, to it, and so on.
LENGTH_BINS = tuple(
    tokens * CHARACTERS_A_TOKEN for tokens in (256, 512, *TOKEN_MARKS, 8192)
)
TRAITS = ("specialty", "locale", "note_type", "is_synthetic")
_TURNS = ("messages", "prompt", "completion", "chosen", "rejected")


@dataclass(slots=True)
class Measured:
    """One configuration over all of its splits.

    Attributes:
        example: the first row of its first split.
        lengths: rows per bin of LENGTH_BINS and one bin above, of the training splits.
        n_above: rows longer than each of TOKEN_MARKS.
        labels: what is balanced (a label, which kind of pair) -> rows.
        strata: (split, trait, value) -> rows.
    """

    example: dict[str, Any] = field(default_factory=dict)
    lengths: list[int] = field(default_factory=lambda: [0] * (len(LENGTH_BINS) + 1))
    n_above: dict[int, int] = field(
        default_factory=lambda: dict.fromkeys(TOKEN_MARKS, 0)
    )
    labels: Counter[str] = field(default_factory=Counter)
    strata: Counter[tuple[str, str, str]] = field(default_factory=Counter)


def measure(folder: Path, splits: Sequence[tuple[str, Path]]) -> Measured:
    """Read one configuration's shards.

    Args:
        folder: of the export.
        splits: split and path of each shard, relative to the folder, in order.
    """
    measured = Measured()
    for split, path in splits:
        for group in _row_groups(folder / path):
            if not measured.example:
                (measured.example,) = group.slice(0, 1).to_pylist()
            _add(measured, split, group)
    return measured


def _row_groups(path: Path) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number)


def _add(measured: Measured, split: str, group: pa.Table) -> None:
    for trait in TRAITS:
        if trait in group.column_names:
            for value, n in _counts(group[trait]).items():
                measured.strata[split, trait, value] += n
    if "label" in group.column_names:
        measured.labels.update(_counts(group["label"]))
    elif "pair_source" in group.column_names:
        measured.labels.update(_counts(group["pair_source"]))
    elif "text_source" in group.column_names:
        measured.labels.update(_counts(group["text_source"]))
    lengths = _lengths(group)
    if lengths is None:
        return
    edges = [0, *(limit + 1 for limit in LENGTH_BINS), np.inf]
    found, _ = np.histogram(lengths, bins=edges)
    measured.lengths = [
        a + int(b) for a, b in zip(measured.lengths, found, strict=True)
    ]
    for mark in TOKEN_MARKS:
        n_above = int((lengths > mark * CHARACTERS_A_TOKEN).sum())
        measured.n_above[mark] += n_above


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    return {
        _named(one["values"]): one["counts"]
        for one in pc.value_counts(column).to_pylist()
    }


def _named(value: object) -> str:
    if value is None or value == "":
        return "not stated"
    return (
        {True: "yes", False: "no"}.get(value, str(value))
        if isinstance(value, bool)
        else str(value)
    )


def _lengths(group: pa.Table) -> "np.ndarray[Any, np.dtype[np.int64]] | None":
    """Characters that a trainer sees of each row: of a pair, the longer side.

    None for configurations that hold no text to train on.
    """
    sizes = {
        name: size
        for name in _TURNS
        if name in group.column_names and (size := _characters(group[name])) is not None
    }
    if not sizes:
        return None
    none = np.zeros(group.num_rows, dtype=np.int64)
    answers = [sizes.get(name, none) for name in ("completion", "chosen", "rejected")]
    asked = [sizes.get(name, none) for name in ("messages", "prompt")]
    total: np.ndarray[Any, np.dtype[np.int64]]
    total = np.maximum.reduce(answers) + np.add.reduce(asked)
    return total


def _characters(
    column: pa.ChunkedArray,
) -> "np.ndarray[Any, np.dtype[np.int64]] | None":
    """Code points of each cell: of a text, or of all turns of a conversation."""
    if pa.types.is_string(column.type):
        return _as_numbers(pc.utf8_length(column))
    if not pa.types.is_list(column.type) or not pa.types.is_struct(
        column.type.value_type
    ):
        return None
    parents = pc.list_parent_indices(column).to_numpy()
    texts = pc.struct_field(pc.list_flatten(column), "content")
    return np.bincount(
        parents, weights=_as_numbers(pc.utf8_length(texts)), minlength=len(column)
    ).astype(np.int64)


def _as_numbers(column: pa.ChunkedArray) -> "np.ndarray[Any, np.dtype[np.int64]]":
    return np.asarray(pc.fill_null(column, 0).to_numpy(), dtype=np.int64)
