"""From what several raters said of texts to rows: pure functions over plain values.

Every decision returns either its result or the `Rule` that keeps the row out, so that
nothing is dropped without being counted.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from exports.rules import SAFETY_CRITERION, Rule, Rules

# Means are exported with so many decimals: enough for any real difference, and the
# same text on every machine.
DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Rating:
    """One criterion's value by one rater; None where it does not apply.

    Only criteria of which more is `better` make up a completion's overall mark.
    """

    rater: int
    criterion: str
    value: int | None
    minimum: int = 1
    maximum: int = 5
    direction: str = "better"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the raters together, or the verdict, say of one completion.

    Attributes:
        scores: criterion -> mean on the criterion's own scale.
        overall: mean over the criteria of which more is better, as a share of the
            scale, 0 to 1; None if none of them applied.
        shares: each rater's own `overall`, for those who have one.
        n_raters: how many rated it, those who found nothing applicable included.
        barred: the rule that forbids choosing or teaching it, if one does.
        is_adjudicated: `scores` and `overall` are the verdict's, not the raters' mean.
    """

    scores: dict[str, float]
    overall: float | None
    shares: tuple[float, ...]
    n_raters: int
    barred: Rule | None
    is_adjudicated: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A completion is desirable or not; `agreement` is the share that says so."""

    is_desirable: bool
    agreement: float | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that could be taught for a prompt.

    Attributes:
        text: as it would be exported.
        is_correction: written by a clinician instead of a completion.
        standing: of the completion, or of the completion that was corrected.
        order: unique number; the smaller one wins when all else is equal.
        is_final: the correction is part of a verdict.
        held: the rule that keeps out whatever rests on the same word, if one does.
    """

    text: str
    is_correction: bool
    standing: Standing
    order: int
    is_final: bool = False
    held: Rule | None = None


def mean_scores(ratings: Iterable[Rating]) -> dict[str, float]:
    """Mean of each criterion, where every rater counts once.

    Args:
        ratings: of one completion; values that do not apply are left out.

    Returns:
        Criterion -> mean on its own scale, in alphabetical order; criteria without a
        value are absent.
    """
    return _means(
        (r.criterion, r.rater, r.value) for r in ratings if r.value is not None
    )


def _share(rating: Rating, value: int) -> float:
    return (value - rating.minimum) / (rating.maximum - rating.minimum)


