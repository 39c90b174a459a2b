r"""Text as the house stores it: Unicode NFC, `\n` line ends, whole code points.

Offsets are counted in code points everywhere on the server. Browsers count UTF-16
units; the two functions at the end are the only place where one becomes the other.
"""

import re
import unicodedata

# Everything PostgreSQL or JSON cannot carry, or that hides text from a reader.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LAST_BMP = 0xFFFF


def normalize(text: str) -> str:
    r"""Return `text` in NFC with every CRLF and lone CR turned into `\n`."""
    if text.isascii():
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def forbidden_character(text: str) -> str | None:
    """Describe the first character that must not be stored, or None.

    NUL and other control characters (but not tab, line feed, carriage return) and
    lone surrogates, e.g. ``U+0000 at character 17``.
    """
    if (found := _FORBIDDEN.search(text)) is None:
        return None
    return f"U+{ord(found.group()):04X} at character {found.start() + 1}"


def utf16_to_code_points(text: str, offset: int) -> int:
    """Turn a browser's offset into ours.

    Raises:
        ValueError: if the offset is outside the text or splits a character.
    """
    units = 0
    for index, character in enumerate(text):
        if units == offset:
            return index
        units += 2 if ord(character) > _LAST_BMP else 1
    if units == offset:
        return len(text)
    raise ValueError(f"UTF-16 offset {offset} is not between two characters")


def code_points_to_utf16(text: str, offset: int) -> int:
    """Turn our offset into a browser's.

    Raises:
        ValueError: if the offset is outside the text.
    """
    if not 0 <= offset <= len(text):
        raise ValueError(f"Offset {offset} is outside a text of {len(text)} characters")
    return sum(2 if ord(character) > _LAST_BMP else 1 for character in text[:offset])
