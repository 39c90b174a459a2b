"""How a computed number is stored: as JSON knows it, and the same on every machine."""

from math import isfinite

_DIGITS = 9


def stored(value: float) -> float | None:
    """A number rounded to what is meaningful; None where it is not defined."""
    number = float(value)
    return round(number, _DIGITS) if isfinite(number) else None
