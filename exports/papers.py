"""The papers that go with the data: what people and machines read about it.

Deterministic: everything comes from the snapshot, the shards that were just written and
the contract; there is no clock, no setting and no environment in them.
"""

from collections.abc import Sequence
from pathlib import Path

from exports.card import Written, card_of
from exports.models import Snapshot
from exports.rules import ContractLine


def write_papers(
    snapshot: Snapshot,
    folder: Path,
    *,
    written: Sequence[Written],
    contract: Sequence[ContractLine],
) -> None:
    """Write the papers into a folder whose shards are closed and whose hashes are not.

    Args:
        snapshot: pinned.
        folder: holds every shard already; SHA256SUMS comes after this, since it lists
            the papers too.
        written: the splits that have rows.
        contract: what the rules kept out.
    """
    card = card_of(snapshot, written=written, contract=contract)
    (folder / "README.md").write_text(card, encoding="utf-8")