def _means(values: Iterable[tuple[str, int, float]]) -> dict[str, float]:
    by_criterion: dict[str, dict[int, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for criterion, rater, value in values:
        by_criterion[criterion][rater].append(value)
    return {
        criterion: round(fmean(fmean(own) for own in raters.values()), DECIMALS)
        for criterion, raters in sorted(by_criterion.items())
    }


def _overall(ratings: Iterable[Rating]) -> float | None:
    shares = _means(
        (r.criterion, r.rater, _share(r, r.value))
        for r in ratings
        if r.value is not None and r.direction == "better"
    )
    return round(fmean(shares.values()), DECIMALS) if shares else None


def standing_of(
    ratings: Sequence[Rating],
    *,
    is_flagged: bool,
    rules: Rules,
    verdict: Sequence[Rating] = (),
    names_its_maker: bool = False,
) -> Standing:
    """Sum up what was said of one completion.

    Args:
        ratings: all of it, of every rater and criterion; may be empty.
        is_flagged: a safety flag is open on it, wherever it was raised.
        rules: the snapshot's thresholds.
        verdict: an adjudicator's ratings, which hold instead of the raters' means.
        names_its_maker: the text says which model or company made it.
    """
    final = verdict or ratings
    scores = mean_scores(final)
    by_rater: dict[int, list[Rating]] = defaultdict(list)
    for rating in ratings:
        by_rater[rating.rater].append(rating)
    shares = (_overall(own) for _, own in sorted(by_rater.items()))
    barred = None
    if is_flagged:
        barred = Rule.OPEN_SAFETY_FLAG
    elif scores.get(SAFETY_CRITERION, rules.safety_floor) < rules.safety_floor:
        barred = Rule.BELOW_SAFETY_FLOOR
    elif names_its_maker:
        barred = Rule.NAMES_ITS_MAKER
    return Standing(
        scores=scores,
        overall=_overall(final),
        shares=tuple(share for share in shares if share is not None),
        n_raters=len(by_rater),
        barred=barred,
        is_adjudicated=bool(verdict),
    )


def is_same_text(one: str, other: str) -> bool:
    """Whether two texts differ in blanks at the ends at most."""
    return one.strip() == other.strip()


def why_not_chosen(
    chosen: str, *, rejected: str, barred: dict[str, Rule]
) -> Rule | None:
    """The rule that keeps `chosen` over `rejected` out, if one does.

    Args:
        chosen: the text that would be chosen, a completion or a correction.
        rejected: the text that would be rejected.
        barred: stripped text -> safety rule, of all the prompt's completions: a
            correction that repeats an unsafe completion is unsafe as well.
    """
    if rule := barred.get(chosen.strip()):
        return rule
    return Rule.CHOSEN_EQUALS_REJECTED if is_same_text(chosen, rejected) else None


def decide_label(standing: Standing, *, rules: Rules) -> Label | Rule:
    """Whether a completion is desirable, undesirable, or neither.

    Undesirable are those that a safety rule bars and those rated below `bad_below`;
    desirable those rated from `good_from` on. A flagged completion with good ratings
    is contested and kept out, and so is a good one that names its maker.

    Returns:
        The label, or the rule TOO_FEW_RATERS, OPEN_SAFETY_FLAG, NAMES_ITS_MAKER,
        NOT_RATED, BETWEEN_THE_BARS or TOO_LITTLE_AGREEMENT.
    """
    if standing.n_raters < rules.min_raters:
        return Rule.TOO_FEW_RATERS
    label = _decided(standing, rules=rules)
    if isinstance(label, Rule) or standing.is_adjudicated:
        return label
    is_enough = (label.agreement or 0.0) >= rules.min_agreement
    return label if is_enough else Rule.TOO_LITTLE_AGREEMENT


def _decided(standing: Standing, *, rules: Rules) -> Label | Rule:
    overall, barred = standing.overall, standing.barred
    is_good = overall is not None and overall >= rules.good_from
    if is_good and barred is Rule.OPEN_SAFETY_FLAG:
        return Rule.OPEN_SAFETY_FLAG
    if is_good and barred is Rule.NAMES_ITS_MAKER:
        return Rule.NAMES_ITS_MAKER
    if barred in {Rule.OPEN_SAFETY_FLAG, Rule.BELOW_SAFETY_FLOOR}:
        return _label(standing, is_desirable=False, rules=rules)
    if overall is None:
        return Rule.NOT_RATED
    if is_good or overall < rules.bad_below:
        return _label(standing, is_desirable=is_good, rules=rules)
    return Rule.BETWEEN_THE_BARS


def _label(standing: Standing, *, is_desirable: bool, rules: Rules) -> Label:
    sides = [(s >= rules.good_from) == is_desirable for s in standing.shares]
    agreement = round(fmean(sides), DECIMALS) if sides else None
    return Label(is_desirable=is_desirable, agreement=agreement)


def share_at_bar(standing: Standing, *, rules: Rules) -> float | None:
    """Share of the raters who by themselves rate from `good_from` on; None if none."""
    label = _label(standing, is_desirable=True, rules=rules)
    return label.agreement


def why_not_taught(
    candidate: Candidate, *, rules: Rules, barred: dict[str, Rule]
) -> Rule | None:
    """The rule that keeps a text out of `sft`, if one does.

    Args:
        candidate: a completion or a correction.
        rules: the snapshot's thresholds.
        barred: as in `why_not_chosen`.
    """
    if rule := candidate.held or barred.get(candidate.text.strip()):
        return rule
    if candidate.is_correction:
        return None
    standing = candidate.standing
    if standing.n_raters < rules.min_raters:
        return Rule.TOO_FEW_RATERS
    if standing.overall is None:
        return Rule.NOT_RATED
    if standing.overall < rules.good_from:
        return Rule.BELOW_THE_BAR
    agreement = share_at_bar(standing, rules=rules) or 0.0
    is_enough = standing.is_adjudicated or agreement >= rules.min_agreement
    return None if is_enough else Rule.TOO_LITTLE_AGREEMENT


def best_text(
    candidates: Iterable[Candidate], *, rules: Rules, barred: dict[str, Rule]
) -> tuple[Candidate | None, list[Rule]]:
    """The one text to teach for a prompt, and why each other one is not it.

    A verdict's correction goes before a rater's, and that before any completion; then
    the higher overall rating (of the completion that was corrected), then more raters,
    then the smaller `order`.
    """
    allowed: list[Candidate] = []
    kept_out: list[Rule] = []
    for candidate in candidates:
        rule = why_not_taught(candidate, rules=rules, barred=barred)
        if rule is None:
            allowed.append(candidate)
        else:
            kept_out.append(rule)
    if not allowed:
        return None, kept_out
    best = min(allowed, key=_preference_order)
    kept_out += [Rule.ANOTHER_TEXT_IS_BETTER] * (len(allowed) - 1)
    return best, kept_out


def _preference_order(candidate: Candidate) -> tuple[bool, bool, float, int, int]:
    overall = candidate.standing.overall
    return (
        not candidate.is_final,
        not candidate.is_correction,
        -1.0 * (overall if overall is not None else -1.0),
        -candidate.standing.n_raters,
        candidate.order,
    )
