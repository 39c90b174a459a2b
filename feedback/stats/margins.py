"""How clearly one of two answers is preferred, from few votes: shrunken shares.

The raw share of three votes is 0, 1/3, 2/3 or 1, and as a probability it is worse than
none: on held-out votes its log-loss is that of a liar. So each pair starts with a few
imagined votes, spread as the model of the two systems expects.
"""

from dataclasses import dataclass

import numpy as np

from feedback.stats.arrays import FloatArray, IntArray
from feedback.stats.preference import FIRST, SECOND, TIE, Davidson

PRIOR_VOTES = 4.0


@dataclass(frozen=True)
class Margins:
    """One value per pair; what an export of preferences carries.

    Attributes:
        p_first: shape (n_pairs,); probability that the next vote prefers the first.
        p_tie: shape (n_pairs,); that it prefers neither.
        p_second: shape (n_pairs,); that it prefers the second.
        margin: shape (n_pairs,); `p_first` minus `p_second`, from -1 to 1.
        label: shape (n_pairs,); the likeliest of `FIRST`, `TIE` and `SECOND`.
        n: shape (n_pairs,); votes cast.
    """

    p_first: FloatArray
    p_tie: FloatArray
    p_second: FloatArray
    margin: FloatArray
    label: IntArray
    n: IntArray


def expected_votes(fit: Davidson, first: IntArray, second: IntArray) -> FloatArray:
    """What the model of systems expects of each pair, before any vote on it.

    Args:
        fit: of `fit_davidson`, on all votes of the study.
        first: shape (n_pairs,); the system of each pair's first answer.
        second: shape (n_pairs,); the system of its second.

    Returns:
        Shape (n_pairs, 3); probabilities of first, tie and second with no side
        favored. Two answers of one system are equals.

    Source:
        Davidson (1970).
    """
    return fit.probabilities(first, second)


def overall_votes(votes: IntArray) -> FloatArray:
    """What to expect of each pair where nobody knows which system wrote it.

    Args:
        votes: shape (n_pairs, 3); votes for first, tie and second.

    Returns:
        Shape (n_pairs, 3), every row the same: the share of ties in all votes, with
        one imagined vote of each kind, and the rest split evenly, since which answer
        is called the first means nothing.

    Source:
        None: pooled shares, made symmetric.
    """
    tie = (votes[:, TIE].sum() + 1.0) / (votes.sum() + 3.0)
    row = np.array([(1.0 - tie) / 2.0, tie, (1.0 - tie) / 2.0])
    return np.tile(row, (len(votes), 1))


def shrink(
    votes: IntArray, expected: FloatArray, *, prior_votes: float = PRIOR_VOTES
) -> Margins:
    """Votes of each pair, drawn towards what was expected of it.

    Args:
        votes: shape (n_pairs, 3); votes for first, tie and second.
        expected: shape (n_pairs, 3); of `expected_votes` or `overall_votes`.
        prior_votes: how many votes the expectation weighs, above 0.

    Returns:
        The posterior means. They are a little too sure where the model was fitted on
        the same votes.

    Raises:
        ValueError: if the shapes differ, a vote count is negative, or the weight of
            the expectation is not above 0.

    Source:
        Dirichlet-multinomial posterior mean; Good, "The Estimation of Probabilities"
        (1965). Four votes did best on held-out votes of 59 chatbots.
    """
    if votes.ndim != 2 or votes.shape[1] != 3 or votes.shape != expected.shape:  # noqa: PLR2004
        raise ValueError(
            f"votes of shape {votes.shape} and expectations of shape "
            f"{expected.shape} are not both (n_pairs, 3)"
        )
    if prior_votes <= 0.0 or (votes < 0).any():
        raise ValueError(f"prior of {prior_votes} votes or a count is too small")
    n = votes.sum(axis=1)
    shares = (votes + prior_votes * expected) / (n + prior_votes)[:, None]
    return Margins(
        p_first=shares[:, FIRST],
        p_tie=shares[:, TIE],
        p_second=shares[:, SECOND],
        margin=shares[:, FIRST] - shares[:, SECOND],
        label=shares.argmax(axis=1),
        n=n,
    )
