"""The reference of import formats names every shape and column, and its examples work."""

import json
import re
from pathlib import Path

import pytest

from feedback.corpus.shapes import SHAPES, detect_shape

TEXT = (
    Path(__file__).resolve().parents[2] / "docs/reference/import-formats.md"
).read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##)", TEXT, re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize("key", SHAPES)
def test_each_shape_is_documented_with_an_example_that_works(key):
    section = SECTIONS[key]
    for column in SHAPES[key].allowed or {n for g in SHAPES[key].required for n in g}:
        assert f"`{column}`" in section, column
    (example,) = re.findall(r"```json\n(.*?)\n```", section, re.DOTALL)
    row = json.loads(example)
    assert detect_shape([row]) is SHAPES[key]
    SHAPES[key].check_columns(row.keys())
    assert SHAPES[key].read(row)[0].completions


def test_no_shape_is_documented_that_does_not_exist():
    assert set(SECTIONS) == set(SHAPES)
