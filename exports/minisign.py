"""Signatures as the tool minisign writes and reads them: Ed25519, offline, plain files.

Nothing of Django is needed here, so a folder can be checked wherever Python is.
Source: https://jedisct1.github.io/minisign/, "Signature format" and "Key format".
"""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from feedback.common.exceptions import Invalid

_ALGORITHM = b"Ed"
_PREHASHED = b"ED"
_NO_KDF = b"\0\0"
_CHECKSUM = b"B2"
_ID_BYTES = 8
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_PUBLIC_BYTES = 2 + _ID_BYTES + _KEY_BYTES
# Algorithm, KDF, checksum; salt, two limits; id, seed and public half; checksum.
_SECRET_BYTES = 6 + 48 + _ID_BYTES + 2 * _KEY_BYTES + _KEY_BYTES
_UNTRUSTED = "untrusted comment: "
_TRUSTED = "trusted comment: "
_SIGNATURE_LINES = 4


class NotSigned(Invalid):
    """The signature is not one of this key over this content."""

    title = "The signature does not hold"


def _name(key_id: bytes) -> str:
    """A key's id as the tool prints it."""
    return key_id[::-1].hex().upper()


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The half that everybody may have."""

    key_id: bytes
    raw: bytes

    @classmethod
    def from_text(cls, text: str) -> "PublicKey":
        """Read a public key: a file's two lines, or the second one alone.

        Raises:
            Invalid: if it is not one.
        """
        content = _decoded(_last_line(text))
        if len(content) != _PUBLIC_BYTES or content[:2] != _ALGORITHM:
            raise Invalid(
                "This is not a minisign public key.",
                next_step="Use the file consilium.pub, or its second line (RW…).",
            )
        return cls(key_id=content[2:10], raw=content[10:])

    @property
    def name(self) -> str:
        """Its id as the tool prints it, 16 hexadecimal digits."""
        return _name(self.key_id)

    @property
    def base64(self) -> str:
        """The one line that `minisign -P` takes."""
        return _encoded(_ALGORITHM + self.key_id + self.raw)

    @property
    def text(self) -> str:
        """The file that `minisign -p` takes."""
        return f"{_UNTRUSTED}minisign public key {self.name}\n{self.base64}\n"


@dataclass(frozen=True, slots=True, repr=False)
class SecretKey:
    """The half that signs. It has no text form but the file's."""

    key_id: bytes
    seed: bytes

    @classmethod
    def generate(cls) -> "SecretKey":
        """A fresh one."""
        return cls(secrets.token_bytes(_ID_BYTES), secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def from_text(cls, text: str) -> "SecretKey":
        """Read a secret key without a password, as `minisign -G -W` makes it.

        Raises:
            Invalid: if it is not one; the text is not repeated in the message.
        """
        content = _decoded(_last_line(text))
        if len(content) != _SECRET_BYTES or content[:2] != _ALGORITHM:
            raise Invalid(
                "The signing key is not a minisign secret key.",
                next_step="Make one with: minisign -G -W -s signing.key",
            )
        if content[2:4] != _NO_KDF:
            raise Invalid(
                "The signing key is locked with a password, which nobody can type here.",
                next_step="Unlock a copy with: minisign -C -W -s signing.key",
            )
        key_id, pair = content[54:62], content[62:126]
        key = cls(key_id=key_id, seed=pair[:_KEY_BYTES])
        is_checked = content[126:] in {_checksum(key_id, pair), bytes(_KEY_BYTES)}
        if not is_checked or key.public.raw != pair[_KEY_BYTES:]:
            raise Invalid(
                "The signing key is damaged: its halves do not fit.",
                next_step="Take it from your backup, or make a new one.",
            )
        return key

    @property
    def public(self) -> PublicKey:
        """The other half."""
        raw = self._private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        return PublicKey(key_id=self.key_id, raw=raw)

    @property
    def text(self) -> str:
        """The file that `minisign -s` takes; secret."""
        pair = self.seed + self.public.raw
        content = b"".join(
            (
                _ALGORITHM,
                _NO_KDF,
                _CHECKSUM,
                bytes(48),
                self.key_id,
                pair,
                _checksum(self.key_id, pair),
            )
        )
        name = _name(self.key_id)
        return f"{_UNTRUSTED}minisign secret key {name}\n{_encoded(content)}\n"

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def sign(self, content: bytes, *, trusted_comment: str) -> str:
        """A signature file over `content`.

        Args:
            content: what is signed; its BLAKE2b hash is what the key sees.
            trusted_comment: one line that is signed as well.

        Raises:
            ValueError: if the comment is more than one line.
        """
        if len(trusted_comment.splitlines()) != 1:
            raise ValueError("A trusted comment is one line.")
        signature = self._private.sign(_prehash(content))
        whole = self._private.sign(signature + trusted_comment.encode())
        return (
            f"{_UNTRUSTED}signature of Consilium, key {_name(self.key_id)}\n"
            f"{_encoded(_PREHASHED + self.key_id + signature)}\n"
            f"{_TRUSTED}{trusted_comment}\n"
            f"{_encoded(whole)}\n"
        )


def verify(content: bytes, signature: str, *, key: PublicKey) -> str:
    """Check a signature file over `content`, in today's and in the legacy form.

    Returns:
        The trusted comment, which the key signed too.

    Raises:
        Invalid: if it is no signature file.
        NotSigned: if another key made it, or content or comment were changed.
    """
    algorithm, key_id, raw, comment, whole = _parsed(signature)
    if key_id != key.key_id:
        raise NotSigned(
            f"The signature is of key {_name(key_id)}, not of {key.name}.",
            next_step="Take the public key that the release names.",
        )
    public = Ed25519PublicKey.from_public_bytes(key.raw)
    signed = _prehash(content) if algorithm == _PREHASHED else content
    for part, over, what in (
        (raw, signed, "content"),
        (whole, raw + comment.encode(), "trusted comment"),
    ):
        try:
            public.verify(part, over)
        except InvalidSignature as error:
            raise NotSigned(
                f"The signature does not fit the {what}.",
                next_step="Do not use the files; pull the release again.",
            ) from error
    return comment


def key_of(signature: str) -> str:
    """The id of the key that a signature file says it is of.

    Raises:
        Invalid: if it is no signature file.
    """
    return _name(_parsed(signature)[1])


def _parsed(text: str) -> tuple[bytes, bytes, bytes, str, bytes]:
    lines = text.splitlines()
    is_whole = (
        len(lines) == _SIGNATURE_LINES
        and lines[0].startswith(_UNTRUSTED)
        and lines[2].startswith(_TRUSTED)
    )
    if is_whole:
        content, whole = _decoded(lines[1]), _decoded(lines[3])
        is_whole = (
            len(content) == 2 + _ID_BYTES + _SIGNATURE_BYTES
            and len(whole) == _SIGNATURE_BYTES
            and content[:2] in {_ALGORITHM, _PREHASHED}
        )
    if not is_whole:
        raise Invalid(
            "This is not a minisign signature.",
            next_step="Use the .minisig file that belongs to the release.",
        )
    comment = lines[2].removeprefix(_TRUSTED)
    return content[:2], content[2:10], content[10:], comment, whole


def _prehash(content: bytes) -> bytes:
    return hashlib.blake2b(content).digest()


def _checksum(key_id: bytes, pair: bytes) -> bytes:
    return hashlib.blake2b(_ALGORITHM + key_id + pair, digest_size=32).digest()


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(line: str) -> bytes:
    """The bytes of a base64 line; none if it is not one, which no caller accepts."""
    try:
        return base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        return b""
