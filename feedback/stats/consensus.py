"""One label or score per item from many ratings, and how good each rater is.

Ratings come as parallel arrays: which item, which rater, which value, each numbered
from zero. Nothing here builds a table of raters by items: time and memory grow with
the number of ratings.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from feedback.stats.arrays import FloatArray, IntArray

ENOUGH_RATINGS = 20
ENOUGH_GOLDS = 50
COOLEST, HOTTEST = 0.05, 20.0
_LEAST_PROBABILITY = 1e-6
_Z95 = 1.959963984540054

Method = Literal["votes", "dawid_skene"]


@dataclass(frozen=True)
class Smoothing:
    """Ratings imagined before the first real one, so that none counts as proof.

    Attributes:
        per_rater: spread evenly over the values a rater may give for each true label.
        correct: on top of it for giving the true label.
        per_label: items imagined of each label.
    """

    per_rater: float = 2.0
    correct: float = 2.0
    per_label: float = 1.0

    def __post_init__(self) -> None:
        if min(self.per_rater, self.per_label) <= 0.0 or self.correct < 0.0:
            raise ValueError(
                f"{self} lets a single rating rule a label out: per_rater and "
                "per_label must be above zero, correct not below"
            )


@dataclass(frozen=True)
class DawidSkene:
    """A fitted model of labels and raters.

    Attributes:
        posterior: shape (n_items, n_values); probability of each label. An item
            without ratings has the prior.
        confusion: shape (n_raters, n_values, n_values); probability that a rater
            gives the last index to an item whose label is the middle one.
        prior: shape (n_values,); how common each label is.
        n_ratings: shape (n_raters,); ratings each rater gave.
        accuracy: shape (n_raters,); expected share of right ratings on items as
            common as these, sum over labels of prior times confusion's diagonal.
        accuracy_se: shape (n_raters,); standard error of it, which takes the labels'
            posterior as it is and so is too small where labels are uncertain.
        n_steps: steps of expectation and maximization taken.
        is_converged: whether the last step changed less than the tolerance.
        log_posterior: what the fit maximized, up to a constant; in nats.
    """

    posterior: FloatArray
    confusion: FloatArray
    prior: FloatArray
    n_ratings: IntArray
    accuracy: FloatArray
    accuracy_se: FloatArray
    n_steps: int
    is_converged: bool
    log_posterior: float

    def accuracy_interval(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper 95 % bounds of `accuracy`, each of shape (n_raters,)."""
        half = _Z95 * self.accuracy_se
        low: FloatArray = np.clip(self.accuracy - half, 0.0, 1.0)
        high: FloatArray = np.clip(self.accuracy + half, 0.0, 1.0)
        return low, high


@dataclass(frozen=True)
class Scores:
    """Summary of the scores of each item; NaN for an item without any.

    Attributes:
        n: shape (n_items,); scores the item has.
        mean: shape (n_items,); the value to use.
        median: shape (n_items,); the value to show beside it.
        share_within: shape (n_items,); share of scores no further than the stated
            distance from the median, 0 to 1.
    """

    n: IntArray
    mean: FloatArray
    median: FloatArray
    share_within: FloatArray


