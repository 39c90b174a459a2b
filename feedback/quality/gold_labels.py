"""Answers to tasks whose label is known, by question: what sureness is measured on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedback.quality.agreement import (
    NEITHER_KEY,
    PREFERENCE,
    Scaled,
    scaled_criteria,
    scaled_preferences,
)
from feedback.quality.arrays import (
    PreferenceColumns,
    RatingColumns,
    preference_columns,
    rating_columns,
)
from feedback.quality.epochs import Epoch
from feedback.quality.questions import Asked
from feedback.stats.arrays import IntArray
from feedback.studies.models import Criterion, GoldItem, Study, Task

_OUTCOMES = {"a": 0, "tie": 1, "b": 2}


@dataclass(frozen=True, eq=False)
class GoldLabels:
    """Answers to known items of one question, in the order they were given.

    Attributes:
        item: shape (n_ratings,); index of `label`.
        rater: shape (n_ratings,); key of the rater.
        value: shape (n_ratings,); index of the question's values.
        label: shape (n_items,); what is known, as such an index.
    """

    item: IntArray
    rater: IntArray
    value: IntArray
    label: IntArray


@dataclass(frozen=True, eq=False)
class Known:
    """What is known in a study's epoch, and what raters answered to it.

    Attributes:
        expected: key of the task -> what is expected of it, of golds in use.
        ratings: of these tasks.
        preferences: of these tasks.
    """

    expected: dict[int, dict[str, Any]]
    ratings: RatingColumns
    preferences: PreferenceColumns


def known_in(study: Study, epoch: Epoch) -> Known:
    """Read them: a query for each kind of answer."""
    golds = GoldItem.objects.filter(
        task__study=study, task__purpose=Task.Purpose.GOLD, retired_at=None
    )
    return Known(
        expected=dict(golds.order_by("task").values_list("task", "expected")),
        ratings=rating_columns(study, epoch, purpose="gold"),
        preferences=preference_columns(study, epoch, purpose="gold"),
    )


def gold_labels(known: Known, asked: tuple[Asked, ...]) -> dict[str, GoldLabels]:
    """By key of the question; those without a known label are left out."""
    by_key = {one.key: one for one in asked}
    found = {}
    for scaled in (
        *scaled_criteria(asked, known.ratings, known.preferences),
        *scaled_preferences(known.preferences),
    ):
        labels = {
            task: label
            for task, expected in known.expected.items()
            if (label := _label(scaled.key, by_key.get(scaled.key), expected))
            is not None
        }
        if (made := _of_question(scaled, labels)) is not None:
            found[scaled.key] = made
    return found


def _label(key: str, asked: Asked | None, expected: dict[str, Any]) -> int | None:
    """The index of the value that is known, or None: numbers with a tolerance are none."""
    preference = expected.get("preference")
    if key == PREFERENCE:
        return _OUTCOMES.get(preference or "")
    if key == NEITHER_KEY:
        return None if preference is None else int(preference == "neither")
    one = expected.get("ratings", {}).get(key)
    if one is None or asked is None:
        return None
    value = one["value"]
    if asked.scope == Criterion.Scope.PAIR:
        return _OUTCOMES.get(value)
    if asked.kind == Criterion.Kind.NOMINAL:
        return asked.options.index(value) if value in asked.options else None
    return int(value) if asked.kind == Criterion.Kind.YES_NO else None


def _of_question(scaled: Scaled, labels: dict[int, int]) -> GoldLabels | None:
    answers = scaled.answers
    rows = np.isin(answers.task, _keys(labels))
    # A task with several texts knows one label for all of them: which is not said.
    several = _tasks_of_several(answers.item, answers.task)
    rows &= ~np.isin(answers.task, several)
    if not rows.any():
        return None
    tasks, item = np.unique(answers.task[rows], return_inverse=True)
    return GoldLabels(
        item=item.astype(np.int64),
        rater=answers.rater[rows],
        value=answers.value[rows],
        label=np.array([labels[int(task)] for task in tasks], dtype=np.int64),
    )


def _tasks_of_several(item: IntArray, task: IntArray) -> IntArray:
    first = np.unique(item, return_index=True)[1]
    tasks, n = np.unique(task[first], return_counts=True)
    return tasks[n > 1]


def _keys(labels: Iterable[int]) -> IntArray:
    return np.fromiter(labels, dtype=np.int64)
