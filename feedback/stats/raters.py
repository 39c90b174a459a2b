"""All that is known of one rater, in words a rater can check.

The study lead and the rater read the same sentences: what was counted, how it came
out, and when it would be flagged. A flag asks a person to look. Nothing is deleted,
and nobody is left unpaid, on a flag.
"""

from dataclasses import dataclass
from math import isnan
from typing import Literal

from feedback.stats.copying import FEWEST_SHARED, Coincidence
from feedback.stats.golds import GoldAccuracy
from feedback.stats.proportions import Share
from feedback.stats.repeats import SelfAgreement
from feedback.stats.rest import FEWEST_RATINGS, RestCorrelation
from feedback.stats.sequential import Drift
from feedback.stats.sides import FEWEST_VOTES, LeftChoice
from feedback.stats.speed import Effort
from feedback.stats.straight_lines import StraightLine

Kind = Literal[
    "golds",
    "drift",
    "rest",
    "straight line",
    "sides",
    "speed",
    "copying",
    "repeats",
    "swapped",
]
State = Literal["flagged", "fine", "too few", "shown only"]


@dataclass(frozen=True)
class Finding:
    """One check of one rater.

    Attributes:
        kind: which check.
        state: flagged; fine; too few to tell; or shown without a rule.
        says: how it came out for this rater.
        rule: how it is computed and when it is flagged.
    """

    kind: Kind
    state: State
    says: str
    rule: str


@dataclass(frozen=True)
class RaterEvidence:
    """What the checks found; None where a study has nothing of the kind.

    Attributes:
        golds: accuracy on golds.
        drift: the project's chart of golds in order, since the last alarm that was
            dealt with.
        rest: correlation with the other raters.
        line: whether one value was given throughout.
        sides: how often the left was taken.
        effort: how often time was enough.
        coincidences: suspicious pairs with this rater; empty when none was found.
        repeats: the same items rated again.
        flips: pairs shown again with sides swapped.
    """

    golds: GoldAccuracy | None = None
    drift: Drift | None = None
    rest: RestCorrelation | None = None
    line: StraightLine | None = None
    sides: LeftChoice | None = None
    effort: Effort | None = None
    coincidences: tuple[Coincidence, ...] | None = None
    repeats: SelfAgreement | None = None
    flips: Share | None = None


@dataclass(frozen=True)
class RaterFlags:
    """Every check of one rater.

    Attributes:
        findings: one for each kind of evidence there is, in a fixed order.
    """

    findings: tuple[Finding, ...]

    @property
    def flagged(self) -> tuple[Finding, ...]:
        """The findings that ask a person to look."""
        return tuple(f for f in self.findings if f.state == "flagged")

    @property
    def kinds(self) -> frozenset[Kind]:
        """What is flagged."""
        return frozenset(f.kind for f in self.flagged)


def review_rater(evidence: RaterEvidence) -> RaterFlags:
    """Gathers what is known of a rater, with the reason of each flag in words.

    Args:
        evidence: from the functions named there.

    Returns:
        One finding for each kind of evidence that is not None.

    Source:
        Each finding's rule; the thresholds stand in the modules of the checks.
    """
    checks = (
        evidence.golds and _golds(evidence.golds),
        evidence.drift and _drift(evidence.drift),
        evidence.rest and _rest(evidence.rest),
        evidence.line and _line(evidence.line),
        evidence.sides and _sides(evidence.sides),
        evidence.effort and _effort(evidence.effort),
        None if evidence.coincidences is None else _copying(evidence.coincidences),
        evidence.repeats and _repeats(evidence.repeats),
        evidence.flips and _flips(evidence.flips),
    )
    return RaterFlags(tuple(finding for finding in checks if finding))


def _golds(golds: GoldAccuracy) -> Finding:
    return Finding(
        "golds",
        _state(flagged=golds.is_doubtful, n=golds.n, fewest=1),
        f"{golds.n_right} of {golds.n} golds right. That makes an accuracy of "
        f"{_percent(golds.mean)} likely, between {_percent(golds.low)} and "
        f"{_percent(golds.high)} with 95 % probability.",
        "Right and wrong answers to golds on top of an even start: (1 + right) / "
        "(2 + golds). Flagged when an accuracy above 70 % is less than 5 % probable.",
    )


def _drift(drift: Drift) -> Finding:
    if drift.alarm is None:
        says = f"No alarm in {len(drift.path)} golds."
    else:
        says = f"Alarm at gold {drift.alarm + 1} of {len(drift.path)}."
    return Finding(
        "drift",
        _state(flagged=drift.alarm is not None, n=len(drift.path), fewest=1),
        says,
        "A sum that rises by 1.10 with each gold answered wrong, falls by .25 with each "
        f"answered right, and never goes below 0. Flagged at {drift.limit:g}; five more "
        "golds are then asked. A rater who is right 90 % of the time meets a false "
        "alarm every 432 golds; one who fell to 70 % is noticed after 21.",
    )


