"""Crowds made by chance whose truth is known: for tests and benchmarks.

The generator, in full. An item has a label, drawn by `prevalence`, and a lure: one
wrong label, drawn evenly. With probability `hard` the item is hard. A rater has an
accuracy, drawn from a beta distribution of mean `accuracy` whose two shape parameters
sum to `evenness` (the larger, the more alike raters are). On an item that is not hard a
rater gives the label with that probability; on a hard one their distance from guessing
is multiplied by `HARD_EASE`. A wrong rating is the lure with probability `lure`, and
else any wrong label evenly; so raters share mistakes, as people do, and more ratings of
a hard item do not wash them away. Each item is rated by different raters in an order
drawn by chance.
"""

from dataclasses import dataclass

import numpy as np

from feedback.stats.arrays import BoolArray, FloatArray, IntArray
from feedback.stats.consensus import dawid_skene
from feedback.stats.routing import Policy, decide

HARD_EASE = 0.35


@dataclass(frozen=True)
class Profile:
    """The parameters of a crowd; see the module's docstring.

    Attributes:
        prevalence: how common each label is; sums to 1.
        accuracy: mean accuracy of raters on items that are not hard.
        evenness: how alike raters are, above 0.
        hard: share of hard items, 0 to 1.
        lure: share of wrong ratings that give the item's lure, 0 to 1.
    """

    prevalence: tuple[float, ...]
    accuracy: float
    evenness: float = 30.0
    hard: float = 0.1
    lure: float = 0.5


# From a task with one right answer to lay raters on a matter of degree.
PROFILES = {
    "facts, two labels": Profile((0.5, 0.5), accuracy=0.88),
    "facts, four labels": Profile((0.4, 0.3, 0.2, 0.1), accuracy=0.85),
    "rare harm": Profile((0.9, 0.1), accuracy=0.85),
    "three grades": Profile((0.5, 0.3, 0.2), accuracy=0.78, hard=0.2),
    "unequal raters": Profile((0.5, 0.5), accuracy=0.80, evenness=4.0),
    "lay safety votes": Profile((0.6, 0.4), accuracy=0.78, hard=0.3),
}


@dataclass(frozen=True)
class Crowd:
    """What every rater would say, in the order they would be asked.

    Attributes:
        rater: shape (n_items, n_asked); who is asked first, second and so on.
        value: shape (n_items, n_asked); what they say.
        truth: shape (n_items,); the items' labels.
        accuracy: shape (n_raters,); accuracy on items that are not hard.
        n_values: labels there are.
    """

    rater: IntArray
    value: IntArray
    truth: IntArray
    accuracy: FloatArray
    n_values: int

    @property
    def item(self) -> IntArray:
        """Shape (n_items, n_asked); the item of each rating."""
        rows = np.arange(len(self.truth))[:, None]
        items: IntArray = np.broadcast_to(rows, self.value.shape)
        return items


@dataclass(frozen=True)
class Replay:
    """What a policy asked of a crowd, and what it concluded.

    Attributes:
        n_asked: shape (n_items,); ratings it asked.
        label: shape (n_items,); the label it stopped with, or where it wanted a
            specialist the label with the most votes, ties broken by chance.
        is_referred: shape (n_items,); whether it wanted a specialist.
    """

    n_asked: IntArray
    label: IntArray
    is_referred: BoolArray


def draw_crowd(
    profile: Profile,
    *,
    n_items: int,
    n_raters: int,
    n_asked: int,
    rng: np.random.Generator,
) -> Crowd:
    """Items, raters and everything they would say.

    Args:
        profile: what kind of crowd.
        n_items: items.
        n_raters: raters.
        n_asked: ratings drawn per item, each by another rater.
        rng: where chance comes from.

    Returns:
        The crowd.

    Raises:
        ValueError: if more ratings are asked per item than there are raters.

    Source:
        Own. Accuracies and hard items after Welinder & Perona (2010) and Whitehill
        et al. (2009); the lure makes errors depend on the item.
    """
    if n_asked > n_raters:
        raise ValueError(f"{n_asked} ratings an item, but only {n_raters} raters")
    n_values = len(profile.prevalence)
    truth = rng.choice(n_values, size=n_items, p=profile.prevalence)
    lure = (truth + rng.integers(1, n_values, size=n_items)) % n_values
    ease = np.where(rng.random(n_items) < profile.hard, HARD_EASE, 1.0)
    accuracy = rng.beta(
        profile.accuracy * profile.evenness,
        (1.0 - profile.accuracy) * profile.evenness,
        size=n_raters,
    )
    rater = rng.random((n_items, n_raters)).argsort(axis=1)[:, :n_asked]
    chance = 1.0 / n_values
    is_right = rng.random(rater.shape) < (
        chance + (accuracy[rater] - chance) * ease[:, None]
    )
    any_wrong = (
        truth[:, None] + rng.integers(1, n_values, size=rater.shape)
    ) % n_values
    wrong = np.where(rng.random(rater.shape) < profile.lure, lure[:, None], any_wrong)
    value = np.where(is_right, truth[:, None], wrong)
    return Crowd(rater, value, truth, accuracy, n_values)


def replay(policy: Policy, crowd: Crowd, *, rng: np.random.Generator) -> Replay:
    """Ask a crowd as the policy would, one rating per open item and round.

    Args:
        policy: when to stop.
        crowd: with at least as many ratings an item as the policy's cap.
        rng: breaks ties where the policy wanted a specialist.

    Returns:
        What was asked and concluded. For the policy `posterior` the rater model is
        fitted anew before each round, on what had been asked by then.

    Raises:
        ValueError: if the crowd has fewer ratings an item than the policy's cap.

    Source:
        Own.
    """
    n_items, n_available = crowd.value.shape
    if policy.cap > n_available:
        raise ValueError(f"cap {policy.cap} exceeds {n_available} ratings an item")
    counts = np.zeros((n_items, crowd.n_values), dtype=np.int64)
    n_asked = np.zeros(n_items, dtype=np.int64)
    label = np.full(n_items, -1)
    is_open = np.ones(n_items, dtype=np.bool_)
    while is_open.any():
        rows = np.flatnonzero(is_open)
        counts[rows, crowd.value[rows, n_asked[rows]]] += 1
        n_asked[rows] += 1
        posterior = _posterior(crowd, n_asked) if policy.kind == "posterior" else None
        for row in rows:
            sure = None if posterior is None else posterior[row]
            decision = decide(policy, counts[row], sure)
            is_open[row] = decision.action == "ask"
            label[row] = -1 if decision.label is None else decision.label
    is_referred = label < 0
    noisy = counts + rng.random(counts.shape) / 2.0
    label[is_referred] = noisy.argmax(axis=1)[is_referred]
    return Replay(n_asked, label, is_referred)


def _posterior(crowd: Crowd, n_asked: IntArray) -> FloatArray:
    is_asked = np.arange(crowd.value.shape[1]) < n_asked[:, None]
    return dawid_skene(
        crowd.item[is_asked],
        crowd.rater[is_asked],
        crowd.value[is_asked],
        n_items=len(crowd.truth),
        n_raters=len(crowd.accuracy),
        n_values=crowd.n_values,
    ).posterior
