"""How the splits compare: what share of each is which specialty, language and label."""

from collections import Counter
from typing import Any

from exports.builders import Rows
from exports.evidence import PromptEvidence


class Strata:
    """Counts by split, filled prompt by prompt."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[tuple[str, str]]] = {}
        self._families: dict[str, set[str]] = {}

    def add(self, prompt: PromptEvidence, rows: Rows) -> None:
        """Count a prompt and the rows it gave."""
        counts = self._counts.setdefault(prompt.split, Counter())
        self._families.setdefault(prompt.split, set()).add(prompt.group_id)
        counts["prompts", "all"] += 1
        counts["specialty", prompt.specialty or "not stated"] += 1
        counts["locale", prompt.locale or "not stated"] += 1
        counts["is_synthetic", str(prompt.is_synthetic).lower()] += 1
        built = rows.by_configuration
        for row in built["kto"]:
            counts["label", "desirable" if row["label"] else "undesirable"] += 1
        for row in built["preference"]:
            counts["pair_source", row["pair_source"]] += 1
        for row in built["sft"]:
            counts["text_source", row["text_source"]] += 1

    def report(self) -> dict[str, dict[str, Any]]:
        """Split -> how many prompts and families, and what each kind amounts to.

        Families are named by a hash, so that splits differ by chance only; what is
        small can differ much, and is shown rather than balanced, since a family must
        not move when others come.
        """
        return {split: self._split(split) for split in sorted(self._counts)}

    def _split(self, split: str) -> dict[str, Any]:
        counts = self._counts[split]
        report: dict[str, Any] = {
            "n_prompts": counts["prompts", "all"],
            "n_families": len(self._families[split]),
        }
        for (kind, value), n in sorted(counts.items()):
            if kind != "prompts":
                report.setdefault(kind, {})[value] = n
        return report
