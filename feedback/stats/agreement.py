"""Agreement between raters, from a table of counts."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Level = Literal["nominal", "ordinal", "interval"]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def krippendorff_alpha(counts: Counts, *, values: Floats, level: Level) -> float:
    """Chance-corrected agreement of many raters, with gaps.

    Args:
        counts: shape (n_units, n_values); how many raters gave a unit each value.
            Units with fewer than two ratings are left out.
        values: shape (n_values,); the values in rising order.
        level: the scale; picks the distance between two values.

    Returns:
        1 for perfect agreement, 0 for chance, below 0 for systematic disagreement.
        NaN when no unit has two ratings or all ratings are equal: agreement is then
        undefined, which is not the same as perfect.

    Raises:
        ValueError: if the shapes do not fit.

    Source:
        Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011).
    """
    pairable = _pairable(counts, values)
    if not pairable.size:
        return float("nan")
    per_unit = pairable.sum(axis=1, keepdims=True)
    # Coincidences: o_ck = sum over units of n_c (n_k - [c = k]) / (m - 1).
    weighted = pairable / (per_unit - 1)
    coincidences = weighted.T @ pairable - np.diag(weighted.sum(axis=0))
    margins = pairable.sum(axis=0).astype(np.float64)
    distance = _squared_distance(values, margins, level)
    expected = float(margins @ distance @ margins)
    if expected == 0.0:
        return float("nan")
    observed = float((coincidences * distance).sum())
    return 1.0 - float(margins.sum() - 1.0) * observed / expected


def percent_agreement(counts: Counts) -> float:
    """Mean over units of the share of rater pairs that gave the same value.

    Args:
        counts: as for `krippendorff_alpha`.

    Returns:
        0 to 1; NaN when no unit has two ratings.
    """
    pairable = counts[counts.sum(axis=1) >= 2]  # noqa: PLR2004 - a pair
    if not pairable.size:
        return float("nan")
    per_unit = pairable.sum(axis=1)
    same = (pairable * (pairable - 1)).sum(axis=1)
    return float((same / (per_unit * (per_unit - 1))).mean())


def _pairable(counts: Counts, values: Floats) -> Floats:
    if counts.ndim != 2 or counts.shape[1] != len(values):  # noqa: PLR2004
        raise ValueError(
            f"counts of shape {counts.shape} do not fit {len(values)} values"
        )
    keep = counts.sum(axis=1) >= 2  # noqa: PLR2004 - a pair
    pairable: Floats = counts[keep].astype(np.float64)
    return pairable


def _squared_distance(values: Floats, margins: Floats, level: Level) -> Floats:
    if level == "nominal":
        return np.ones((len(values), len(values))) - np.eye(len(values))
    # Ordinal: distance is the number of ratings between two values' middles.
    places = values if level == "interval" else np.cumsum(margins) - margins / 2.0
    distance: Floats = np.square(places[:, None] - places[None, :])
    return distance
