"""The consensus report: what each question's answers settle on, over all waves."""

from typing import Any

import numpy as np

from feedback.quality.agreement import (
    NEITHER_KEY,
    PREFERENCE,
    Scaled,
    scaled_criteria,
    scaled_preferences,
    scaled_verdicts,
)
from feedback.quality.arrays import (
    Answers,
    preference_columns,
    rating_columns,
    verdict_columns,
)
from feedback.quality.computing import Computation, Content, input_sha256
from feedback.quality.epochs import Epoch
from feedback.quality.numbers import stored
from feedback.quality.questions import asked_in
from feedback.quality.report_agreement import context_of
from feedback.stats.arrays import FloatArray, IntArray
from feedback.stats.consensus import (
    choose_method,
    dawid_skene,
    score_summary,
    vote_shares,
)
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
    labels = _labels_of(epoch)

    def compute() -> Content:
        numbers = {one.key for one in asked if one.is_number and one.kind != "yes_no"}
        rows = [
            number_row(one) if one.key in numbers else label_row(one, labels)
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

    context = [context_of(asked), labels]
    columns = (ratings.columns, preferences.columns, verdicts)
    return Computation(input_sha256(*columns, context=context), compute)


def _labels_of(epoch: Epoch) -> dict[str, list[str]]:
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
    answers = scaled.answers
    score = scaled.values[answers.value]
    is_score = scaled.level == "interval"
    distance = _SCORE_DISTANCE if is_score else 1.0
    item = _compact(answers.item)
    found = score_summary(item, score, n_items=int(item.max()) + 1, distance=distance)
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


def label_row(scaled: Scaled, labels: dict[str, list[str]]) -> Row:
    """Which label each item gets, by votes or with a model of the raters."""
    answers = scaled.answers
    item, rater = _compact(answers.item), _compact(answers.rater)
    n_items, n_raters = int(item.max()) + 1, int(rater.max()) + 1
    # Whether anything is acceptable is for each rater to say: there is no right answer.
    is_factual = scaled.level == "nominal" and scaled.key != NEITHER_KEY
    method = choose_method(
        item, rater, n_items=n_items, n_raters=n_raters, is_factual=is_factual
    )
    shares = vote_shares(
        item, answers.value, n_items=n_items, n_values=len(scaled.values)
    )
    posterior, accuracy = shares, None
    if method == "dawid_skene":
        fit = dawid_skene(
            item,
            rater,
            answers.value,
            n_items=n_items,
            n_raters=n_raters,
            n_values=len(scaled.values),
        )
        posterior = fit.posterior
        accuracy = float(np.median(fit.accuracy))
    is_tie = _is_tie(posterior)
    settled = posterior[~is_tie].argmax(axis=1)
    return {
        "key": scaled.key,
        "name": scaled.name,
        "n_items": n_items,
        "n_ratings": len(item),
        "method": method,
        "accuracy": stored(accuracy) if accuracy is not None else None,
        "n_tied": int(is_tie.sum()),
        "sure": stored(_sure(posterior, answers, item, method)),
        "labels": _label_shares(scaled, labels, settled),
    }


def _sure(
    posterior: FloatArray, answers: Answers, item: IntArray, method: str
) -> float:
    """Of items with two ratings, the share that is as good as settled."""
    n = np.bincount(item, minlength=len(posterior))
    shared = posterior[n >= _TWO]
    if not len(shared) or not len(answers.item):
        return float("nan")
    bound = _SURE if method == "dawid_skene" else 1.0
    return float((shared.max(axis=1) >= bound).mean())


def _label_shares(
    scaled: Scaled, labels: dict[str, list[str]], settled: IntArray
) -> list[Row]:
    """Of each label the items settled on it; which side of a pair means nothing."""
    names = labels.get(scaled.key)
    if scaled.key == NEITHER_KEY:
        names = ["At least one is", "Neither is"]
    elif scaled.key == PREFERENCE or names is None:
        return []
    counts = np.bincount(settled, minlength=len(scaled.values))
    total = max(int(counts.sum()), 1)
    return [
        {"name": name, "n_items": int(n), "share": stored(n / total)}
        for name, n in zip(names, counts, strict=False)
    ]


def _is_tie(posterior: FloatArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
    leaders = np.sort(posterior, axis=1)[:, -_TWO:]
    return np.isclose(leaders[:, 0], leaders[:, 1])


def _compact(keys: IntArray) -> IntArray:
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)
