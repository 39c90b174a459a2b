"""How strong each system is, from votes between two of them: Davidson's model.

P(first) : P(tie) : P(second) = exp(d/2) : tie : exp(-d/2), where d is the strength of
the first minus that of the second, plus `side` if the first stood left and minus it if
it stood right. The side term is always fitted: without it a habit of voting left is
mistaken for strength wherever sides are uneven.
"""

from dataclasses import dataclass

import numpy as np

from feedback.stats.arrays import BoolArray, FloatArray, IntArray

FIRST, TIE, SECOND = 0, 1, 2
FEW_SYSTEMS = 5
# Holds tie and side where the votes say nothing of them, as before the first tie.
_WEAK = 0.01
_MAX_STEPS = 50
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Davidson:
    """Fitted strengths; the average system has strength 0.

    Attributes:
        strength: shape (n_systems,); in log-odds: a system that is 1 above another
            wins e times as often as it loses.
        side: log-odds that standing left adds; above 0 where raters favor the left.
        tie: nu, the weight of a tie; a tie between equals has nu / (nu + 2).
        covariance: shape (n_systems + 2, n_systems + 2); of the strengths, side and
            log of tie, from the curvature of the log posterior: as if each vote
            were another rater's.
        clustered: the same shape; allows each rater's votes to hang together.
        n_votes: shape (n_systems,); votes each system took part in.
        n_raters: raters who voted.
        n_steps: Newton steps taken.
    """

    strength: FloatArray
    side: float
    tie: float
    covariance: FloatArray
    clustered: FloatArray
    n_votes: IntArray
    n_raters: int
    n_steps: int

    @property
    def standard_error(self) -> FloatArray:
        """Of the strengths, then side, then log of tie: shape (n_systems + 2,).

        The larger of both estimates, since the clustered one is too small where
        there are few raters.
        """
        larger = np.maximum(np.diag(self.covariance), np.diag(self.clustered))
        errors: FloatArray = np.sqrt(np.maximum(larger, 0.0))
        return errors

    def side_interval(self) -> tuple[float, float]:
        """Lower and upper 95 % bound of `side`, clustered by rater."""
        half = _Z95 * float(self.standard_error[-2])
        return self.side - half, self.side + half

    def probabilities(self, first: IntArray, second: IntArray) -> FloatArray:
        """Probability of first, tie and second if neither stood on a favored side.

        Args:
            first: shape (n_pairs,); a system.
            second: shape (n_pairs,); another.

        Returns:
            Shape (n_pairs, 3); rows sum to 1.

        Source:
            Davidson (1970), equation of the model.
        """
        return _probabilities(self.strength[first] - self.strength[second], self.tie)


@dataclass(frozen=True)
class Standing:
    """One row of the leaderboard.

    Attributes:
        system: its number.
        strength: in log-odds, the average system at 0.
        standard_error: of the strength, clustered by rater.
        low: lower 95 % bound.
        high: upper 95 % bound.
        n_votes: votes it took part in.
    """

    system: int
    strength: float
    standard_error: float
    low: float
    high: float
    n_votes: int


def fit_davidson(
    first: IntArray,
    second: IntArray,
    outcome: IntArray,
    *,
    rater: IntArray,
    first_stood_left: BoolArray,
    n_systems: int,
    ridge: float | None = None,
) -> Davidson:
    """Strengths, side and tie by Newton's method on distinct cells of votes.

    Time for the votes is linear; time and memory for the systems are quadratic.

    Args:
        first: shape (n_votes,); one of the two systems, numbered from zero.
        second: shape (n_votes,); the other.
        outcome: shape (n_votes,); `FIRST`, `TIE` or `SECOND`.
        rater: shape (n_votes,); who voted, numbered from zero.
        first_stood_left: shape (n_votes,); whether the rater saw `first` on the left.
        n_systems: systems there are, voted on or not.
        ridge: precision of the prior that draws strengths towards 0; by default 1,
            or 0.1 for up to `FEW_SYSTEMS` systems.

    Returns:
        The maximum a posteriori fit with two covariances.

    Raises:
        ValueError: if there is no vote, arrays differ in length, an index or outcome
            is out of range, a system meets itself, or the ridge is not above 0.

    Source:
        Davidson, "On Extending the Bradley-Terry Model to Accommodate Ties in Paired
        Comparison Experiments", JASA 65 (1970); order effect: Davidson & Beaver,
        Biometrics 33 (1977); sandwich: Chiang et al., "Chatbot Arena" (2024).
    """
    if ridge is None:
        ridge = 0.1 if n_systems <= FEW_SYSTEMS else 1.0
    if ridge <= 0.0:
        raise ValueError(f"ridge {ridge} is not above 0")
    _check_votes(first, second, outcome, rater, first_stood_left, n_systems)
    given = ((first * n_systems + second) * 2 + first_stood_left) * 3 + outcome
    tallied = np.bincount(given, minlength=6 * n_systems**2).reshape(-1, 3)
    cells = _Cells.of(tallied, n_systems)
    precision = np.append(np.full(n_systems, ridge), [_WEAK, _WEAK])
    estimate, n_steps = _climb(cells, precision)
    bend = np.linalg.inv(_curvature(cells, estimate, precision))
    scores = _scores_of_raters(
        cells, estimate, first, second, first_stood_left, given, rater
    )
    n_raters = int(np.count_nonzero(np.bincount(rater)))
    meat = scores.T @ scores * (n_raters / max(n_raters - 1, 1))
    # The strengths' common level is the prior's, not the votes': leave it out.
    center = np.eye(n_systems + 2)
    center[:n_systems, :n_systems] -= 1.0 / n_systems
    return Davidson(
        strength=estimate[:n_systems] - estimate[:n_systems].mean(),
        side=float(estimate[-2]),
        tie=float(np.exp(estimate[-1])),
        covariance=center @ bend @ center,
        clustered=center @ bend @ meat @ bend @ center,
        n_votes=cells.votes_of_systems(),
        n_raters=n_raters,
        n_steps=n_steps,
    )


