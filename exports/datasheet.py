"""DATASHEET.md: the questions of "Datasheets for Datasets", answered from data."""

from collections.abc import Sequence

from django.template.loader import render_to_string

from exports.card import Written, plain
from exports.models import Snapshot
from exports.rules import ContractLine
from exports.wording import (
    annotators,
    collection,
    is_screened,
    limitations,
    personal,
    protocol,
)


def datasheet_of(
    snapshot: Snapshot,
    *,
    written: Sequence[Written],
    contract: Sequence[ContractLine],
) -> str:
    """The whole DATASHEET.md.

    Args:
        snapshot: pinned.
        written: the splits that have rows.
        contract: what the rules kept out.

    Source:
        Gebru et al., "Datasheets for Datasets" (2021), section 3.
    """
    facts = snapshot.facts
    context = {
        "snapshot": snapshot,
        "study_name": plain(facts["study"]["name"]),
        "study_description": plain(facts["study"]["description"]),
        "prompts": facts["prompts"],
        "written": written,
        "kept_out": [line for line in contract if line["n_out"]],
        "splits": facts["splits"],
        "subgroups": [
            {**line, "by": plain(line["by"]), "value": plain(line["value"])}
            for line in facts["subgroups"]
        ],
        "sources": [
            {"name": plain(one["name"]), "license": plain(one["license"])}
            for one in facts["sources"]
        ],
        "collection": plain(collection(facts)),
        "protocol": plain(protocol(facts)),
        "annotators": plain(annotators(facts)),
        "personal": plain(personal(was_screened=is_screened(contract))),
        "limitations": [plain(line) for line in limitations(facts)],
    }
    return render_to_string("exports/datasheet.md", context)