@dataclass(frozen=True)
class _Slots:
    """Ratings laid out so that every pass over them runs through memory in order.

    Rated items stand in falling order of how many ratings they have. Slot j holds the
    j-th rating of each item that has so many; these are always the first so many items,
    so a slot is added to its items without looking anything up.

    Attributes:
        items: shape (n_rated,); the item at each place.
        given: shape (n_ratings,); rater times values plus value, slot after slot.
        bounds: where each slot begins and ends in `given`.
    """

    items: IntArray
    given: IntArray
    bounds: list[tuple[int, int]]

    @classmethod
    def of(cls, item: IntArray, given: IntArray, n_items: int) -> "_Slots":
        n = np.bincount(item, minlength=n_items)
        items = np.argsort(-n, kind="stable")[: np.count_nonzero(n)]
        place = np.empty(n_items, dtype=np.int64)
        place[items] = np.arange(len(items))
        by_item = np.argsort(item, kind="stable")
        slot = np.arange(len(item)) - np.repeat(np.cumsum(n) - n, n)
        sizes = np.bincount(slot)
        ends = np.cumsum(sizes)
        slot = (ends - sizes)[slot]
        slot += np.repeat(place, n)
        laid_out = np.empty_like(given)
        laid_out[slot] = given[by_item]
        bounds = zip((ends - sizes).tolist(), ends.tolist(), strict=True)
        return cls(items, laid_out, list(bounds))

    def expected_counts(self, posterior: FloatArray, n_raters: int) -> FloatArray:
        """Ratings of each value by each rater for each true label: labels first."""
        n_values = len(posterior)
        counts = np.empty((n_values, n_raters, n_values))
        weights = np.empty(len(self.given))
        for label in range(n_values):
            for begin, end in self.bounds:
                weights[begin:end] = posterior[label, : end - begin]
            tallied = np.bincount(self.given, weights, n_raters * n_values)
            counts[label] = tallied.reshape(n_raters, n_values)
        return counts

    def label_items(
        self, posterior: FloatArray, log_confusion: FloatArray, log_prior: FloatArray
    ) -> float:
        """Overwrite the posterior; return the log evidence of all items."""
        logs = np.empty(len(self.given))
        for label in range(len(posterior)):
            posterior[label] = log_prior[label]
            # Clipping cannot happen; it lets the look-up write to its place unchecked.
            table = log_confusion[label].ravel()
            np.take(table, self.given, out=logs, mode="clip")
            for begin, end in self.bounds:
                posterior[label, : end - begin] += logs[begin:end]
        top = posterior.max(axis=0)
        posterior -= top
        np.exp(posterior, out=posterior)
        total = posterior.sum(axis=0)
        posterior /= total
        return float(top.sum() + np.log(total).sum())


def vote_shares(
    item: IntArray, value: IntArray, *, n_items: int, n_values: int
) -> FloatArray:
    """Share of an item's ratings that gave each value.

    Args:
        item: shape (n_ratings,); the item of each rating.
        value: shape (n_ratings,); what the rating said.
        n_items: items there are, rated or not.
        n_values: values there are, given or not.

    Returns:
        Shape (n_items, n_values); rows sum to 1. NaN for an item without ratings.

    Raises:
        ValueError: if the arrays differ in length or an index is out of range.

    Source:
        None: a share.
    """
    _check_indices(item=(item, n_items), value=(value, n_values))
    counts = np.bincount(item * n_values + value, minlength=n_items * n_values)
    counts = counts.reshape(n_items, n_values)
    total = counts.sum(axis=1, keepdims=True)
    shares = np.full(counts.shape, np.nan)
    np.divide(counts, total, out=shares, where=total > 0)
    return shares


