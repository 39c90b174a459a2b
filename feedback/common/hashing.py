"""SHA-256 of text and of JSON values, always over the same bytes."""

import hashlib
import json
from typing import Any


def text_sha256(text: str) -> str:
    """Hash of the UTF-8 bytes of `text`, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def canonical_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """One spelling for one value: sorted keys, no spaces, no NaN, real characters.

    Raises:
        ValueError: if the value holds NaN or an infinity.
    """
    return json.dumps(
        value,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )


def json_sha256(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Hash of the canonical JSON of `value`."""
    return text_sha256(canonical_json(value))