def _rest(rest: RestCorrelation) -> Finding:
    says = f"{rest.n} ratings on items that others rated too; "
    if isnan(rest.correlation):
        says += "they do not vary enough for a correlation."
    else:
        says += (
            f"the correlation with their mean is {rest.correlation:.2f}, at most "
            f"{rest.upper:.2f} with 95 % confidence."
        )
    return Finding(
        "rest",
        _state(flagged=rest.is_careless, n=rest.n, fewest=FEWEST_RATINGS),
        says,
        "Correlation of your ratings with the mean of the other raters on the same "
        "items. Flagged when, from 20 ratings on, even its upper bound is below .20: "
        "ratings that say nothing about the item look like this.",
    )


def _line(line: StraightLine) -> Finding:
    if isnan(line.p_value):
        says = f"There are {line.n} ratings, not all equal."
    else:
        says = (
            f"All {line.n} ratings are {line.value:g}. For a rater who answers as the "
            f"others do, the chance of that is {_chance(line.p_value)}."
        )
    return Finding(
        "straight line",
        _state(flagged=line.is_constant, n=line.n, fewest=FEWEST_RATINGS),
        says,
        "Flagged when, from 20 ratings on, all are equal and the others' answers to "
        "the same items give that a chance below 1 in 1,000. Long runs alone are no "
        "fault and are not counted.",
    )


def _sides(sides: LeftChoice) -> Finding:
    return Finding(
        "sides",
        _state(flagged=sides.is_biased, n=sides.left.n, fewest=FEWEST_VOTES),
        f"{_told(sides.left)} decisive votes went left. An even coin is as uneven "
        f"with a chance of {_chance(sides.p_value)}.",
        "Sides are drawn at random, so half of your votes should go left. Flagged "
        "when, from 20 decisive votes on, the split would happen by chance in fewer "
        "than 1 in 1,000 raters.",
    )


def _effort(effort: Effort) -> Finding:
    careful = effort.careful
    return Finding(
        "speed",
        _state(flagged=effort.is_low, n=careful.n, fewest=FEWEST_RATINGS),
        f"{_told(careful)} ratings took time enough.",
        "A rating is too fast below 2 seconds of active time, below a tenth of the "
        "item's median time, or above 600 words a minute. Flagged when, from 20 "
        "ratings on, fewer than 90 % took time enough. Shown to people, never acted "
        "on alone.",
    )


def _copying(coincidences: tuple[Coincidence, ...]) -> Finding:
    says = (
        "No other rater's answers coincide with yours beyond what agreement explains."
    )
    if coincidences:
        says = " ".join(
            f"{c.n_same} of {c.n_shared} shared items have the same answer as another "
            f"rater's, where {c.expected_same:.0f} were to be expected."
            for c in coincidences
        )
    return Finding(
        "copying",
        "flagged" if coincidences else "fine",
        says,
        f"For every two raters with {FEWEST_SHARED} shared items, equal answers are "
        "counted against what both usually answer when the rest says the same. "
        "Flagged when the excess is below 1 in 100 by chance for any pair of the "
        "study, and a good third of the free answers. It does not say who copied.",
    )


def _repeats(repeats: SelfAgreement) -> Finding:
    return Finding(
        "repeats",
        "shown only" if repeats.same.n else "too few",
        f"{_told(repeats.same)} repeated items got the same rating again.",
        "Some items are shown twice without saying so. Shown only: it has no limit.",
    )


def _flips(flips: Share) -> Finding:
    return Finding(
        "swapped",
        "shown only" if flips.n else "too few",
        f"{_told(flips)} pairs shown again with sides swapped were decided the other "
        "way.",
        "Some pairs come back with sides swapped. Shown only: it has no limit.",
    )


def _state(*, flagged: bool, n: int, fewest: int) -> State:
    if flagged:
        return "flagged"
    return "fine" if n >= fewest else "too few"


def _told(share: Share) -> str:
    if not share.n:
        return "None of 0"
    return (
        f"{share.n_so} of {share.n} ({_percent(share.share)}, 95 % interval "
        f"{_percent(share.low)} to {_percent(share.high)})"
    )


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"


def _chance(p_value: float) -> str:
    return f"{p_value:.3f}" if p_value >= 0.001 else "less than .001"  # noqa: PLR2004
