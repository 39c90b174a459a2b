"""The dataset card: README.md with the YAML that `load_dataset` reads.

Everything in it comes from the snapshot and its shards: no clock, no setting, no
environment. Whatever people wrote is shown as text, never as markup.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from django.template.loader import render_to_string

from exports.measuring import CHARACTERS_A_TOKEN, TOKEN_MARKS, TRAITS, Measured
from exports.models import Snapshot
from exports.plots import alpha_in_words
from exports.rules import ContractLine
from exports.schemas import CONFIGURATIONS
from exports.wording import (
    annotators,
    citation,
    collection,
    is_screened,
    limitations,
    n_raters,
    n_simulated,
    personal,
    protocol,
)

DEFAULT_ORDER = ("preference", "sft", "kto", "ratings")
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_TEXT_SHOWN = 240
_ITEMS_SHOWN = 4
# Licenses that the hub's front matter knows by these names; others are "other".
_LICENSES = {
    "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc0-1.0",
    "mit", "apache-2.0", "odc-by", "odbl",
}  # fmt: skip
_PLOTS = {
    "agreement": "Agreement of the raters on each criterion",
    "balance": "Rows by which text, which kind of pair and which label",
    "lengths": "Rows by length in tokens, beside common maximum lengths",
    "subgroups": "Prompts by subgroup",
}


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
    default = next((name for name in (*DEFAULT_ORDER, *names) if name in names), None)
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


def _license(sources: Sequence[Mapping[str, Any]]) -> str:
    """One license that all sources share and the hub knows, else `other`."""
    named = {source["license"].strip().lower().replace(" ", "-") for source in sources}
    (only, *more) = named or {""}
    return only if not more and only in _LICENSES else "other"


def front_matter(snapshot: Snapshot, written: Sequence[Written]) -> str:
    """The YAML between the dashes."""
    facts = snapshot.facts
    n_rows = sum(w.n_rows for w in written)
    fields: dict[str, Any] = {
        "pretty_name": f"{facts['study']['name']} (snapshot {snapshot.number})",
        "license": _license(facts["sources"]),
        "task_categories": ["text-generation"],
        "tags": ["rlhf", "preference", "medical", "human-feedback"],
        "size_categories": [_size(n_rows)],
        "configs": _configs(written),
    }
    if fields["license"] == "other":
        fields["license_name"] = "by-source"
    if languages := sorted({tag.split("-")[0] for tag in facts["prompts"]["locales"]}):
        fields["language"] = languages
    text: str = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=1000)
    return text


def plain(text: object) -> str:
    """Text from people in one line of Markdown, as text: no markup, no table cell."""
    flat = " ".join(str(text).split())
    for sign in "\\`*_{}[]<>#|~":
        flat = flat.replace(sign, f"\\{sign}")
    return flat


def _all_plain(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {key: plain(v) if isinstance(v, str) else v for key, v in line.items()}
        for line in lines
    ]


def shortened(value: object) -> object:
    """An example's value with long texts and lists cut, and the cut told."""
    if isinstance(value, str) and len(value) > _TEXT_SHOWN:
        return f"{value[:_TEXT_SHOWN]} … ({len(value):,} characters)"
    if isinstance(value, dict):
        return {key: shortened(one) for key, one in value.items()}
    if isinstance(value, list):
        cut = [shortened(one) for one in value[:_ITEMS_SHOWN]]
        rest = len(value) - _ITEMS_SHOWN
        return [*cut, f"… and {rest} more"] if rest > 0 else cut
    return (
        value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
    )


def example_of(row: Mapping[str, Any]) -> str:
    """A row as indented JSON, which no text in it can end or mark up."""
    return indented(json.dumps(shortened(dict(row)), indent=2, ensure_ascii=False))


def indented(text: str) -> str:
    """Text as a block of code: four blanks before each line, which no fence can end."""
    return "\n".join(f"    {line}" for line in text.split("\n"))


