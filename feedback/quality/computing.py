"""A report before it is computed: what goes in, by its hash, and how it comes out."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from feedback.common.hashing import canonical_json
from feedback.quality.columns import Columns

Content = dict[str, Any]


@dataclass(frozen=True)
class Computation:
    """Numbers that are computed only if nobody has computed them from the same input.

    Attributes:
        input_sha256: of everything `compute` depends on, but for seed and code.
        compute: gives the content; called once at most.
    """

    input_sha256: str
    compute: Callable[[], Content]


def input_sha256(*columns: Columns, context: object = None) -> str:
    """Hash of columns and of whatever else the numbers depend on.

    Args:
        columns: as they were read.
        context: any JSON value: names, scales, settings.
    """
    digest = hashlib.sha256(canonical_json(context).encode())
    for one in columns:
        for name, values in sorted({**one.numbers, **one.floats}.items()):
            digest.update(f"{name}:{values.dtype.str}:{len(values)}:".encode())
            digest.update(values.tobytes())
        for name, words in sorted(one.texts.items()):
            digest.update(canonical_json([name, list(words.words)]).encode())
            digest.update(words.codes.tobytes())
    return digest.hexdigest()
