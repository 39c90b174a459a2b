"""JSON lines, broken in every way we know: each row says what is wrong with it."""

import io
import json
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.corpus.reading import Row
from feedback.corpus.reading.jsonl import JsonLines
from feedback.corpus.reading.lines import MAX_LINE_BYTES
from feedback.corpus.refusals import Reject

GOOD = b'{"prompt": "May I take both?"}'


def outcomes(content, **options):
    return list(JsonLines(io.BytesIO(content), **options))


def only_reject(line):
    """The reject of `line`, standing between two good rows that must survive."""
    before, reject, after = outcomes(GOOD + b"\n" + line + b"\n" + GOOD)
    assert isinstance(before, Row)
    assert isinstance(after, Row)
    assert (before.number, reject.row_no, after.number) == (1, 2, 3)
    assert reject.next_step
    return reject


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"prompt": "a"', "The line is not valid JSON: "),
        (b'{"prompt": "a",}', "The line is not valid JSON: "),
        (b"prompt", "The line is not valid JSON: "),
        (
            b'{"a": 1} {"a": 2}',
            "The line is not valid JSON: Extra data at character 10.",
        ),
        (
            b'{"prompt": "\x01"}',
            "The line is not valid JSON: Invalid control character",
        ),
        (b'["a"]', "The line is ['a'], not a JSON object."),
        (b'"text"', "The line is 'text', not a JSON object."),
        (b"null", "The line is None, not a JSON object."),
        (b'{"a": 1, "b": 2, "a": 3}', "Key 'a' stands twice in one object."),
        (b'{"a": {"x": 1, "x": 1}}', "Key 'x' stands twice in one object."),
        (b'{"\\ud800": 1, "\\ud800": 1}', "Key '\\ud800' stands twice in one object."),
        (b'{"a": NaN}', "NaN is not a JSON value."),
        (b'{"a": -Infinity}', "-Infinity is not a JSON value."),
        (b'{"a": 1e999}', "The number '1e999' is too large."),
        (
            b'{"a": ' + b"9" * 5000 + b"}",
            "The line holds a number of more than 4,300 digits.",
        ),
        (b"[" * 65 + b"]" * 65, "The JSON is nested deeper than 64 levels."),
        (b"[" * 1_000_000, "The JSON is nested deeper than 64 levels."),
        (b'{"a":' * 1_000_000, "The JSON is nested deeper than 64 levels."),
        (b'{"a": "caf\xe9"}', "Byte 0xE9 at offset 41 of the file is not UTF-8."),
        (b'{"a": "\xed\xa0\x80"}', "Byte 0xED at offset 38 of the file is not UTF-8."),
    ],
)
def test_a_bad_line_is_refused_and_its_neighbors_are_not(line, reason):
    assert only_reject(line).reason.startswith(reason)


def test_a_byte_order_mark_is_accepted():
    (row,) = outcomes(b"\xef\xbb\xbf" + GOOD)
    assert row.cells == {"prompt": "May I take both?"}


def test_offsets_count_the_byte_order_mark():
    (reject,) = outcomes(b"\xef\xbb\xbf\xff")
    assert reject.reason == "Byte 0xFF at offset 3 of the file is not UTF-8."


def test_windows_line_ends_and_blank_lines_are_no_rows():
    rows = outcomes(GOOD + b"\r\n\r\n  \n" + GOOD)
    assert [row.number for row in rows] == [1, 4]


def test_brackets_inside_text_are_not_nesting():
    text = "[" * 200 + '"{' * 200
    (row,) = outcomes(json.dumps({"prompt": text}).encode())
    assert row.cells["prompt"] == text


def test_sixty_four_levels_are_allowed():
    (row,) = outcomes(b'{"a":' + b"[" * 63 + b"]" * 63 + b"}")
    assert isinstance(row, Row)


def test_the_depth_scan_stays_linear_on_text_that_never_closes():
    hostile = b'{"a":"' + rb"\"" * 500_000 + b"[" * 100
    started = time.monotonic()
    (reject,) = outcomes(hostile)
    assert reject.reason.startswith("The line is not valid JSON")
    assert time.monotonic() - started < 5


def test_a_line_above_the_limit_is_refused_and_reading_goes_on():
    rows = outcomes(GOOD + b"\n" + b"x" * 5000 + b"\n" + GOOD, max_line_bytes=1000)
    assert [type(row) for row in rows] == [Row, Reject, Row]
    assert rows[1].row_no == 2
    assert rows[2].number == 3


def test_a_line_of_exactly_the_limit_is_read():
    line = json.dumps({"a": "x" * 100}).encode()
    assert isinstance(outcomes(line, max_line_bytes=len(line))[0], Row)
    assert isinstance(outcomes(line + b"\n", max_line_bytes=len(line))[0], Row)
    assert isinstance(outcomes(line, max_line_bytes=len(line) - 1)[0], Reject)


def test_a_line_of_one_gigabyte_does_not_fill_memory(tmp_path: Path):
    path = tmp_path / "long.jsonl"
    with path.open("wb") as file:
        file.write(GOOD + b'\n{"prompt": "')
        file.seek(1024**3)
        file.write(b'"}\n' + GOOD)
    tracemalloc.start()
    with path.open("rb", buffering=256 * 1024) as file:
        first, long, last = JsonLines(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (first.number, last.number) == (1, 3)
    assert long.reason == "The line is longer than 16 MiB."
    assert peak < 3 * MAX_LINE_BYTES


def test_memory_does_not_grow_with_the_number_of_rows(tmp_path: Path):
    path = tmp_path / "many.jsonl"
    with path.open("wb") as file:
        for _ in range(20_000):
            file.write(GOOD + b"\n")
    tracemalloc.start()
    with path.open("rb") as file:
        n_rows = sum(1 for _ in JsonLines(file))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n_rows == 20_000
    assert peak < 1024 * 1024


@given(st.binary(max_size=300))
def test_no_bytes_whatever_make_the_reader_fail(content):
    for outcome in outcomes(content):
        assert isinstance(outcome, Row | Reject)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json_values))
def test_every_json_object_comes_back_as_it_was(value):
    (row,) = outcomes(json.dumps(value).encode())
    assert row.cells == value
