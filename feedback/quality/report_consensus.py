"""The consensus report: what each question's answers settle on, over all waves."""

from typing import Any

import numpy as np

from feedback.quality.agreement import (
    NEITHER_KEY,
    Scaled,
    scaled_criteria,
    scaled_preferences,
    scaled_verdicts,
)
from feedback.quality.arrays import (
    preference_columns,
    rating_columns,
    verdict_columns,
)
from feedback.quality.computing import Computation, Content, input_sha256
from feedback.quality.epochs import Epoch
from feedback.quality.gold_labels import GoldLabels, gold_labels, known_in
from feedback.quality.numbers import stored
from feedback.quality.questions import Asked, asked_in
from feedback.quality.report_agreement import context_of
from feedback.quality.settling import Settled, compact, label_names, settle_labels
from feedback.stats.arrays import IntArray
from feedback.stats.calibration import Calibration
from feedback.stats.consensus import Scores, score_summary
from feedback.studies.models import Criterion, Study

Row = dict[str, Any]
_SURE = 0.9
_TWO = 2
_SCORE_DISTANCE = 10.0


def consensus_computation(study: Study, epoch: Epoch) -> Computation:
    """What the consensus report is computed from, and how."""
    asked = asked_in(epoch)
    ratings, preferences = (
        rating_columns(study, epoch),
        preference_columns(study, epoch),
    )
    verdicts = verdict_columns(study, epoch)
    labels = labels_of(epoch)
    known = known_in(study, epoch)

    def compute() -> Content:
        numbers = number_keys(asked)
        golds = gold_labels(known, asked)
        rows = [
            number_row(one)
            if one.key in numbers
            else label_row(one, labels, golds.get(one.key), seed=study.seed)
            for one in (
                *scaled_criteria(asked, ratings, preferences),
                *scaled_preferences(preferences),
                *scaled_verdicts(verdicts),
            )
            if len(one.answers.item)
        ]
        return {
            "numbers": [row for row in rows if "mean" in row],
            "labels": [row for row in rows if "method" in row],
        }

    context = [context_of(asked), labels, sorted(known.expected.items())]
    columns = (
        ratings.columns,
        preferences.columns,
        verdicts,
        known.ratings.columns,
        known.preferences.columns,
    )
    return Computation(input_sha256(*columns, context=context), compute)


def number_keys(asked: tuple[Asked, ...]) -> frozenset[str]:
    """Questions whose answers are averaged; the others get labels."""
    return frozenset(
        one.key for one in asked if one.is_number and one.kind != Criterion.Kind.YES_NO
    )


def labels_of(epoch: Epoch) -> dict[str, list[str]]:
    """Names of the values of each nominal criterion, in order."""
    rows = Criterion.objects.filter(guideline_version=epoch.newest_id)
    found = {}
    for one in rows:
        if one.kind == Criterion.Kind.NOMINAL:
            found[one.key] = [str(option["label"]) for option in one.options]
        elif one.kind == Criterion.Kind.YES_NO:
            found[one.key] = [one.low_label or "No", one.high_label or "Yes"]
    return found


def number_row(scaled: Scaled) -> Row:
    """Mean and median of the items of a scale, and how close raters are."""
    found, distance = summarized(scaled)
    return {
        "key": scaled.key,
        "name": scaled.name,
        "n_items": len(found.n),
        "n_ratings": int(found.n.sum()),
        "mean": stored(found.mean.mean()),
        "median": stored(float(np.median(found.median))),
        "within": stored(found.share_within.mean()),
        "distance": distance,
    }


def summarized(scaled: Scaled) -> tuple[Scores, float]:
    """Each item's mean and median, and what counts as near the median."""
    distance = _SCORE_DISTANCE if scaled.level == "interval" else 1.0
    item = compact(scaled.answers.item)
    score = scaled.values[scaled.answers.value]
    n_items = int(item.max()) + 1
    return score_summary(item, score, n_items=n_items, distance=distance), distance


def label_row(
    scaled: Scaled, labels: dict[str, list[str]], golds: GoldLabels | None, *, seed: int
) -> Row:
    """Which label each item gets, by votes or with a model of the raters."""
    found = settle_labels(scaled, golds, seed=seed)
    is_tied = found.is_tied
    settled = found.posterior[~is_tied].argmax(axis=1)
    return {
        "key": scaled.key,
        "name": scaled.name,
        "n_items": len(found.task),
        "n_ratings": len(found.item),
        "method": found.method,
        "accuracy": None if found.accuracy is None else stored(found.accuracy),
        "n_tied": int(is_tied.sum()),
        "sure": stored(_sure(found)),
        "calibration": _calibration(found.calibration),
        "labels": _label_shares(scaled, labels, settled),
    }


def _calibration(found: Calibration) -> Row:
    return {
        "n_golds": found.n_golds,
        "temperature": stored(found.temperature),
        "n_held_out": found.n_held_out,
        "loss_before": stored(found.loss_before),
        "loss_after": stored(found.loss_after),
        "error_before": stored(found.error_before),
        "error_after": stored(found.error_after),
    }


def _sure(found: Settled) -> float:
    """Of items with two ratings, the share that is as good as settled."""
    shared = found.posterior[found.counts.sum(axis=1) >= _TWO]
    if not len(shared):
        return float("nan")
    bound = _SURE if found.method == "dawid_skene" else 1.0
    return float((shared.max(axis=1) >= bound).mean())


def _label_shares(
    scaled: Scaled, labels: dict[str, list[str]], settled: IntArray
) -> list[Row]:
    """Of each label the items settled on it; which side of a pair means nothing."""
    if scaled.key not in labels and scaled.key != NEITHER_KEY:
        return []
    counts = np.bincount(settled, minlength=len(scaled.values))
    total = max(int(counts.sum()), 1)
    return [
        {"name": name, "n_items": int(n), "share": stored(n / total)}
        for name, n in zip(label_names(scaled, labels), counts, strict=False)
    ]
