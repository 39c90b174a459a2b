"""croissant.json: the dataset described for machines (Croissant 1.1 and its RAI terms).

One file object per Parquet file with its hash, one file set and one record set per
configuration, one field per column. A field has one source only, hence the file sets. What is said of people and risks comes from the snapshot's facts.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from exports.card import Written
from exports.manifest import file_sha256
from exports.models import Snapshot
from exports.rules import ContractLine
from exports.schemas import CONFIGURATIONS, arrow_schema
from exports.wording import (
    annotators,
    citation,
    collection,
    is_screened,
    limitations,
    personal,
    protocol,
)

NAME = "croissant.json"
CONFORMS_TO = (
    "http://mlcommons.org/croissant/1.1",
    "http://mlcommons.org/croissant/RAI/1.0",
)
# The IANA name of the type validates too, but then no reader finds the records.
PARQUET = "application/x-parquet"

# As the specification prints it, with the RAI terms.
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "annotation": "cr:annotation",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "readLines": "cr:readLines",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
    "unArchive": "cr:unArchive",
    "value": "cr:value",
}


def write_croissant(
    snapshot: Snapshot,
    folder: Path,
    *,
    written: Sequence[Written],
    contract: Sequence[ContractLine],
) -> None:
    """Write croissant.json beside the shards that it hashes.

    Args:
        snapshot: pinned.
        folder: holds the shards, closed.
        written: the splits that have rows.
        contract: what the rules kept out.
    """
    text = json.dumps(
        croissant_of(snapshot, folder, written=written, contract=contract),
        sort_keys=True,
        indent=2,
        ensure_ascii=False,
    )
    (folder / NAME).write_text(text + "\n", encoding="utf-8")


def croissant_of(
    snapshot: Snapshot,
    folder: Path,
    *,
    written: Sequence[Written],
    contract: Sequence[ContractLine],
) -> dict[str, Any]:
    """The JSON-LD as a value."""
    assert snapshot.pinned_at is not None  # noqa: S101 - for the type checker
    facts = snapshot.facts
    names = [c for c in CONFIGURATIONS if any(w.configuration == c for w in written)]
    document: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        "name": f"consilium-{snapshot.name}",
        "alternateName": facts["study"]["name"],
        "description": (
            facts["study"]["description"]
            or "Clinicians' judgments on generative AI, as training data."
        )
        + " Not for clinical use.",
        "url": f"urn:uuid:{snapshot.uid}",
        "identifier": str(snapshot.uid),
        # Snapshots count up; a version of three numbers is what readers expect.
        "version": f"{snapshot.number}.0.0",
        "datePublished": snapshot.pinned_at.date().isoformat(),
        "isLiveDataset": False,
        "creator": {"@type": "sc:Organization", "name": "The leads of the study"},
        "citeAs": citation(facts["study"]["name"], snapshot),
        "license": [
            one["license"] or f"Not stated for {one['name']}"
            for one in facts["sources"]
        ],
        "keywords": ["rlhf", "preference", "medical", "human-feedback"],
        "inLanguage": facts["prompts"]["locales"],
        **_responsible(snapshot, was_screened=is_screened(contract)),
        "distribution": [
            *(_file(folder, one) for one in written),
            *(_files(name) for name in names),
        ],
        "recordSet": [
            _records(name, [w for w in written if w.configuration == name], facts)
            for name in names
        ],
    }
    return {key: value for key, value in document.items() if value not in ("", [])}


def _responsible(snapshot: Snapshot, *, was_screened: bool) -> dict[str, Any]:
    """The RAI terms, each from data or from what the contract does."""
    facts = snapshot.facts
    each = facts["judgments_each"]
    return {
        "rai:dataCollection": collection(facts),
        "rai:dataCollectionType": ["Manual Human Curation", "Others"],
        "rai:dataAnnotationProtocol": protocol(facts),
        "rai:dataAnnotationPlatform": [f"Consilium {snapshot.app_version}"],
        "rai:dataAnnotationAnalysis": [
            f"{line['key']}: alpha "
            + ("not defined" if line["alpha"] is None else f"{line['alpha']:.2f}")
            + f", {line['n_units']} items with two or more ratings"
            for line in facts["agreement"]
        ],
        "rai:annotationsPerItem": (
            "As many as the study asked for; each row says how many in n_raters. A "
            f"rater gave {each['fewest']} to {each['most']} judgments."
        ),
        "rai:annotatorDemographics": annotators(facts),
        "rai:machineAnnotationTools": (
            ["Simulated raters"]
            if any(line["n_simulated"] for line in facts["raters"])
            else []
        ),
        "rai:personalSensitiveInformation": personal(was_screened=was_screened),
        "rai:dataBiases": [
            f"{line['by']} {line['value'] or 'not stated'}: {line['n_prompts']} prompts, "
            f"{line['n_judgments']} judgments"
            for line in facts["subgroups"]
        ],
        "rai:dataLimitations": limitations(facts),
        "rai:dataUseCases": [
            "Training and testing language models, and research on raters' agreement.",
            "Not for clinical use.",
        ],
        "rai:dataReleaseMaintenancePlan": (
            "A snapshot never changes. Later ones have higher numbers; rows that are "
            "withdrawn are published as tombstones."
        ),
    }


def _file(folder: Path, one: Written) -> dict[str, Any]:
    path = folder / one.path
    return {
        "@type": "cr:FileObject",
        "@id": one.path,
        "name": one.path,
        "description": f"{one.n_rows} rows, split {one.split} of {one.configuration}.",
        "contentUrl": one.path,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": PARQUET,
        "sha256": file_sha256(path),
    }


def _files(name: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{name}-files",
        "name": f"{name}-files",
        "description": f"The shards of {name}, all splits.",
        "encodingFormat": PARQUET,
        "includes": f"{name}/*.parquet",
    }


def _records(
    name: str, shards: Sequence[Written], facts: Mapping[str, Any]
) -> dict[str, Any]:
    schema = arrow_schema(name, criteria=facts["criteria"])
    meanings = {column.name: column.meaning for column in CONFIGURATIONS[name]}
    splits = ", ".join(f"{one.split} ({one.n_rows} rows)" for one in shards)
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"Configuration {name}; splits: {splits}.",
        "field": [
            field_of(one, at=f"{name}/{one.name}", files=f"{name}-files")
            | {"description": meanings[one.name]}
            for one in schema
        ],
    }


def field_of(field: pa.Field, *, at: str, files: str) -> dict[str, Any]:
    """A column, with what is nested in it, as Croissant's field."""
    return {
        **_typed(field.type, at=at),
        "@type": "cr:Field",
        "@id": at,
        "name": at,
        "source": {
            "fileSet": {"@id": files},
            "extract": {"column": field.name},
        },
    }


def _typed(kind: pa.DataType, *, at: str) -> dict[str, Any]:
    if pa.types.is_list(kind):
        inner = _typed(kind.value_type, at=at)
        return inner | {"isArray": True, "arrayShape": "-1"}
    if pa.types.is_struct(kind):
        return {
            "subField": [
                {
                    **_typed(one.type, at=f"{at}/{one.name}"),
                    "@type": "cr:Field",
                    "@id": f"{at}/{one.name}",
                    "name": f"{at}/{one.name}",
                }
                for one in kind
            ]
        }
    return {"dataType": _data_type(kind)}


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    if pa.types.is_floating(kind):
        return "sc:Float"
    return "sc:DateTime" if pa.types.is_timestamp(kind) else "sc:Text"
