"""CSV: headers, quotes, ragged rows and other encodings."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.corpus.reading import Row
from feedback.corpus.reading.delimited import Delimited
from feedback.corpus.refusals import FileRefused, Reject


def reader(content, **options):
    return Delimited(io.BytesIO(content), **options)


def outcomes(content, **options):
    return list(reader(content, **options))


def refusal(content, **options):
    with pytest.raises(FileRefused) as caught:
        outcomes(content, **options)
    assert caught.value.next_step
    return caught.value.message


def test_rows_are_numbered_after_the_header_and_named_by_it():
    rows = outcomes(b"prompt,completion\nq1,a1\r\nq2,a2\n")
    assert rows == [
        Row(1, {"prompt": "q1", "completion": "a1"}),
        Row(2, {"prompt": "q2", "completion": "a2"}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_tells_the_delimiter(delimiter):
    content = f"prompt{delimiter}completion\nq,{delimiter}a\n".encode()
    assert reader(content).columns == ("prompt", "completion")


def test_quoted_cells_hold_line_breaks_quotes_and_commas():
    (row,) = outcomes(b'prompt,completion\n"one\ntwo, ""three""",a\n')
    assert row.cells["prompt"] == 'one\ntwo, "three"'


def test_a_byte_order_mark_is_not_part_of_the_first_name():
    assert reader(b"\xef\xbb\xbfprompt,completion\nq,a").columns[0] == "prompt"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"q", "The row has 1 cells, the header 2."),
        (b"q,a,b", "The row has 3 cells, the header 2."),
        (b'q,"a"b', "The row is not valid CSV: "),
        (b"q\ra,b", "The row holds a carriage return outside quotes."),
        (b"caf\xe9,a", "Byte 0xE9 at offset 25 of the file is not UTF-8."),
        (b'"x\ncaf\xe9",a', "Byte 0xE9 at offset 28 of the file is not UTF-8."),
    ],
)
def test_a_bad_row_is_refused_and_its_neighbors_are_not(row, reason):
    content = b"prompt,completion\nq,a\n" + row + b"\nq,a\n"
    before, reject, after = outcomes(content)
    assert (before.number, reject.row_no, after.number) == (1, 2, 3)
    assert reject.reason.startswith(reason)
    assert reject.next_step


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\nq,a\n", "The first line is blank."),
        (b"prompt,\nq,a\n", "Column 2 of 2 has no name."),
        (b"prompt,prompt\nq,a\n", "Column 'prompt' stands twice in the header."),
        (b"prompt,caf\xe9\nq,a\n", "The header cannot be read: Byte 0xE9 at offset 10"),
        (b'prompt,"a"b\nq,a\n', "The header cannot be read: "),
        (
            b'prompt,completion\nq,a\nq,"a\n',
            "Row 2 opens a quote that is never closed.",
        ),
    ],
)
def test_a_bad_file_is_refused_as_a_whole(content, message):
    assert refusal(content).startswith(message)


def test_a_quote_left_open_does_not_swallow_a_large_file():
    content = b'prompt,completion\nq,"a\n' + b"q,a\n" * 1000
    message = refusal(content, max_bytes=1000)
    assert message.startswith("Row 1 (line ")
    assert "a quote may be open" in message


def test_a_line_above_the_limit_is_named():
    message = refusal(b"prompt\nq\n" + b"x" * 2000 + b"\n", max_bytes=1000)
    assert message.startswith("Row 2 (line 3) is longer than")


def test_blank_lines_are_no_rows():
    assert [row.number for row in outcomes(b"prompt\n\nq\n\n\nq\n")] == [1, 2]


@given(st.binary(max_size=300))
def test_no_bytes_whatever_make_the_reader_fail(content):
    try:
        found = outcomes(b"prompt,completion\n" + content)
    except FileRefused:
        return
    assert all(isinstance(outcome, Row | Reject) for outcome in found)
