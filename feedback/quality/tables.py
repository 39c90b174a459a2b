"""A table of numbers: as a page shows it, and as a CSV file holds it."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Row = Mapping[str, Any]
Kind = Literal["text", "count", "share", "number", "interval", "link"]

NOT_DEFINED = "not defined"
# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        key: of the row's value; of an interval the stem of `…_low` and `…_high`.
        label: its head.
        kind: how the value is written. A share is 0 to 1 and shown in percent; a link
            is a text that leads to the row's `url`.
        empty: what stands for None.
    """

    key: str
    label: str
    kind: Kind = "text"
    empty: str = NOT_DEFINED

    @property
    def is_figure(self) -> bool:
        """Whether figures stand one under the other."""
        return self.kind not in {"text", "link"}

    @property
    def fields(self) -> tuple[str, ...]:
        """The keys it has in a file."""
        if self.kind == "interval":
            return (f"{self.key}_low", f"{self.key}_high")
        return (self.key,)


@dataclass(frozen=True)
class Cell:
    """One cell as a page shows it."""

    text: str
    is_figure: bool
    is_head: bool
    url: str = ""


@dataclass(frozen=True)
class Table:
    """Rows that the same columns describe.

    Attributes:
        name: in addresses and file names.
        caption: what a screen reader calls it.
        columns: in order; the first names the row.
        rows: values by key.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]

    @property
    def cells(self) -> Iterator[list[Cell]]:
        """Each row's cells."""
        for row in self.rows:
            yield [
                Cell(
                    text=shown(row, column),
                    is_figure=column.is_figure,
                    is_head=place == 0,
                    url=row["url"] if column.kind == "link" else "",
                )
                for place, column in enumerate(self.columns)
            ]

    def as_csv(self) -> str:
        """The unrounded numbers, with the keys as head; nothing where not defined."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        keys = [field for column in self.columns for field in column.fields]
        writer.writerow(keys)
        writer.writerows([_plain(row.get(key)) for key in keys] for row in self.rows)
        return file.getvalue()


def shown(row: Row, column: Column) -> str:
    """A value as the page writes it."""
    if column.kind == "interval":
        low, high = (row.get(field) for field in column.fields)
        if low is None or high is None:
            return column.empty
        return f"{decimal(low)} to {decimal(high)}"
    value = row.get(column.key)
    if value is None:
        return column.empty
    if column.kind == "share":
        return percent(value)
    if column.kind == "number":
        return decimal(value)
    return f"{value:,}" if column.kind == "count" else str(value)


def percent(share: float | None) -> str:
    """A share of 0 to 1 in percent, to one place."""
    return NOT_DEFINED if share is None else f"{100.0 * share:.1f} %"


def decimal(value: float | None) -> str:
    """A coefficient to three places; a larger number to as many as it deserves."""
    if value is None:
        return NOT_DEFINED
    return f"{value:.3f}" if abs(value) < 10.0 else f"{value:,.1f}"  # noqa: PLR2004


def _plain(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
