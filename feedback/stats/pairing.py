"""Which two systems to compare next.

Balanced and random, unless systems differ widely. Only then does asking where a vote
tells most save comparisons, 12 % at the very most, and a quarter stay random, because
real votes do not follow the model. The closest pair first is never right: it took half
as many comparisons again for intervals as narrow.
"""

import numpy as np

from feedback.stats.arrays import BoolArray, FloatArray, IntArray
from feedback.stats.preference import Davidson

WIDE_SPREAD = 1.5
RANDOM_SHARE = 0.25


def spread(fit: Davidson) -> float:
    """How widely systems differ: the standard deviation of their strengths.

    Args:
        fit: of `fit_davidson`. Its ridge draws strengths together, so that a few
            lopsided votes do not look like a wide spread.

    Returns:
        In log-odds; 0 for fewer than two systems.

    Source:
        Own simulation: information gain saves nothing up to a spread of 1.
    """
    if len(fit.strength) < 2:  # noqa: PLR2004 - no two to differ
        return 0.0
    return float(fit.strength.std(ddof=1))


def information_gain(fit: Davidson, first: IntArray, second: IntArray) -> FloatArray:
    """What one more vote on each pair is expected to tell about its two strengths.

    Args:
        fit: of `fit_davidson`.
        first: shape (n_pairs,); a system.
        second: shape (n_pairs,); another.

    Returns:
        Shape (n_pairs,); in nats, at least 0. Large where the difference of the two
        is uncertain and the outcome open.

    Source:
        Lindley, "On a Measure of the Information Provided by an Experiment" (1956),
        for a normal posterior; used for pairs by Mikhailiuk et al. (2020).
    """
    shares = fit.probabilities(first, second)
    mean = shares[:, 0] - shares[:, 2]
    fisher = (shares[:, 0] + shares[:, 2] - np.square(mean)) / 4.0
    covariance = fit.covariance
    variance = (
        covariance[first, first]
        + covariance[second, second]
        - 2.0 * covariance[first, second]
    )
    gain: FloatArray = np.log1p(np.maximum(variance, 0.0) * fisher) / 2.0
    return gain


def choose_pair(
    n_votes: IntArray,
    *,
    is_open: BoolArray,
    fit: Davidson | None,
    rng: np.random.Generator,
) -> tuple[int, int]:
    """Two systems whose answers the next rater should compare.

    Args:
        n_votes: shape (n_systems, n_systems); votes cast on each pair, symmetric.
        is_open: the same shape, symmetric; pairs there are tasks for.
        fit: of `fit_davidson` on the votes so far; None before the first.
        rng: where chance comes from.

    Returns:
        The pair, the smaller number first; which stands left is not decided here.

    Raises:
        ValueError: if the shapes differ or no pair of two systems is open.

    Source:
        Own simulation and 59 chatbots' votes: balanced pairing by default, 75 %
        information gain above a spread of `WIDE_SPREAD`.
    """
    if n_votes.shape != is_open.shape:
        raise ValueError(
            f"votes of shape {n_votes.shape} do not fit {is_open.shape} open pairs"
        )
    first, second = np.nonzero(np.triu(is_open, k=1))
    if not len(first):
        raise ValueError("no pair of two systems is open")
    if fit is not None and spread(fit) > WIDE_SPREAD and rng.random() >= RANDOM_SHARE:
        chosen = int(information_gain(fit, first, second).argmax())
    else:
        cast = n_votes[first, second]
        chosen = int(rng.choice(np.flatnonzero(cast == cast.min())))
    return int(first[chosen]), int(second[chosen])