def choose_method(
    item: IntArray, rater: IntArray, *, n_items: int, n_raters: int, is_factual: bool
) -> Method:
    """Which consensus the ratings at hand can carry.

    Args:
        item: shape (n_ratings,); the item of each rating.
        rater: shape (n_ratings,); who gave it.
        n_items: items there are.
        n_raters: raters there are; those without a rating are left out.
        is_factual: whether items have a right answer. Where raters may rightly
            differ, a model of their errors would call a minority wrong.

    Returns:
        `dawid_skene` if the median rater has at least `ENOUGH_RATINGS` ratings on
        items that somebody else rated too and the task is factual; else `votes`.

    Raises:
        ValueError: if the arrays differ in length or an index is out of range.

    Source:
        Own comparison on 18 public sets; Zheng et al., "Truth Inference in
        Crowdsourcing" (VLDB 2017): no method wins everywhere.
    """
    _check_indices(item=(item, n_items), rater=(rater, n_raters))
    if not (is_factual and len(item)):
        return "votes"
    # A rater who rates an item twice does not overlap with anybody.
    pairs = np.unique(item * n_raters + rater)
    raters_of_item = np.bincount(pairs // n_raters, minlength=n_items)
    overlapping = rater[raters_of_item[item] > 1]
    per_rater = np.bincount(overlapping, minlength=n_raters)
    median = np.median(per_rater[np.unique(rater)])
    return "dawid_skene" if median >= ENOUGH_RATINGS else "votes"


def dawid_skene(
    item: IntArray,
    rater: IntArray,
    value: IntArray,
    *,
    n_items: int,
    n_raters: int,
    n_values: int,
    smoothing: Smoothing | None = None,
    max_steps: int = 100,
    tolerance: float = 1e-6,
) -> DawidSkene:
    """Labels and raters' errors together, by expectation and maximization.

    Args:
        item: shape (n_ratings,); the item of each rating.
        rater: shape (n_ratings,); who gave it. A rater may rate an item again.
        value: shape (n_ratings,); what the rating said.
        n_items: items there are, rated or not.
        n_raters: raters there are.
        n_values: values there are, given or not.
        smoothing: the prior; the default spreads 2 ratings over each row of a
            rater's confusion, adds 2 for being right, and 1 item to each label.
        max_steps: steps after which it stops unconverged.
        tolerance: relative change of the log posterior below which it stops.

    Returns:
        The maximum a posteriori fit reached from the shares of votes.

    Raises:
        ValueError: if there is no rating, the arrays differ in length, an index is
            out of range, or `max_steps` is below 1.

    Source:
        Dawid & Skene, "Maximum Likelihood Estimation of Observer Error-Rates Using
        the EM Algorithm", Applied Statistics 28 (1979), with a Dirichlet prior.
    """
    smoothing = smoothing or Smoothing()
    if max_steps < 1 or not len(item):
        raise ValueError(f"{len(item)} ratings and {max_steps} steps: need one of each")
    _check_indices(rater=(rater, n_raters), value=(value, n_values))
    shares = vote_shares(item, value, n_items=n_items, n_values=n_values)
    slots = _Slots.of(item, rater * n_values + value, n_items)
    # Labels along the first axis: each pass below then reads one contiguous row.
    posterior = np.ascontiguousarray(shares[slots.items].T)
    del shares
    imagined = np.full((n_values, 1, n_values), smoothing.per_rater / n_values)
    imagined[np.arange(n_values), 0, np.arange(n_values)] += smoothing.correct
    before, objective, n_steps = -np.inf, -np.inf, 0
    is_converged = False
    while n_steps < max_steps and not is_converged:
        n_steps += 1
        counts = slots.expected_counts(posterior, n_raters) + imagined
        weight = counts.sum(axis=2, keepdims=True)
        confusion = counts / weight
        prior = posterior.sum(axis=1) + smoothing.per_label
        prior /= prior.sum()
        log_confusion, log_prior = np.log(confusion), np.log(prior)
        log_evidence = slots.label_items(posterior, log_confusion, log_prior)
        before, objective = (
            objective,
            float(
                log_evidence
                + (imagined * log_confusion).sum()
                + smoothing.per_label * log_prior.sum()
            ),
        )
        is_converged = abs(objective - before) <= tolerance * abs(objective)
    labels = np.tile(prior, (n_items, 1))
    labels[slots.items] = posterior.T
    diagonal = np.diagonal(confusion, axis1=0, axis2=2)
    # A row of the confusion is Dirichlet: its diagonal has a beta distribution.
    variance = diagonal * (1.0 - diagonal) / (weight[:, :, 0].T + 1.0)
    return DawidSkene(
        posterior=labels,
        confusion=np.ascontiguousarray(confusion.transpose(1, 0, 2)),
        prior=prior,
        n_ratings=np.bincount(rater, minlength=n_raters),
        accuracy=diagonal @ prior,
        accuracy_se=np.sqrt(variance @ np.square(prior)),
        n_steps=n_steps,
        is_converged=is_converged,
        log_posterior=objective,
    )


def fit_temperature(posterior: FloatArray, gold: IntArray) -> float:
    """One number that makes probabilities as sure as they are right.

    Args:
        posterior: shape (n_golds, n_values); probabilities of items whose label is
            known. They must not have been fitted with that label.
        gold: shape (n_golds,); the known labels.

    Returns:
        The temperature of least log-loss, between `COOLEST` and `HOTTEST`: above 1
        where the probabilities were too sure, below 1 where too timid.

    Raises:
        ValueError: if there are fewer than `ENOUGH_GOLDS` golds, the shapes do not
            fit, or a label is out of range.

    Source:
        Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017).
    """
    _check_golds(posterior, gold)
    if len(gold) < ENOUGH_GOLDS:
        raise ValueError(f"{len(gold)} golds are too few: need {ENOUGH_GOLDS}")
    logs = _logs(posterior)
    right = logs[np.arange(len(gold)), gold].sum()
    # The loss is convex in 1 / temperature, so its slope crosses zero once: halve.
    low, high = np.log(1.0 / HOTTEST), np.log(1.0 / COOLEST)
    for _ in range(50):
        middle = (low + high) / 2.0
        expected = (_softmax(logs * np.exp(middle)) * logs).sum()
        low, high = (middle, high) if expected < right else (low, middle)
    return float(np.exp(-(low + high) / 2.0))


def apply_temperature(posterior: FloatArray, temperature: float) -> FloatArray:
    """Probabilities made less (above 1) or more (below 1) sure; their order stays.

    Args:
        posterior: shape (n_items, n_values).
        temperature: of `fit_temperature`; above 0.

    Returns:
        Shape (n_items, n_values); rows sum to 1. A probability below one in a
        million is taken for one in a million first.

    Raises:
        ValueError: if the temperature is not above 0.

    Source:
        Guo et al. (2017), as `fit_temperature`.
    """
    if temperature <= 0.0:
        raise ValueError(f"temperature {temperature} is not above 0")
    return _softmax(_logs(posterior) / temperature)


def calibration_error(
    posterior: FloatArray, gold: IntArray, *, n_bins: int = 10
) -> float:
    """Expected calibration error: how far sureness is from being right.

    Args:
        posterior: shape (n_golds, n_values).
        gold: shape (n_golds,); the known labels.
        n_bins: bins of equal width for the probability of the likeliest label.

    Returns:
        Mean over bins, weighted by their size, of the distance between the mean
        probability and the share right; 0 to 1.

    Raises:
        ValueError: if there is no gold, the shapes do not fit, or a label is out of
            range.

    Source:
        Naeini, Cooper & Hauskrecht (AAAI 2015); Guo et al. (2017).
    """
    _check_golds(posterior, gold)
    sureness = posterior.max(axis=1)
    is_right = posterior.argmax(axis=1) == gold
    # Bins are open below, so that a probability of 1 falls into the last.
    bins = np.clip(np.ceil(sureness * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    gaps = np.bincount(bins, weights=sureness - is_right, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(gold))


def score_summary(
    item: IntArray, score: FloatArray, *, n_items: int, distance: float = 1.0
) -> Scores:
    """Mean, median and closeness of each item's scores.

    Args:
        item: shape (n_ratings,); the item of each score.
        score: shape (n_ratings,); in the criterion's unit.
        n_items: items there are, scored or not.
        distance: how far from the median still counts as close, in the same unit.

    Returns:
        One value of each kind per item. No rater is weighted or corrected: models of
        raters' leniency predicted held-out scores worse than the plain mean.

    Raises:
        ValueError: if the arrays differ in length, an index is out of range, or a
            score is not finite.

    Source:
        None: order statistics.
    """
    _check_indices(item=(item, n_items))
    if score.shape != item.shape or not np.isfinite(score).all():
        raise ValueError(
            f"scores of shape {score.shape} are not one finite number for each of "
            f"{len(item)} ratings"
        )
    n = np.bincount(item, minlength=n_items)
    mean, median, share = (np.full(n_items, np.nan) for _ in range(3))
    has = n > 0
    np.divide(np.bincount(item, score, n_items), n, out=mean, where=has)
    in_order = score[np.lexsort((score, item))]
    start = np.cumsum(n) - n
    lower, upper = (start + (n - 1) // 2)[has], (start + n // 2)[has]
    median[has] = (in_order[lower] + in_order[upper]) / 2.0
    is_close = np.abs(score - median[item]) <= distance
    np.divide(np.bincount(item, is_close, n_items), n, out=share, where=has)
    return Scores(n=n, mean=mean, median=median, share_within=share)


def _logs(posterior: FloatArray) -> FloatArray:
    logs: FloatArray = np.log(np.maximum(posterior, _LEAST_PROBABILITY))
    return logs


def _softmax(logs: FloatArray) -> FloatArray:
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares: FloatArray = raised / raised.sum(axis=1, keepdims=True)
    return shares


def _check_golds(posterior: FloatArray, gold: IntArray) -> None:
    if posterior.ndim != 2 or not len(gold) or len(posterior) != len(gold):  # noqa: PLR2004
        raise ValueError(
            f"probabilities of shape {posterior.shape} do not fit {len(gold)} golds"
        )
    _check_indices(gold=(gold, posterior.shape[1]))


def _check_indices(**indices: tuple[IntArray, int]) -> None:
    lengths = {name: len(array) for name, (array, _) in indices.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"arrays differ in length: {lengths}")
    for name, (array, n) in indices.items():
        if len(array) and not (array.min() >= 0 and array.max() < n):
            raise ValueError(
                f"{name} runs from {array.min()} to {array.max()}, not within "
                f"0 to {n - 1}"
            )
