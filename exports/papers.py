"""The papers that go with the data: what people and machines read about it.

Deterministic: everything comes from the snapshot, the shards that were just written and
the contract; there is no clock, no setting and no environment in them.
"""

from collections.abc import Sequence
from pathlib import Path

from exports.card import Written, card_of
from exports.croissant import write_croissant
from exports.datasheet import datasheet_of
from exports.measuring import measure
from exports.models import Snapshot
from exports.plots import write_plots
from exports.rules import ContractLine
from exports.schemas import CONFIGURATIONS


def write_papers(
    snapshot: Snapshot,
    folder: Path,
    *,
    written: Sequence[Written],
    contract: Sequence[ContractLine],
) -> None:
    """Write README.md, DATASHEET.md, croissant.json and plots/*.svg.

    Args:
        snapshot: pinned.
        folder: holds every shard already, closed, since croissant.json has their
            hashes. SHA256SUMS comes after this: it lists the papers too.
        written: the splits that have rows.
        contract: what the rules kept out.
    """
    measured = {
        name: measure(folder, [(w.split, Path(w.path)) for w in own])
        for name in CONFIGURATIONS
        if (own := [w for w in written if w.configuration == name])
    }
    plots = write_plots(folder, facts=snapshot.facts, measured=measured)
    card = card_of(
        snapshot, written=written, contract=contract, measured=measured, plots=plots
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    datasheet = datasheet_of(snapshot, written=written, contract=contract)
    (folder / "DATASHEET.md").write_text(datasheet, encoding="utf-8")
    write_croissant(snapshot, folder, written=written, contract=contract)
