"""The tasks on which raters are furthest apart: where to look first."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from feedback.quality.agreement import Scaled
from feedback.quality.numbers import stored
from feedback.stats.arrays import FloatArray, IntArray
from feedback.studies.models import Task

SHOWN = 20


def most_disagreed(scaled: Iterable[Scaled], *, n: int = SHOWN) -> list[dict[str, Any]]:
    """The tasks with the widest answers, each with the question that divides it most.

    Args:
        scaled: every question; only the base wave is looked at.
        n: tasks to give.

    Returns:
        From the widest; of equal spread the one with more ratings first. The spread is
        the range of the answers in the range of the scale, 0 to 1; between categories
        without order it is the share of pairs of raters who differ.
    """
    found: dict[int, dict[str, Any]] = {}
    for one in scaled:
        for task, spread, n_raters, low, high in _widest(one, n=n):
            held = found.get(task)
            if held is None or spread > held["spread"]:
                found[task] = {
                    "key": one.key,
                    "question": one.name,
                    "is_pair": one.is_pair,
                    "spread": stored(spread),
                    "n_raters": n_raters,
                    "low": low if one.level != "nominal" else None,
                    "high": high if one.level != "nominal" else None,
                }
    order = sorted(found, key=lambda t: (-found[t]["spread"], -found[t]["n_raters"], t))
    uids = dict(Task.objects.filter(pk__in=order[:n]).values_list("pk", "uid"))
    return [{"task": str(uids[task]), **found[task]} for task in order[:n]]


def _widest(one: Scaled, *, n: int) -> list[tuple[int, float, int, float, float]]:
    base = one.answers.base
    if not len(base.item):
        return []
    n_of_item = np.bincount(base.item)
    low, high = _ends(base.item, base.value)
    if one.level == "nominal":
        spread = _pairs_apart(base.item, base.value, n_of_item, len(one.values))
    else:
        scale = one.values[-1] - one.values[0]
        spread = (one.values[high] - one.values[low]) / scale
    spread = np.where(n_of_item >= 2, spread, 0.0)  # noqa: PLR2004 - two to disagree
    task_of_item = np.zeros(len(n_of_item), dtype=np.int64)
    task_of_item[base.item] = base.task
    # A task of many items may fill the list alone: take more, one is kept of each.
    order = np.lexsort((-n_of_item, -spread))[: 20 * n]
    return [
        (
            int(task_of_item[item]),
            float(spread[item]),
            int(n_of_item[item]),
            float(one.values[low[item]]),
            float(one.values[high[item]]),
        )
        for item in order
        if spread[item] > 0.0
    ]


def _ends(item: IntArray, value: IntArray) -> tuple[IntArray, IntArray]:
    """Lowest and highest value of each item; items without any have the first."""
    n_items = int(item.max()) + 1
    order = np.lexsort((value, item))
    first = np.searchsorted(item[order], np.arange(n_items), side="left")
    last = np.searchsorted(item[order], np.arange(n_items), side="right") - 1
    ordered = value[order]
    is_rated = last >= first
    low = np.where(is_rated, ordered[np.minimum(first, len(ordered) - 1)], 0)
    high = np.where(is_rated, ordered[np.maximum(last, 0)], 0)
    return low, high


def _pairs_apart(
    item: IntArray, value: IntArray, n_of_item: IntArray, n_values: int
) -> FloatArray:
    counts = np.bincount(item * n_values + value, minlength=len(n_of_item) * n_values)
    same = np.square(counts.reshape(-1, n_values).astype(np.float64)).sum(axis=1)
    n = n_of_item.astype(np.float64)
    apart: FloatArray = 1.0 - (same - n) / np.maximum(n * (n - 1.0), 1.0)
    return apart
