"""From what several raters said of a pair to one row, or to the rule against it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from exports.aggregate import DECIMALS
from exports.rules import Rule, Rules
from feedback.stats.margins import PRIOR_VOTES

Side = Literal["a", "b"]


@dataclass(frozen=True, slots=True)
class Vote:
    """One rater's preference between a pair's `a` and `b`."""

    rater: int
    outcome: Literal["a", "b", "tie", "neither"]
    strength: int


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """A settled pair.

    Attributes:
        winner: which side is chosen.
        margin: how clearly, above 0 to 1; see `shrunken`.
        label_smoothing: how likely the next decisive vote goes the other way.
        strength: mean strength of the raters' votes towards the winner, -2 to 2.
        agreement: share of the raters' votes that prefer the winner.
        n_for: raters' votes for the winner.
        n_against: for the other side.
        n_tie: for neither of them.
        is_adjudicated: a verdict settled it, whatever the votes.
    """

    winner: Side
    margin: float
    label_smoothing: float
    strength: float
    agreement: float
    n_for: int
    n_against: int
    n_tie: int
    is_adjudicated: bool


def shrunken(
    n_for: int, n_tie: int, n_against: int, *, tie_share: float
) -> tuple[float, float]:
    """A margin from few votes, and how likely the next vote goes the other way.

    Args:
        n_for: votes for the side.
        n_tie: votes for neither side.
        n_against: votes for the other side.
        tie_share: share of ties to be expected before any vote, 0 to 1.

    Returns:
        The expected share of votes for less that against, and the share of decisive
        votes against, rounded. Both are drawn towards an even pair by
        `stats.margins.PRIOR_VOTES` imagined votes.

    Source:
        `feedback.stats.margins.shrink`, for one pair.
    """
    n_all = n_for + n_tie + n_against + PRIOR_VOTES
    even = PRIOR_VOTES * (1.0 - tie_share) / 2.0
    p_for, p_against = (n_for + even) / n_all, (n_against + even) / n_all
    return (
        round(p_for - p_against, DECIMALS),
        round(p_against / (p_for + p_against), DECIMALS),
    )


def decide_pair(
    votes: Sequence[Vote],
    *,
    rules: Rules,
    tie_share: float = 1 / 3,
    verdict: Vote | None = None,
) -> PairVerdict | Rule:
    """Settle a pair by a verdict, or else by the raters' votes.

    By votes, a side wins if more than half of them prefer it and the mean strength,
    with ties and "neither" as 0 and votes for the other side negative, is on its side
    too. A verdict weighs one vote more than all raters together in the margin.

    Args:
        votes: the raters'.
        rules: the snapshot's thresholds.
        tie_share: share of ties to be expected before any vote.
        verdict: what an adjudicator decided, if one did.

    Returns:
        The settled pair, or the rule TOO_FEW_RATERS, NEITHER_ACCEPTABLE, UNSETTLED_TIE
        or TOO_LITTLE_AGREEMENT.
    """
    if len({vote.rater for vote in votes}) < rules.min_raters or not votes:
        return Rule.TOO_FEW_RATERS
    winner = _settled(verdict) if verdict else _preferred(votes)
    if isinstance(winner, Rule):
        return winner
    n_for = sum(vote.outcome == winner for vote in votes)
    n_tie = sum(vote.outcome in {"tie", "neither"} for vote in votes)
    n_against = len(votes) - n_for - n_tie
    agreement = round(n_for / len(votes), DECIMALS)
    if verdict is None and agreement < rules.min_agreement:
        return Rule.TOO_LITTLE_AGREEMENT
    extra = len(votes) + 1 if verdict else 0
    margin, smoothing = shrunken(n_for + extra, n_tie, n_against, tie_share=tie_share)
    return PairVerdict(
        winner=winner,
        margin=margin,
        label_smoothing=smoothing,
        strength=round(_balance(votes, winner) / len(votes), DECIMALS),
        agreement=agreement,
        n_for=n_for,
        n_against=n_against,
        n_tie=n_tie,
        is_adjudicated=verdict is not None,
    )


def _settled(verdict: Vote) -> Side | Rule:
    if verdict.outcome == "neither":
        return Rule.NEITHER_ACCEPTABLE
    return Rule.UNSETTLED_TIE if verdict.outcome == "tie" else verdict.outcome


def _balance(votes: Sequence[Vote], side: Side) -> int:
    """Strength for a side less that for the other."""
    other = "b" if side == "a" else "a"
    return sum(v.strength for v in votes if v.outcome == side) - sum(
        v.strength for v in votes if v.outcome == other
    )


def _preferred(votes: Sequence[Vote]) -> Side | Rule:
    if 2 * sum(vote.outcome == "neither" for vote in votes) > len(votes):
        return Rule.NEITHER_ACCEPTABLE
    sides: tuple[Side, Side] = ("a", "b")
    for side in sides:
        n_for = sum(vote.outcome == side for vote in votes)
        if 2 * n_for > len(votes) and _balance(votes, side) > 0:
            return side
    return Rule.UNSETTLED_TIE
