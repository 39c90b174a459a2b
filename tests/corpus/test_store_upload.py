"""Uploads: kept once under their hash, never more than the limit."""

import hashlib

import pytest

from feedback.corpus.uploads import TooLarge, store_upload, stored_path


def test_the_same_content_is_one_file(tmp_path):
    first = store_upload(chunks=[b"ab", b"c"], directory=tmp_path, max_bytes=3)
    second = store_upload(chunks=[b"abc"], directory=tmp_path, max_bytes=3)
    assert first == second
    assert first.sha256 == hashlib.sha256(b"abc").hexdigest()
    assert first.path == stored_path(tmp_path, first.sha256)
    assert first.path.read_bytes() == b"abc"
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [first.path]


def test_too_much_is_refused_and_nothing_is_kept(tmp_path):
    endless = iter(lambda: b"x" * 10, None)
    with pytest.raises(TooLarge) as caught:
        store_upload(chunks=endless, directory=tmp_path, max_bytes=1000)
    assert caught.value.status == 413
    assert (
        caught.value.message == "The file is larger than 1,000 bytes, the limit here."
    )
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_a_broken_upload_leaves_nothing(tmp_path):
    def chunks():
        yield b"ab"
        raise OSError("connection lost")

    with pytest.raises(OSError, match="connection lost"):
        store_upload(chunks=chunks(), directory=tmp_path, max_bytes=1000)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]
