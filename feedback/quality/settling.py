"""What the answers to one question settle on, item by item, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feedback.quality.agreement import NEITHER_KEY, Scaled, rng_for
from feedback.quality.gold_labels import GoldLabels
from feedback.stats.arrays import BoolArray, FloatArray, IntArray
from feedback.stats.calibration import Calibration, calibrate, posterior_under
from feedback.stats.consensus import (
    DawidSkene,
    Method,
    apply_temperature,
    choose_method,
    dawid_skene,
    vote_shares,
)

_TWO = 2


@dataclass(frozen=True, eq=False)
class Settled:
    """The labels of a question's items.

    Attributes:
        item: shape (n_ratings,); which item each rating is of, from 0.
        task: shape (n_items,); key of the task of each item.
        counts: shape (n_items, n_values); votes.
        method: votes, or a model of the raters.
        posterior: shape (n_items, n_values); probability of each label.
        scaled: the same at the temperature that golds gave; None of too few golds.
        calibration: what the temperature does to golds it was not fitted to.
        accuracy: median expected accuracy of the raters; None of votes.
    """

    item: IntArray
    task: IntArray
    counts: IntArray
    method: Method
    posterior: FloatArray
    scaled: FloatArray | None
    calibration: Calibration
    accuracy: float | None

    @property
    def is_tied(self) -> BoolArray:
        """Whether the two likeliest labels of an item are equally likely."""
        leaders = np.sort(self.posterior, axis=1)[:, -_TWO:]
        tied: BoolArray = np.isclose(leaders[:, 0], leaders[:, 1])
        return tied


def settle_labels(scaled: Scaled, golds: GoldLabels | None, *, seed: int) -> Settled:
    """Give each item of a question its label.

    Args:
        scaled: answers of every wave; at least one.
        golds: answers to known items, with what is known; None where nothing is.
        seed: of the study; cuts the golds for judging the temperature.
    """
    answers = scaled.answers
    item = compact(answers.item)
    raters, rater = np.unique(answers.rater, return_inverse=True)
    rater = rater.astype(np.int64)
    n_items, n_values = int(item.max()) + 1, len(scaled.values)
    # Whether anything is acceptable is for each rater to say: there is no right answer.
    is_factual = scaled.level == "nominal" and scaled.key != NEITHER_KEY
    method = choose_method(
        item, rater, n_items=n_items, n_raters=len(raters), is_factual=is_factual
    )
    shares = vote_shares(item, answers.value, n_items=n_items, n_values=n_values)
    n_votes = np.bincount(item, minlength=n_items)
    fit: DawidSkene | None = None
    if method == "dawid_skene":
        fit = dawid_skene(
            item,
            rater,
            answers.value,
            n_items=n_items,
            n_raters=len(raters),
            n_values=n_values,
        )
    posterior = shares if fit is None else fit.posterior
    known = _of_golds(golds, fit, raters, n_votes=n_votes, n_values=n_values)
    calibration = calibrate(*known, rng=rng_for(seed, f"temperature:{scaled.key}"))
    is_scaled = not np.isnan(calibration.temperature)
    task = np.empty(n_items, dtype=np.int64)
    task[item] = answers.task
    return Settled(
        item=item,
        task=task,
        counts=np.rint(shares * n_votes[:, None]).astype(np.int64),
        method=method,
        posterior=posterior,
        scaled=apply_temperature(posterior, calibration.temperature)
        if is_scaled
        else None,
        calibration=calibration,
        accuracy=None if fit is None else float(np.median(fit.accuracy)),
    )


def _of_golds(
    golds: GoldLabels | None,
    fit: DawidSkene | None,
    raters: IntArray,
    *,
    n_votes: IntArray,
    n_values: int,
) -> tuple[FloatArray, IntArray]:
    """Probabilities of known items from as many votes as an ordinary item has."""
    none = np.zeros((0, n_values)), np.zeros(0, dtype=np.int64)
    if golds is None or not len(golds.rater):
        return none
    rows = np.ones(len(golds.rater), dtype=np.bool_)
    if fit is not None:
        rows &= np.isin(golds.rater, raters)
    rows &= _place_in_item(golds.item, rows) < max(int(np.median(n_votes)), 1)
    items, item = np.unique(golds.item[rows], return_inverse=True)
    if not len(items):
        return none
    item, value = item.astype(np.int64), golds.value[rows]
    if fit is None:
        posterior = vote_shares(item, value, n_items=len(items), n_values=n_values)
    else:
        rater = np.searchsorted(raters, golds.rater[rows])
        posterior = posterior_under(fit, item, rater, value, n_items=len(items))
    return posterior, golds.label[items]


def _place_in_item(item: IntArray, rows: BoolArray) -> IntArray:
    """Which of its item's chosen rows a row is, from 0, in the order they come."""
    place = np.zeros(len(item), dtype=np.int64)
    chosen = np.flatnonzero(rows)
    order = chosen[np.argsort(item[chosen], kind="stable")]
    _, first, sizes = np.unique(item[order], return_index=True, return_counts=True)
    place[order] = np.arange(len(order)) - np.repeat(first, sizes)
    return place


def compact(keys: IntArray) -> IntArray:
    """The same keys, numbered from 0 without gaps."""
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def label_names(scaled: Scaled, labels: dict[str, list[str]]) -> Sequence[str]:
    """What each value of a question is called."""
    if scaled.key in labels:
        return labels[scaled.key]
    if scaled.key == NEITHER_KEY:
        return ("At least one is", "Neither is")
    if scaled.is_pair:
        return ("First is better", "About equal", "Second is better")
    return tuple(f"{value:g}" for value in scaled.values)
