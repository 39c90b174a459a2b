"""Text as the house stores it, and offsets that survive any character."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.common.text import (
    code_points_to_utf16,
    forbidden_character,
    normalize,
    utf16_to_code_points,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXT)
def test_normal_text_stays_as_it_is(text):
    once = normalize(text)

    assert normalize(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert "\r" not in once


@pytest.mark.parametrize(
    ("given_text", "stored"),
    [
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("e\u0301", "é"),
        ("\u212b", "Å"),
        ("👩🏽‍⚕️", "👩🏽‍⚕️"),
    ],
)
def test_line_ends_and_accents_have_one_spelling(given_text, stored):
    assert normalize(given_text) == stored


@given(TEXT)
def test_offsets_go_there_and_back(text):
    for offset in range(len(text) + 1):
        assert utf16_to_code_points(text, code_points_to_utf16(text, offset)) == offset


@given(TEXT)
def test_browser_offsets_are_those_of_utf16(text):
    for offset in range(len(text) + 1):
        units = len(text[:offset].encode("utf-16-le")) // 2
        assert code_points_to_utf16(text, offset) == units


def test_offset_inside_a_character_is_refused():
    with pytest.raises(ValueError, match="between two characters"):
        utf16_to_code_points("a😀b", 2)


@pytest.mark.parametrize("offset", [-1, 4])
def test_offset_outside_the_text_is_refused(offset):
    with pytest.raises(ValueError, match="outside a text of 3"):
        code_points_to_utf16("a😀b", offset)


@pytest.mark.parametrize(
    ("text", "offence"),
    [
        ("plain\ttext\nwith lines", None),
        ("עברית and 日本語", None),
        ("a\x00b", "U+0000 at character 2"),
        ("a\ud800", "U+D800 at character 2"),
        ("bell\x07", "U+0007 at character 5"),
    ],
)
def test_what_cannot_be_stored_is_named(text, offence):
    assert forbidden_character(text) == offence