def leaderboard(fit: Davidson) -> list[Standing]:
    """Systems from the strongest down, each with its interval and votes.

    Args:
        fit: of `fit_davidson`.

    Returns:
        One row per system. Intervals are of each system against the average, not of
        differences: two that overlap may still differ.

    Source:
        None: it reads `Davidson.standard_error`.
    """
    half = _Z95 * fit.standard_error
    return [
        Standing(
            system=int(system),
            strength=float(fit.strength[system]),
            standard_error=float(fit.standard_error[system]),
            low=float(fit.strength[system] - half[system]),
            high=float(fit.strength[system] + half[system]),
            n_votes=int(fit.n_votes[system]),
        )
        for system in np.argsort(-fit.strength, kind="stable")
    ]


@dataclass(frozen=True)
class _Cells:
    """Votes that share both systems and the side, counted by outcome."""

    number: IntArray
    first: IntArray
    second: IntArray
    sign: FloatArray
    counts: FloatArray
    n_systems: int

    @classmethod
    def of(cls, tallied: IntArray, n_systems: int) -> "_Cells":
        number = np.flatnonzero(tallied.any(axis=1))
        pair = number // 2
        return cls(
            number=number,
            first=pair // n_systems,
            second=pair % n_systems,
            sign=np.where(number % 2, 1.0, -1.0),
            counts=tallied[number].astype(np.float64),
            n_systems=n_systems,
        )

    def votes_of_systems(self) -> IntArray:
        n_votes = self.counts.sum(axis=1)
        as_first = np.bincount(self.first, n_votes, self.n_systems)
        as_second = np.bincount(self.second, n_votes, self.n_systems)
        return (as_first + as_second).astype(np.int64)

    def gap(self, estimate: FloatArray) -> FloatArray:
        gap: FloatArray = (
            estimate[self.first] - estimate[self.second] + self.sign * estimate[-2]
        )
        return gap


def _probabilities(gap: FloatArray, tie: float) -> FloatArray:
    logs = np.stack([gap / 2.0, np.full(len(gap), np.log(tie)), -gap / 2.0], axis=1)
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares: FloatArray = raised / raised.sum(axis=1, keepdims=True)
    return shares


def _climb(cells: _Cells, precision: FloatArray) -> tuple[FloatArray, int]:
    """Newton's method; the log posterior is concave, so any summit is the summit."""
    estimate = np.zeros(len(precision))
    value = _log_posterior(cells, estimate, precision)
    for n_steps in range(1, _MAX_STEPS + 1):
        slope = _slope(cells, estimate, precision)
        step = np.linalg.solve(_curvature(cells, estimate, precision), slope)
        # Half of what the step promises; below rounding, the summit is reached.
        promised = float(slope @ step) / 2.0
        if promised <= 1e-12 * (1.0 + abs(value)):
            return estimate, n_steps
        size = 1.0
        while _log_posterior(cells, estimate + size * step, precision) < value:
            size /= 2.0
        estimate = estimate + size * step
        value = _log_posterior(cells, estimate, precision)
    raise ArithmeticError(f"no summit after {_MAX_STEPS} Newton steps")


