"""What moves judgments besides the answers: their length, and the rater's own day."""

from dataclasses import dataclass
from math import nan

import numpy as np

from feedback.stats.arrays import BoolArray, FloatArray, IntArray
from feedback.stats.distributions import t_quantile
from feedback.stats.logistic import RIDGE, fit_logistic
from feedback.stats.permutation import Difference, sign_flip
from feedback.stats.proportions import Share, wilson
from feedback.stats.ratings import Ratings
from feedback.stats.rest import others_mean

FEWEST_RATINGS = 20
FEWEST_RATERS = 2
PER_RATINGS = 100.0
MODEL_RIDGE = 1.0


@dataclass(frozen=True)
class Effect:
    """One coefficient of the votes, in nats.

    Attributes:
        estimate: change in the log odds that the left wins.
        error: standard error, clustered by rater; NaN with one rater.
        low: lower end of the 95 % interval.
        high: upper end.
    """

    estimate: float
    error: float
    low: float
    high: float


@dataclass(frozen=True)
class LengthEffect:
    """Whether longer completions win because they are longer.

    Attributes:
        n_votes: decisive votes.
        n_raters: who gave them.
        longer_won: share of votes on unequal lengths that the longer completion won;
            raw, so models that write more and better show here too. Its interval
            takes votes as independent.
        length: per unit of log length; doubling adds .69 times this to the log odds.
        side: preference for the left at equal length.
    """

    n_votes: int
    n_raters: int
    longer_won: Share
    length: Effect
    side: Effect


@dataclass(frozen=True)
class OrderEffect:
    """Whether raters grow milder or stricter as they go.

    Attributes:
        n_raters: raters with at least 20 ratings that others' ratings stand beside.
        change: mean over raters of the change per 100 ratings, in the unit of the
            rating, with its interval and p-value; NaN below two such raters.
    """

    n_raters: int
    change: Difference


def length_effect(
    *,
    left_won: BoolArray,
    left_length: FloatArray,
    right_length: FloatArray,
    rater: IntArray,
    left_model: IntArray | None = None,
    right_model: IntArray | None = None,
) -> LengthEffect:
    """Whether length itself wins votes.

    Args:
        left_won: shape (n_votes,); decisive votes only.
        left_length: shape (n_votes,); length of the left completion, above 0, in words
            or characters.
        right_length: shape (n_votes,); of the right one.
        rater: shape (n_votes,); number of the rater.
        left_model: shape (n_votes,); number of the left completion's model. With both
            models the effect is that of length between answers of equal models.
        right_model: shape (n_votes,); of the right one.

    Returns:
        The effects with standard errors clustered by rater.

    Raises:
        ValueError: if there is no vote, a length is not above 0, shapes do not fit, or
            only one of the two models is given.

    Source:
        Logistic regression on the log ratio of lengths, a side term and a
        Bradley-Terry strength with ridge 1 for each model; sandwich errors of Liang &
        Zeger (1986), Student's quantile for the raters less one.
    """
    if min(left_length.min(initial=1.0), right_length.min(initial=1.0)) <= 0.0:
        raise ValueError("a completion of no length has no log length: leave it out")
    ratio = np.log(left_length / right_length)
    columns = [ratio, np.ones(len(ratio))]
    ridge = [RIDGE, RIDGE]
    if left_model is not None and right_model is not None:
        models = np.unique(np.concatenate([left_model, right_model]))
        columns += [1.0 * (left_model == m) - (right_model == m) for m in models]
        ridge += [MODEL_RIDGE] * len(models)
    elif left_model is not None or right_model is not None:
        raise ValueError("the model of one side only is given: give both or neither")
    fit = fit_logistic(
        np.stack(columns, axis=1), left_won, cluster=rater, ridge=np.array(ridge)
    )
    n_raters = len(np.unique(rater))
    errors = np.sqrt(np.diag(fit.clustered))
    unequal = ratio != 0.0
    longer_won = (left_won == (ratio > 0.0))[unequal]
    return LengthEffect(
        n_votes=len(ratio),
        n_raters=n_raters,
        longer_won=wilson(int(longer_won.sum()), len(longer_won)),
        length=_effect(fit.coefficients[0], errors[0], n_raters),
        side=_effect(fit.coefficients[1], errors[1], n_raters),
    )


def order_effect(
    ratings: Ratings, position: IntArray, *, rng: np.random.Generator
) -> OrderEffect:
    """Whether ratings drift with a rater's own count of ratings.

    Args:
        ratings: of one criterion; of routed studies the base wave only.
        position: shape (n_ratings,); how many ratings the rater had given before.
        rng: draws the flips.

    Returns:
        The mean change, one slope for each rater. Each rating is taken against the
        others' mean on its item, so that hard items late in the list do not count;
        what all raters do on the same items in the same order cannot be seen.

    Raises:
        ValueError: if there is not one position for each rating.

    Source:
        Two-stage summary measures, Matthews et al. (1990); sign flips over raters,
        Fisher (1935).
    """
    if position.shape != ratings.value.shape:
        raise ValueError(
            f"{position.shape} positions do not fit {ratings.value.shape} ratings"
        )
    away = ratings.value - others_mean(ratings)
    rows = np.flatnonzero(~np.isnan(away))
    known = ratings.only(rows)
    n = np.maximum(known.per_rater(np.ones(len(rows))), 1.0)
    place = position[rows].astype(np.float64)
    place -= (known.per_rater(place) / n)[known.rater]
    spread = known.per_rater(place * place)
    slope = known.per_rater(place * away[rows])
    usable = (n >= FEWEST_RATINGS) & (spread > 0.0)
    slopes = PER_RATINGS * slope[usable] / spread[usable]
    if len(slopes) < FEWEST_RATERS:
        return OrderEffect(len(slopes), Difference(nan, nan, nan, nan))
    return OrderEffect(len(slopes), sign_flip(slopes, rng=rng))


def _effect(estimate: float, error: float, n_raters: int) -> Effect:
    if np.isnan(error):
        return Effect(float(estimate), nan, nan, nan)
    half = t_quantile(0.975, degrees=n_raters - 1.0) * error
    return Effect(
        float(estimate), float(error), float(estimate - half), float(estimate + half)
    )
