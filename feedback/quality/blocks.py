"""The parts of the dashboards: each a picture, a sentence and a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from feedback.quality.tables import Table


@dataclass(frozen=True)
class Part:
    """One finding: what it says, its picture, and the numbers behind.

    Attributes:
        heading: of the part.
        lead: what was counted, in a sentence or two.
        table: the numbers; None where there are none yet.
        chart: a picture of them; None for a table that speaks for itself.
        notes: what to keep in mind.
        nothing: what is said in place of the numbers, where there are none.
        links: text and address of where it goes on from here.
    """

    heading: str
    lead: str
    table: Table | None = None
    chart: SafeString | None = None
    notes: tuple[str, ...] = ()
    nothing: str = ""
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Fact:
    """A number with a name."""

    label: str
    text: str


@dataclass(frozen=True)
class Block:
    """One block of the dashboards.

    Attributes:
        parts: from the top.
        facts: single numbers above them.
        as_of: when the numbers were computed, if they may be older than the page.
    """

    parts: Sequence[Part] = ()
    facts: Sequence[Fact] = ()
    as_of: str = ""

    def table(self, name: str) -> Table | None:
        """The table of that name."""
        found = (part.table for part in self.parts if part.table is not None)
        return next((table for table in found if table.name == name), None)
