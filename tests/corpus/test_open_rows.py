"""Which format a file has, and files that have none."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feedback.corpus.reading import open_rows
from feedback.corpus.refusals import FileRefused


def rows_of(path, name=None):
    with open_rows(path, file_name=name or path.name) as rows:
        return list(rows)


def refusal(tmp_path, content, name="f.jsonl"):
    path = tmp_path / "upload"
    path.write_bytes(content)
    with pytest.raises(FileRefused) as caught:
        rows_of(path, name)
    return caught.value


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", b'{"prompt": "q"}\n'),
        ("a.json", b'{"prompt": "q"}\n'),
        ("a.txt", b'{"prompt": "q"}\n'),
        ("a", b' \n{"prompt": "q"}\n'),
        ("A.CSV", b"prompt\nq\n"),
        ("a.txt", b"prompt\nq\n"),
    ],
)
def test_text_formats_are_told_by_name_and_content(tmp_path, name, content):
    path = tmp_path / "upload"
    path.write_bytes(content)
    (row,) = rows_of(path, name)
    assert row.cells == {"prompt": "q"}


def test_parquet_is_told_by_its_content_whatever_its_name(tmp_path):
    path = tmp_path / "upload"
    table = pa.table({"prompt": [f"q{n}" for n in range(600)]})
    pq.write_table(table, path, row_group_size=100)
    rows = rows_of(path, "a.csv")
    assert [row.number for row in rows] == list(range(1, 601))
    assert rows[-1].cells == {"prompt": "q599"}


def test_a_small_parquet_file_cannot_fill_memory(tmp_path):
    path = tmp_path / "small"
    one = pa.array(["x" * 2**20])
    many = pa.DictionaryArray.from_arrays(pa.array([0] * 500, pa.int32()), one)
    pq.write_table(pa.table({"prompt": many}), path, compression="zstd")
    assert path.stat().st_size < 10_000
    before = pa.total_allocated_bytes()
    peak = 0
    with open_rows(path, file_name="a.parquet") as rows:
        for row in rows:
            assert len(row.cells["prompt"]) == 2**20
            peak = max(peak, pa.total_allocated_bytes() - before)
    assert peak < 100 * 2**20


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "f.jsonl is empty (0 bytes)."),
        (b" \n\n", "f.jsonl is only blank space."),
        ('{"a": 1}'.encode("utf-16"), "f.jsonl is UTF-16 text (little-endian)."),
        (
            b"\xfe\xff" + '{"a": 1}'.encode("utf-16-be"),
            "f.jsonl is UTF-16 text (big-endian).",
        ),
        (
            '{"a": 1}'.encode("utf-16-le"),
            "f.jsonl looks like UTF-16 text without a mark.",
        ),
        (
            '{"a": 1}'.encode("utf-16-be"),
            "f.jsonl looks like UTF-16 text without a mark.",
        ),
        ('{"a": 1}'.encode("utf-32"), "f.jsonl is UTF-32 text."),
        (b"\x1f\x8b\x08", "f.jsonl is a gzip archive."),
        (b"PK\x03\x04", "f.jsonl is a zip archive or a spreadsheet."),
        (b'[{"a": 1}]', "The file is one JSON array."),
        (b"PAR1 and then nonsense", "The Parquet file cannot be read: "),
        (b"PAR1", "The Parquet file cannot be read: "),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, content, message):
    refused = refusal(tmp_path, content)
    assert refused.message.startswith(message)
    assert refused.next_step


def test_a_parquet_file_that_is_cut_off_is_refused(tmp_path):
    path = tmp_path / "whole"
    pq.write_table(pa.table({"prompt": ["q"] * 1000}), path)
    cut = path.read_bytes()[:-100]
    assert refusal(tmp_path, cut).message.startswith("The Parquet file cannot be read")


def test_a_parquet_file_with_damaged_pages_is_refused(tmp_path):
    path = tmp_path / "whole"
    texts = [f"question {n * 7919 % 1000}" for n in range(1000)]
    pq.write_table(pa.table({"prompt": texts}), path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[40:400] = b"\xff" * 360
    assert "cannot be read" in refusal(tmp_path, bytes(content)).message
