"""One value, one spelling, one hash."""

import pytest

from feedback.common.hashing import canonical_json, json_sha256, text_sha256


def test_hash_of_text_is_that_of_its_utf8_bytes():
    # Published test vectors of SHA-256: FIPS 180-2, appendix B.1, and the empty message.
    assert text_sha256("abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert text_sha256("") == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


def test_order_of_keys_does_not_matter_and_order_of_items_does():
    assert json_sha256({"a": 1, "b": 2}) == json_sha256({"b": 2, "a": 1})
    assert json_sha256([1, 2]) != json_sha256([2, 1])


def test_characters_stay_characters():
    assert canonical_json({"ä": "é"}) == '{"ä":"é"}'


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_does_not_know_is_refused(value):
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(value)