def _log_posterior(cells: _Cells, estimate: FloatArray, precision: FloatArray) -> float:
    gap, log_tie = cells.gap(estimate), estimate[-1]
    top = np.maximum(np.abs(gap) / 2.0, log_tie)
    total = top + np.log(
        np.exp(gap / 2.0 - top) + np.exp(log_tie - top) + np.exp(-gap / 2.0 - top)
    )
    first, tie, second = cells.counts.T
    said = (first - second) * gap / 2.0 + tie * log_tie - (first + tie + second) * total
    return float(said.sum() - precision @ np.square(estimate) / 2.0)


def _slope(cells: _Cells, estimate: FloatArray, precision: FloatArray) -> FloatArray:
    by_gap, by_tie = _slopes_of_votes(cells, estimate)
    by_gap = (cells.counts * by_gap).sum(axis=1)
    strengths = np.bincount(cells.first, by_gap, cells.n_systems)
    strengths -= np.bincount(cells.second, by_gap, cells.n_systems)
    side = cells.sign @ by_gap
    tie = (cells.counts * by_tie).sum()
    slope: FloatArray = np.append(strengths, [side, tie]) - precision * estimate
    return slope


def _slopes_of_votes(
    cells: _Cells, estimate: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """What a vote of each outcome adds to the slope along its gap and log tie."""
    shares = _probabilities(cells.gap(estimate), float(np.exp(estimate[-1])))
    mean = shares[:, FIRST] - shares[:, SECOND]
    by_gap = (np.array([1.0, 0.0, -1.0]) - mean[:, None]) / 2.0
    by_tie = np.array([0.0, 1.0, 0.0]) - shares[:, [TIE]]
    return by_gap, by_tie


def _curvature(
    cells: _Cells, estimate: FloatArray, precision: FloatArray
) -> FloatArray:
    n = cells.n_systems
    shares = _probabilities(cells.gap(estimate), float(np.exp(estimate[-1])))
    n_votes = cells.counts.sum(axis=1)
    first, tie, second = shares.T
    mean = first - second
    by_gap = n_votes * (first + second - np.square(mean)) / 4.0
    across = -n_votes * mean * tie / 2.0
    pairs = np.bincount(cells.first * n + cells.second, by_gap, n * n).reshape(n, n)
    pairs = pairs + pairs.T
    curvature = np.diag(precision)
    curvature[:n, :n] += np.diag(pairs.sum(axis=1)) - pairs
    for place, weight in ((-2, cells.sign * by_gap), (-1, across)):
        edge = np.bincount(cells.first, weight, n)
        edge -= np.bincount(cells.second, weight, n)
        curvature[:n, place] += edge
        curvature[place, :n] += edge
    curvature[-2, -2] += by_gap.sum()
    curvature[-1, -1] += (n_votes * tie * (1.0 - tie)).sum()
    curvature[-2, -1] += cells.sign @ across
    curvature[-1, -2] += cells.sign @ across
    return curvature


def _scores_of_raters(
    cells: _Cells,
    estimate: FloatArray,
    first: IntArray,
    second: IntArray,
    first_stood_left: BoolArray,
    given: IntArray,
    rater: IntArray,
) -> FloatArray:
    """The slope each rater's votes add up to: shape (n_raters, n_systems + 2)."""
    n, n_raters = cells.n_systems, int(rater.max()) + 1
    scores = np.empty((n_raters, n + 2))
    # One look-up per vote: slopes of every cell there could be, voted on or not.
    slopes = np.zeros((2 * n * n, 3))
    by_gap, slopes[cells.number] = _slopes_of_votes(cells, estimate)
    scores[:, -1] = np.bincount(rater, slopes.ravel()[given], n_raters)
    slopes[cells.number] = by_gap
    vote = slopes.ravel()[given]
    strengths = np.bincount(rater * n + first, vote, n_raters * n)
    strengths -= np.bincount(rater * n + second, vote, n_raters * n)
    scores[:, :n] = strengths.reshape(n_raters, n)
    by_side = np.bincount(rater * 2 + first_stood_left, vote, n_raters * 2)
    scores[:, -2] = by_side[1::2] - by_side[::2]
    return scores


def _check_votes(
    first: IntArray,
    second: IntArray,
    outcome: IntArray,
    rater: IntArray,
    first_stood_left: BoolArray,
    n_systems: int,
) -> None:
    arrays = (first, second, outcome, rater, first_stood_left)
    lengths = {len(array) for array in arrays}
    if len(lengths) > 1 or not len(first):
        raise ValueError(f"need one vote or more and arrays of one length: {lengths}")
    for name, array, n in (
        ("first", first, n_systems),
        ("second", second, n_systems),
        ("outcome", outcome, 3),
        ("rater", rater, int(rater.max()) + 1),
    ):
        if array.min() < 0 or array.max() >= n:
            raise ValueError(
                f"{name} runs from {array.min()} to {array.max()}, not within "
                f"0 to {n - 1}"
            )
    if (first == second).any():
        raise ValueError("a system meets itself")
