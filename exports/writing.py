"""Writing a pinned snapshot's folder: shards, card, export.json, hashes."""

import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exports import manifest
from exports.builders import BUILT, rows_of
from exports.card import Written
from exports.evidence import evidence_of
from exports.models import Snapshot, SnapshotRater
from exports.papers import write_papers
from exports.pinning import judgments_kept_out
from exports.raw import QUERIES, write_raw
from exports.rules import ContractLine, Rule, Rules, contract_lines
from exports.schemas import CONFIGURATIONS, arrow_schema
from exports.shards import Shard
from exports.side_files import SideFiles, llama_lines, openai_lines
from exports.strata import Strata
from feedback.common.exceptions import Conflict

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT_VERSION = 3
# Called with what is being done now, as people read it.
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file of the folder."""

    path: str
    configuration: str
    split: str
    n_rows: int | None
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Export:
    """What was written."""

    files: tuple[ExportedFile, ...]
    contract: tuple[ContractLine, ...]
    manifest_sha256: str


class _Shards:
    """The open shards of one configuration, by split."""

    def __init__(
        self, stack: ExitStack, folder: Path, *, name: str, criteria: tuple[str, ...]
    ) -> None:
        self.schema: pa.Schema = arrow_schema(name, criteria=criteria)
        self.by_split = {
            split.value: stack.enter_context(
                Shard(folder, configuration=name, split=split.value, schema=self.schema)
            )
            for split in Snapshot.Split
        }
        self._lengths = {split: array("L") for split in self.by_split}

    def add(self, split: str, rows: list[dict[str, Any]]) -> None:
        """Append rows and note how long their texts are."""
        self.by_split[split].add_rows(rows)
        self._lengths[split].extend(_length(row) for row in rows)

    def written(self) -> Iterable[Written]:
        """The splits that have rows."""
        for split, shard in self.by_split.items():
            if shard.n_rows:
                yield Written(
                    configuration=shard.configuration,
                    split=split,
                    path=shard.path,
                    n_rows=shard.n_rows,
                    lengths=_quantiles(self._lengths[split]),
                )


def _length(row: Mapping[str, Any]) -> int:
    """Characters that a trainer would see of a row: of a pair, the longer side."""

    def size(column: str) -> int:
        value = row.get(column, ())
        if isinstance(value, str):
            return len(value)
        return sum(len(turn["content"]) for turn in value)

    return (
        size("messages")
        + size("prompt")
        + max(size("completion"), size("chosen"), size("rejected"))
        + sum(len(step) for step in row.get("completions", ()))
    )


def _quantiles(lengths: "array[int]") -> dict[str, int]:
    if not lengths:
        return {}
    ordered = sorted(lengths)
    last = len(ordered) - 1
    return {
        "median": ordered[last // 2],
        "p95": ordered[round(0.95 * last)],
        "longest": ordered[last],
    }


def write_export(snapshot: Snapshot, folder: Path, *, report: Report) -> Export:
    """Write everything into an empty folder.

    Args:
        snapshot: pinned; nothing but its rows and rows that never change is read.
        folder: empty.
        report: told before each step.
    """
    _refuse_older(snapshot)
    criteria = tuple(snapshot.facts["criteria"])
    kept_out = judgments_kept_out(snapshot)
    with ExitStack() as stack:
        shards = {
            name: _Shards(stack, folder, name=name, criteria=criteria)
            for name in CONFIGURATIONS
        }
        report("Writing what each rater said")
        for name in QUERIES:
            write_raw(
                name, snapshot, shards=shards[name].by_split, schema=shards[name].schema
            )
        report("Writing examples, pairs and labels")
        side_files = SideFiles(folder, stack)
        strata = Strata()
        kept_out += _write_rows(snapshot, shards, side_files, strata)
        side_files.write_index()
    report("Writing card and hashes")
    written = [w for group in shards.values() for w in group.written()]
    contract = contract_lines(kept_out)
    write_papers(snapshot, folder, written=written, contract=contract)
    _write_description(
        snapshot, folder, written=written, contract=contract, strata=strata.report()
    )
    sha256 = manifest.write_manifest(folder)
    return Export(
        files=tuple(_files(folder, written)),
        contract=tuple(contract),
        manifest_sha256=sha256,
    )


def _refuse_older(snapshot: Snapshot) -> None:
    if "families" not in snapshot.facts:
        raise Conflict(
            f"{snapshot} was pinned by version {snapshot.app_version}, which wrote "
            "fewer configurations.",
            next_step="Write it with that version, or seal a new snapshot.",
        )


def _write_rows(
    snapshot: Snapshot,
    shards: Mapping[str, _Shards],
    side_files: SideFiles,
    strata: Strata,
) -> Counter[tuple[str, Rule]]:
    rules = Rules.from_json(snapshot.rules)
    criteria = tuple(snapshot.facts["criteria"])
    raters = dict(
        SnapshotRater.objects.filter(snapshot=snapshot).values_list(
            "rater_id", "specialty"
        )
    )
    kept_out: Counter[tuple[str, Rule]] = Counter()
    for prompt in evidence_of(snapshot):
        rows = rows_of(
            prompt,
            rules=rules,
            raters=raters,
            criteria=criteria,
            tie_share=snapshot.facts["tie_share"],
        )
        for name in BUILT:
            shards[name].add(prompt.split, rows.by_configuration[name])
        side_files.add(openai_lines(rows.by_configuration, prompt))
        side_files.add(llama_lines(rows.by_configuration, prompt))
        strata.add(prompt, rows)
        kept_out += rows.kept_out
    return kept_out


def _write_description(
    snapshot: Snapshot,
    folder: Path,
    *,
    written: Iterable[Written],
    contract: list[ContractLine],
    strata: dict[str, dict[str, Any]],
) -> None:
    """Write export.json: what a machine needs to know of where this came from."""
    assert snapshot.pinned_at is not None  # noqa: S101 - for the type checker
    value = {
        "format_version": FORMAT_VERSION,
        "app_version": snapshot.app_version,
        "pyarrow_version": snapshot.facts["pyarrow"],
        "study": snapshot.facts["study"],
        "snapshot": {
            "uid": str(snapshot.uid),
            "number": snapshot.number,
            "pinned_at": snapshot.pinned_at.isoformat(),
            "n_judgments": snapshot.n_judgments,
            "members_sha256": snapshot.members_sha256,
        },
        "rules": snapshot.rules | {"test_percent": snapshot.test_percent},
        "families": snapshot.facts["families"],
        "strata": strata,
        "contract": contract,
        "guidelines": [
            {key: version[key] for key in ("number", "title", "sha256")}
            for version in snapshot.facts["guidelines"]
        ],
        "agreement": snapshot.facts["agreement"],
        "splits": [
            {
                "configuration": w.configuration,
                "split": w.split,
                "path": w.path,
                "n_rows": w.n_rows,
            }
            for w in written
        ],
    }
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False)
    (folder / "export.json").write_text(text + "\n", encoding="utf-8")


def _files(folder: Path, written: Iterable[Written]) -> Iterable[ExportedFile]:
    shards = {w.path: w for w in written}
    for path in sorted([*manifest.files_of(folder), manifest.NAME]):
        shard = shards.get(path)
        yield ExportedFile(
            path=path,
            configuration=shard.configuration if shard else "",
            split=shard.split if shard else "",
            n_rows=shard.n_rows if shard else None,
            size_bytes=(folder / path).stat().st_size,
            sha256=manifest.file_sha256(folder / path),
        )
