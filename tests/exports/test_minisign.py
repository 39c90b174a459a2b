"""Signatures in minisign's format: published vectors, and what must not pass."""

import base64
import stat

import pytest

from exports.minisign import NotSigned, PublicKey, SecretKey, key_of, verify
from exports.models import SigningKey
from exports.signing_keys import remember_key, signing_key
from feedback.common.exceptions import Conflict, Invalid

# Published in the documentation of the Rust crate minisign-verify, 0.1 and 0.2, by the
# author of minisign; the content is the four bytes "test".
KEY = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
LEGACY = (
    "untrusted comment: signature from minisign secret key\n"
    "RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC"
    "351vwIasSSbXxwA=\n"
    "trusted comment: timestamp:1555779966\tfile:test\n"
    "QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA"
    "==\n"
)
PREHASHED = (
    "untrusted comment: signature from minisign secret key\n"
    "RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJy"
    "lDOocrCo8KLzZwo=\n"
    "trusted comment: timestamp:1633700835\tfile:test\tprehashed\n"
    "wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ"
    "==\n"
)
SECRET = SecretKey(key_id=bytes(range(8)), seed=bytes(range(32)))


@pytest.mark.parametrize(
    ("signature", "comment"),
    [
        (LEGACY, "timestamp:1555779966\tfile:test"),
        (PREHASHED, "timestamp:1633700835\tfile:test\tprehashed"),
    ],
)
def test_a_published_signature_holds(signature, comment):
    key = PublicKey.from_text(KEY)
    assert key.name == key_of(signature) == "E7620F1842B4E81F"
    assert verify(b"test", signature, key=key) == comment
    with pytest.raises(NotSigned, match="does not fit the content"):
        verify(b"Test", signature, key=key)


def test_our_own_signature_holds_and_is_prehashed():
    signature = SECRET.sign(b"test", trusted_comment="study:x\tversion:1.0.0")
    assert base64.b64decode(signature.splitlines()[1])[:2] == b"ED"
    comment = verify(b"test", signature, key=SECRET.public)
    assert comment == "study:x\tversion:1.0.0"
    # Ed25519 has no chance in it: the same key signs the same content the same way.
    assert SECRET.sign(b"test", trusted_comment=comment) == signature


def test_one_changed_character_anywhere_breaks_it():
    signature = SECRET.sign(b"test", trusted_comment="version:1.0.0")
    lines = signature.splitlines()
    for number in (1, 2, 3):
        broken = list(lines)
        swapped = "B" if lines[number][20] != "B" else "C"
        broken[number] = lines[number][:20] + swapped + lines[number][21:]
        with pytest.raises(Invalid):
            verify(b"test", "\n".join(broken), key=SECRET.public)


def test_another_key_is_named():
    other = SecretKey.generate()
    signature = other.sign(b"test", trusted_comment="version:1.0.0")
    with pytest.raises(NotSigned, match=other.public.name):
        verify(b"test", signature, key=SECRET.public)
    # The same id with other bytes: a key that only pretends to be this one.
    twin = SecretKey(key_id=SECRET.key_id, seed=other.seed)
    with pytest.raises(NotSigned, match="does not fit"):
        verify(b"test", twin.sign(b"test", trusted_comment="x"), key=SECRET.public)


@pytest.mark.parametrize(
    "text", ["", "no", LEGACY[:-40], LEGACY + "more\n", LEGACY.replace("RWQ", "RXQ")]
)
def test_what_is_no_signature_is_said(text):
    with pytest.raises(Invalid, match="not a minisign signature"):
        verify(b"test", text, key=PublicKey.from_text(KEY))


def test_a_comment_is_one_line():
    with pytest.raises(ValueError, match="one line"):
        SECRET.sign(b"test", trusted_comment="a\nb")


def test_keys_go_to_text_and_back():
    assert SecretKey.from_text(SECRET.text) == SECRET
    assert PublicKey.from_text(SECRET.public.text) == SECRET.public
    assert PublicKey.from_text(SECRET.public.base64) == SECRET.public
    assert SECRET.text.splitlines()[1] not in repr(SECRET)


@pytest.mark.parametrize(
    ("at", "message"), [(2, "locked with a password"), (70, "do not fit")]
)
def test_an_unusable_secret_key_is_not_repeated(at, message):
    content = bytearray(base64.b64decode(SECRET.text.splitlines()[1]))
    content[at] ^= 0x53
    text = base64.b64encode(content).decode()
    with pytest.raises(Invalid, match=message) as refusal:
        SecretKey.from_text(text)
    assert text not in refusal.value.message + refusal.value.next_step
    with pytest.raises(Invalid, match="not a minisign"):
        SecretKey.from_text("RWQ=")
    with pytest.raises(Invalid, match="not a minisign public key"):
        PublicKey.from_text(text)


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path):
    file = tmp_path / "keys" / "signing.key"
    made = signing_key(text="", file=file)
    assert signing_key(text="", file=file) == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert signing_key(text=SECRET.text, file=file) == SECRET
    file.chmod(0o640)
    with pytest.raises(Conflict, match="Others can read"):
        signing_key(text="", file=file)


def test_old_public_keys_are_kept(db):
    first, second = SECRET.public, SecretKey.generate().public
    for public in (first, second, first):
        assert remember_key(public).public_key == public.base64
    assert SigningKey.objects.count() == 2
    with pytest.raises(Conflict, match="Another key"):
        remember_key(PublicKey(key_id=first.key_id, raw=second.raw))
