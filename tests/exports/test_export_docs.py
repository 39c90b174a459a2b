"""The reference of export formats says what the code does, column by column."""

import re
from pathlib import Path

import pyarrow as pa
import pytest

from exports.forms import SealForm
from exports.rules import APPLIES, EXPLANATIONS, Rules
from exports.schemas import CONFIGURATIONS, MESSAGES, MOMENT, NAMES, TOOL_MESSAGES

TEXT = (
    Path(__file__).resolve().parents[2] / "docs/reference/export-formats.md"
).read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##)", TEXT, re.DOTALL | re.MULTILINE))
WRITTEN = {
    None: "scores",
    MESSAGES: "messages",
    NAMES: "list of string",
    MOMENT: "timestamp[us, UTC]",
    pa.bool_(): "bool",
    pa.float64(): "float64",
    pa.float32(): "float32",
    TOOL_MESSAGES: "messages with tool calls",
    pa.list_(pa.bool_()): "list of bool",
    pa.struct([("style", pa.string()), ("ground_truth", pa.string())]): (
        "struct of style, ground_truth (string)"
    ),
    pa.struct([("split", pa.string()), ("index", pa.int64())]): (
        "struct of split (string), index (int64)"
    ),
}


def as_written(column):
    name = WRITTEN.get(column.type) or str(column.type)
    return f"{name}, or null" if column.is_nullable else name


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_each_column_is_documented_with_type_and_meaning(configuration):
    documented = re.findall(
        r"^\| `(\w+)` \| (.+?) \| (.+) \|$", SECTIONS[configuration], re.M
    )
    assert documented == [
        (column.name, as_written(column), column.meaning)
        for column in CONFIGURATIONS[configuration]
    ]


def test_no_configuration_is_documented_that_does_not_exist():
    assert list(SECTIONS) == list(CONFIGURATIONS)


def test_each_rule_is_documented_where_it_applies():
    documented = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.+) \|$", TEXT, re.M)
    assert documented == [
        (configuration, rule.value, EXPLANATIONS[rule])
        for configuration, rules in APPLIES.items()
        for rule in rules
    ]


def test_each_threshold_is_documented_with_its_default():
    section = TEXT[TEXT.index("**Thresholds**") :]
    documented = dict(re.findall(r"^\| `(\w+)` \| ([\w.]+) \|", section, re.M))
    fields = {name: str(f.initial) for name, f in SealForm.base_fields.items()}
    assert documented == fields
    assert fields.keys() - {"test_percent"} == Rules().as_json().keys()
