"""Decisions that are taken while the answers come in: qualification and drift.

Both read one rater's answers in the order they were given, as right or wrong, and both
weigh the same two hypotheses: the rater is as good as the study needs, or is not.
"""

from dataclasses import dataclass
from math import log
from typing import Literal

import numpy as np

from feedback.stats.arrays import BoolArray, FloatArray

FIT = 0.90
UNFIT = 0.70

Verdict = Literal["pass", "fail", "human looks", "go on"]


@dataclass(frozen=True)
class QualificationPlan:
    """How golds decide whether a rater may start; the defaults are the project's.

    Attributes:
        fit: accuracy of a rater who should pass.
        unfit: accuracy of a rater who should fail.
        wrongly_failed: chance of failing a fit rater, 0 to .5.
        wrongly_passed: chance of passing an unfit rater, 0 to .5.
        most: golds after which a person looks instead.
    """

    fit: float = FIT
    unfit: float = UNFIT
    wrongly_failed: float = 0.05
    wrongly_passed: float = 0.05
    most: int = 40

    def __post_init__(self) -> None:
        _check_accuracies(fit=self.fit, unfit=self.unfit)
        for error in (self.wrongly_failed, self.wrongly_passed):
            if not 0.0 < error < 0.5:  # noqa: PLR2004 - better than a coin
                raise ValueError(f"error {error} is not above 0 and below .5")
        if self.most < 1:
            raise ValueError(f"most {self.most} is below 1: there is nothing to see")

    @property
    def pass_at(self) -> float:
        """Evidence, in nats, from which on the rater passes."""
        return log((1.0 - self.wrongly_failed) / self.wrongly_passed)

    @property
    def fail_at(self) -> float:
        """Evidence, in nats, negative, from which down the rater fails."""
        return log(self.wrongly_failed / (1.0 - self.wrongly_passed))


@dataclass(frozen=True)
class Qualification:
    """Where a rater stands.

    Attributes:
        verdict: pass, fail, a human looks, or go on.
        n_golds: golds the verdict rests on; answers after it do not count.
        n_right: how many of these were right.
        evidence: shape (n_golds,); log likelihood ratio of fit against unfit, in nats,
            after each gold.
        plan: the plan that gave the verdict; its two boundaries belong in the chart.
    """

    verdict: Verdict
    n_golds: int
    n_right: int
    evidence: FloatArray
    plan: QualificationPlan


@dataclass(frozen=True)
class Characteristic:
    """What a plan does to raters of one accuracy.

    Attributes:
        passed: probability of passing.
        failed: probability of failing.
        unsettled: probability that a person has to look.
        expected_golds: golds it takes on average.
    """

    passed: float
    failed: float
    unsettled: float
    expected_golds: float


@dataclass(frozen=True)
class DriftChart:
    """How a fall in accuracy is noticed; the defaults are the project's.

    At `fit` an alarm is false and comes every 432 checks on average; a rater who fell
    to .70 is noticed after 21 checks, one at .50 after 9.

    Attributes:
        fit: accuracy while all is well.
        unfit: accuracy that must not go unnoticed.
        limit: evidence of a fall, in nats, at which the alarm is given.
    """

    fit: float = FIT
    unfit: float = UNFIT
    limit: float = 3.5

    def __post_init__(self) -> None:
        _check_accuracies(fit=self.fit, unfit=self.unfit)
        if self.limit <= 0.0:
            raise ValueError(f"limit {self.limit} is not above 0: it alarms at once")


@dataclass(frozen=True)
class Drift:
    """A cumulative sum chart.

    Attributes:
        path: shape (n,); evidence of a fall after each check, in nats, never below 0.
        limit: where the alarm is given.
        alarm: index of the first check at or above the limit; None without alarm.
    """

    path: FloatArray
    limit: float
    alarm: int | None


def qualify(right: BoolArray, plan: QualificationPlan | None = None) -> Qualification:
    """Whether a rater has shown enough on golds to start, or to be turned away.

    Args:
        right: shape (n,); whether each gold was answered right, in order.
        plan: accuracies, error and length; the project's when left out.

    Returns:
        The verdict at the first gold that decides. The error rates hold for the test
        without a cap; with it a person decides the cases between, so neither rises.

    Raises:
        ValueError: if the answers are not one-dimensional.

    Source:
        Wald, "Sequential Tests of Statistical Hypotheses" (1945), boundaries
        log((1 - b) / a) and log(b / (1 - a)); truncated for a person to look.
    """
    plan = plan or QualificationPlan()
    seen = _one_dimensional(right)[: plan.most]
    evidence = np.cumsum(_weights(seen, fit=plan.fit, unfit=plan.unfit))
    passes, fails = _decides(evidence, plan)
    crossed = np.flatnonzero(passes | fails)
    n_golds = int(crossed[0]) + 1 if len(crossed) else len(seen)
    verdict: Verdict
    if len(crossed):
        verdict = "pass" if passes[n_golds - 1] else "fail"
    else:
        verdict = "human looks" if n_golds == plan.most else "go on"
    return Qualification(
        verdict=verdict,
        n_golds=n_golds,
        n_right=int(seen[:n_golds].sum()),
        evidence=evidence[:n_golds],
        plan=plan,
    )