def card_of(
    snapshot: Snapshot,
    *,
    written: Sequence[Written],
    contract: Sequence[ContractLine],
    measured: Mapping[str, Measured],
    plots: Sequence[str],
) -> str:
    """The whole README.md.

    Args:
        snapshot: pinned.
        written: the splits that have rows.
        contract: what the rules kept out.
        measured: configuration -> what its shards hold.
        plots: paths of the plots that were drawn.
    """
    facts = snapshot.facts
    n_prompts, n_synthetic = facts["prompts"]["n"], facts["prompts"]["n_synthetic"]
    context = {
        "snapshot": snapshot,
        "folder": snapshot.name,
        "front_matter": front_matter(snapshot, written),
        "study_name": plain(facts["study"]["name"]),
        "study_description": plain(facts["study"]["description"]),
        "are_all_simulated": n_simulated(facts) == n_raters(facts),
        "prompts": facts["prompts"],
        "locales": ", ".join(map(plain, facts["prompts"]["locales"])) or "not stated",
        "percent_synthetic": round(100 * n_synthetic / n_prompts, 1),
        "written": written,
        "marks": [f"{mark:,}" for mark in TOKEN_MARKS],
        "characters_a_token": CHARACTERS_A_TOKEN,
        "above": _above(measured),
        "configurations": [
            {
                "name": name,
                "columns": CONFIGURATIONS[name],
                "example": example_of(one.example),
            }
            for name, one in measured.items()
        ],
        "splits": facts["splits"],
        "strata": _strata(measured, [one["split"] for one in facts["splits"]]),
        "sources": _all_plain(facts["sources"]),
        "generators": _all_plain(facts["generators"]),
        "writers": _all_plain(facts["writers"]),
        "collection": plain(collection(facts)),
        "protocol": plain(protocol(facts)),
        "annotators": plain(annotators(facts)),
        "personal": plain(personal(was_screened=is_screened(contract))),
        "limitations": [plain(line) for line in limitations(facts)],
        "raters": _all_plain(facts["raters"]),
        "professions": _all_plain(facts["professions"]),
        "credentials": facts["credentials"],
        "each": facts["judgments_each"],
        "subgroups": _all_plain(facts["subgroups"]),
        "guidelines": [_guideline(version) for version in facts["guidelines"]],
        "agreement": [
            {
                **line,
                "key": plain(line["key"]),
                "says": alpha_in_words(line),
                "same": None
                if line["percent_agreement"] is None
                else f"{line['percent_agreement']:.2f}",
            }
            for line in facts["agreement"]
        ],
        "decisions": _decisions(),
        "evaluation_sets": _all_plain(facts.get("evaluation_sets", [])),
        "rules": [
            (plain(key.replace("_", " ")), value)
            for key, value in sorted(snapshot.rules.items())
        ],
        "contract": contract,
        "plots": {
            name: {"path": path, "says": _PLOTS[name]}
            for path in plots
            for name in [path.removeprefix("plots/").removesuffix(".svg")]
        },
        "citation": indented(citation(facts["study"]["name"], snapshot)),
    }
    return render_to_string("exports/card.md", context)


def _above(measured: Mapping[str, Measured]) -> list[dict[str, Any]]:
    return [
        {"name": name, "n": list(one.n_above.values()), "n_rows": sum(one.lengths)}
        for name, one in measured.items()
        if sum(one.lengths)
    ]


def _strata(
    measured: Mapping[str, Measured], splits: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows of each split by the prompt's traits, of the configuration shown first."""
    name = next((n for n in (*DEFAULT_ORDER, *measured) if n in measured), None)
    if name is None:
        return []
    strata = measured[name].strata
    found = sorted({(TRAITS.index(by), value) for _, by, value in strata})
    return [
        {
            "configuration": name,
            "by": TRAITS[by].replace("_", " "),
            "value": plain(value),
            "n": [strata[split, TRAITS[by], value] for split in splits],
        }
        for by, value in found
    ]


def _decisions() -> list[tuple[str, str]]:
    """How margins, weights and sources of pairs came about, as the columns say it."""
    wanted = (
        "pair_source",
        "margin",
        "label_smoothing",
        "strength",
        "text_source",
        "label",
    )
    meanings = {
        column.name: column.meaning
        for columns in (CONFIGURATIONS["kto"], CONFIGURATIONS["sft"],
                        CONFIGURATIONS["preference"])
        for column in columns
    }  # fmt: skip
    return [(name, meanings[name]) for name in wanted if name in meanings]


def _guideline(version: dict[str, Any]) -> dict[str, Any]:
    return {
        **version,
        "title": plain(version["title"]),
        "criteria": [
            {
                **criterion,
                "name": plain(criterion["name"]),
                "question": plain(criterion["question"]),
                "anchors": [
                    (value, plain(meaning))
                    for value, meaning in sorted(
                        criterion["anchors"].items(),
                        key=lambda item: (len(item[0]), item),
                    )
                ],
            }
            for criterion in version["criteria"]
        ],
    }
