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
    """The most particular shape that more than half of the given rows have, or None."""
    for shape in SHAPES.values():
        if 2 * sum(shape.matches(row) for row in rows) > len(rows):
            return shape
    return None
