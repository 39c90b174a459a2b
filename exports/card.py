"""The dataset card: README.md with the YAML that `load_dataset` reads.

Everything in it comes from the snapshot: no clock, no setting, no environment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from django.template.loader import render_to_string

from exports.models import Snapshot
from exports.rules import ContractLine, Rules
from exports.schemas import CONFIGURATIONS, Column

DEFAULT_ORDER = ("preference", "sft", "kto", "ratings")
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)


@dataclass(frozen=True, slots=True)
class Written:
    """A split as it was written: how many rows, how long their texts are."""

    configuration: str
    split: str
    path: str
    n_rows: int
    lengths: dict[str, int]


def _configs(written: Sequence[Written]) -> list[dict[str, Any]]:
    """The YAML's `configs`; a split without rows is in neither YAML nor folder."""
    names = [c for c in CONFIGURATIONS if any(w.configuration == c for w in written)]
    default = next((name for name in DEFAULT_ORDER if name in names), None)
    configs = []
    for name in names:
        config: dict[str, Any] = {"config_name": name}
        if name == default:
            config["default"] = True
        config["data_files"] = [
            {"split": w.split, "path": f"{name}/{w.split}-*.parquet"}
            for w in written
            if w.configuration == name
        ]
        configs.append(config)
    return configs


def _size(n_rows: int) -> str:
    return next((name for limit, name in _SIZES if n_rows < limit), "n>10M")


def front_matter(snapshot: Snapshot, written: Sequence[Written]) -> str:
    """The YAML between the dashes."""
    facts = snapshot.facts
    n_rows = sum(w.n_rows for w in written)
    fields: dict[str, Any] = {
        "pretty_name": f"{facts['study']['name']} (snapshot {snapshot.number})",
        "task_categories": ["text-generation"],
        "tags": ["rlhf", "preference", "medical", "human-feedback"],
        "size_categories": [_size(n_rows)],
        "configs": _configs(written),
    }
    if languages := sorted({tag.split("-")[0] for tag in facts["prompts"]["locales"]}):
        fields["language"] = languages
    text: str = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=1000)
    return text


def _plain(text: object) -> str:
    """Text from people in one line of Markdown, as text: no markup, no table cell."""
    flat = " ".join(str(text).split())
    for sign in "\\`*_{}[]<>#|~":
        flat = flat.replace(sign, f"\\{sign}")
    return flat


def _columns(configuration: str) -> list[Column]:
    return list(CONFIGURATIONS[configuration])


def card_of(
    snapshot: Snapshot,
    *,
    written: Sequence[Written],
    contract: Sequence[ContractLine],
) -> str:
    """The whole README.md."""
    facts = snapshot.facts
    n_synthetic = facts["prompts"]["n_synthetic"]
    context = {
        "snapshot": snapshot,
        "front_matter": front_matter(snapshot, written),
        "written": written,
        "contract": contract,
        "rules": Rules.from_json(snapshot.rules),
        "raters": [
            {**line, "specialty": _plain(line["specialty"] or "not stated")}
            for line in facts["raters"]
        ],
        "n_raters": sum(line["n"] for line in facts["raters"]),
        "n_simulated": sum(line["n_simulated"] for line in facts["raters"]),
        "study_name": _plain(facts["study"]["name"]),
        "study_description": _plain(facts["study"]["description"]),
        "guidelines": [_guideline(version) for version in facts["guidelines"]],
        "agreement": facts["agreement"],
        "prompts": {
            **facts["prompts"],
            "locales": [_plain(locale) for locale in facts["prompts"]["locales"]],
        },
        "percent_synthetic": round(100 * n_synthetic / facts["prompts"]["n"], 1),
        "sources": [
            {key: _plain(value) for key, value in source.items()}
            for source in facts["sources"]
        ],
        "configurations": {
            name: _columns(name)
            for name in CONFIGURATIONS
            if any(w.configuration == name for w in written)
        },
        "folder": snapshot.name,
    }
    return render_to_string("exports/card.md", context)


def _guideline(version: dict[str, Any]) -> dict[str, Any]:
    return {
        **version,
        "title": _plain(version["title"]),
        "criteria": [
            {
                **criterion,
                "name": _plain(criterion["name"]),
                "question": _plain(criterion["question"]),
                "anchors": [
                    (value, _plain(meaning))
                    for value, meaning in sorted(
                        criterion["anchors"].items(),
                        key=lambda item: (len(item[0]), item),
                    )
                ],
            }
            for criterion in version["criteria"]
        ],
    }