def characteristic(
    *, accuracy: float, plan: QualificationPlan | None = None
) -> Characteristic:
    """What a plan does to raters of this accuracy, exactly.

    Args:
        accuracy: the rater's, 0 to 1; golds are taken as independent.
        plan: the project's when left out.

    Returns:
        Probabilities that sum to 1, and the golds it takes on average.

    Raises:
        ValueError: if the accuracy is not between 0 and 1.

    Source:
        Recursion over the number of errors after each gold; for the test without a
        cap, Wald (1945) gives the approximation.
    """
    if not 0.0 <= accuracy <= 1.0:
        raise ValueError(f"accuracy {accuracy} is not between 0 and 1")
    plan = plan or QualificationPlan()
    up, down = _steps(fit=plan.fit, unfit=plan.unfit)
    undecided = np.array([1.0])  # by number of errors so far
    passed = failed = expected = 0.0
    for n_golds in range(1, plan.most + 1):
        expected += float(undecided.sum())
        after = np.append(undecided * accuracy, 0.0)
        after[1:] += undecided * (1.0 - accuracy)
        n_wrong = np.arange(n_golds + 1)
        evidence = (n_golds - n_wrong) * up + n_wrong * down
        passes, fails = _decides(evidence, plan)
        passed += float(after[passes].sum())
        failed += float(after[fails].sum())
        undecided = np.where(passes | fails, 0.0, after)
    return Characteristic(passed, failed, float(undecided.sum()), expected)


def drift(agreed: BoolArray, chart: DriftChart | None = None) -> Drift:
    """Whether a rater has become worse than at the start.

    Args:
        agreed: shape (n,); whether each check (a gold, or agreement with the other
            raters) came out right, in order, since the last alarm that was dealt with.
        chart: the project's when left out.

    Returns:
        The chart. An alarm asks for five more golds; it excludes nobody.

    Raises:
        ValueError: if the answers are not one-dimensional.

    Source:
        Page, "Continuous Inspection Schemes" (1954); for single right and wrong
        answers Reynolds & Stoumbos (1999).
    """
    chart = chart or DriftChart()
    weights = _weights(_one_dimensional(agreed), fit=chart.fit, unfit=chart.unfit)
    return cusum(-weights, limit=chart.limit)


def cusum(scores: FloatArray, *, limit: float) -> Drift:
    """One-sided cumulative sum: S_t = max(0, S_(t-1) + score_t), from S_0 = 0.

    Args:
        scores: shape (n,); evidence of a change in each observation, negative on
            average before the change and positive after.
        limit: sum at which the alarm is given.

    Returns:
        The chart. It runs on after an alarm, so that the page can show what followed.

    Source:
        Page (1954); Hawkins & Olwell, "Cumulative Sum Charts" (1998).
    """
    total = np.cumsum(scores, dtype=np.float64)
    lowest = np.minimum.accumulate(np.minimum(total, 0.0))
    path: FloatArray = total - lowest
    over = np.flatnonzero(path >= limit)
    return Drift(path, limit, int(over[0]) if len(over) else None)


def _decides(
    evidence: FloatArray, plan: QualificationPlan
) -> tuple[BoolArray, BoolArray]:
    """Where the evidence passes a rater, and where it fails one."""
    # A hair of slack: answers that equal a boundary exactly must not miss it.
    return evidence >= plan.pass_at - 1e-9, evidence <= plan.fail_at + 1e-9


def _check_accuracies(*, fit: float, unfit: float) -> None:
    if not 0.0 < unfit < fit < 1.0:
        raise ValueError(
            f"fit {fit} and unfit {unfit} must lie between 0 and 1, fit above unfit"
        )


def _one_dimensional(right: BoolArray) -> BoolArray:
    if right.ndim != 1:
        raise ValueError(f"answers of shape {right.shape} are not one rater's in order")
    return right.astype(np.bool_)


def _steps(*, fit: float, unfit: float) -> tuple[float, float]:
    """Evidence of one right and of one wrong answer, in nats."""
    return log(fit / unfit), log((1.0 - fit) / (1.0 - unfit))


def _weights(right: BoolArray, *, fit: float, unfit: float) -> FloatArray:
    up, down = _steps(fit=fit, unfit=unfit)
    return np.where(right, up, down)
