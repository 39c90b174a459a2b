"""The shapes in which people have prompts and completions, one module each."""

from collections.abc import Sequence
from typing import Any

from feedback.corpus.shapes import (
    consilium,
    helpsteer3,
    hh,
    kqa,
    medec,
    oasst,
    trl,
    ultrafeedback,
)
from feedback.corpus.shapes.shape import Shape

__all__ = ["SHAPES", "Shape", "detect_shape"]

# From the most particular to the most general: detection takes the first that fits.
SHAPES: dict[str, Shape] = {
    module.SHAPE.key: module.SHAPE
    for module in (oasst, helpsteer3, ultrafeedback, kqa, medec, hh, trl, consilium)
}


def detect_shape(rows: Sequence[dict[str, Any]]) -> Shape | None:
    """The shape that each of the given rows has, or None."""
    if not rows:
        return None
    return next(
        (s for s in SHAPES.values() if all(s.matches(row) for row in rows)), None
    )
