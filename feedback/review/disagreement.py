"""When a task needs a second pair of eyes, and how pressing that is. Pure functions.

docs/explanation/adjudication.md has the rules as a table. A majority is more than half
of the raters who gave an answer; what does not apply, or is outside somebody's practice,
is no answer.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median

# How a criterion's answers are compared.
Kind = str
NUMBERS, CLASSES, SETS = "numbers", "classes", "sets"
PREFERENCE, CORRECTION, POINTS = "preference", "correction", "points"
# What a narrow scale needs at least: next to each other is no dispute.
_LEAST_SPREAD = 2
_MUCH = 2


class Rule(StrEnum):
    """The rules, most pressing first."""

    SAFETY_SIDES = "safety_sides"
    SEVERE_FLAG = "severe_flag"
    PREFERENCE_OPPOSED = "preference_opposed"
    MODERATE_FLAG = "moderate_flag"
    LOW_SAFETY = "low_safety"
    PREFERENCE_SPLIT = "preference_split"
    CORRECTION_SPLIT = "correction_split"
    SPREAD = "spread"
    NO_MAJORITY = "no_majority"
    COMPARED_SPLIT = "compared_split"
    POINTS_SPLIT = "points_split"
    MILD_FLAG = "mild_flag"
    OPTION_SPLIT = "option_split"
    FEW_RATERS = "few_raters"
    DRAWN = "drawn"


PRIORITY: dict[Rule, int] = {
    Rule.SAFETY_SIDES: 90,
    Rule.SEVERE_FLAG: 85,
    Rule.PREFERENCE_OPPOSED: 70,
    Rule.MODERATE_FLAG: 65,
    Rule.LOW_SAFETY: 60,
    Rule.PREFERENCE_SPLIT: 60,
    Rule.CORRECTION_SPLIT: 55,
    Rule.SPREAD: 50,
    Rule.NO_MAJORITY: 50,
    Rule.COMPARED_SPLIT: 45,
    Rule.POINTS_SPLIT: 45,
    Rule.MILD_FLAG: 45,
    Rule.OPTION_SPLIT: 40,
    Rule.FEW_RATERS: 40,
    Rule.DRAWN: 20,
}
_RISKS = {
    Rule.SEVERE_FLAG,
    Rule.MODERATE_FLAG,
    Rule.MILD_FLAG,
    Rule.LOW_SAFETY,
    Rule.FEW_RATERS,
}
_FLAGS = {
    "severe": Rule.SEVERE_FLAG,
    "moderate": Rule.MODERATE_FLAG,
    "mild": Rule.MILD_FLAG,
}
# Each further reason adds so much, so that of two equal cases the one with more to
# settle comes first; never as much as the next kind of reason.
_PER_FURTHER_REASON = 1
_MOST_FURTHER = 4


@dataclass(frozen=True, slots=True)
class Scale:
    """How a criterion is answered, as far as comparing answers needs it.

    Attributes:
        kind: NUMBERS, CLASSES or SETS.
        is_safety: whether its low end is harm.
    """

    key: str
    name: str
    kind: Kind
    minimum: int = 1
    maximum: int = 5
    is_safety: bool = False

    @property
    def middle(self) -> float:
        """What is neither low nor high."""
        return (self.minimum + self.maximum) / 2

    @property
    def wide(self) -> float:
        """The spread from which answers are in dispute: half the scale, 2 at least."""
        return max((self.maximum - self.minimum) / 2, _LEAST_SPREAD)


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """A criterion's key, the item it is about, and the turn; 0 for the whole."""

    key: str
    item: int = 0
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """What one rater answered.

    Attributes:
        ratings: question -> a number, or the options chosen.
        preferences: (criterion's key or PREFERENCE, item, other item) -> the outcome
            and its strength.
        verdicts: (item, point) -> verdict.
        corrected: items whose text was corrected.
        is_fit_as_is: asked for a correction, the rater says none is needed.
        flags: severities of the safety flags.
    """

    ratings: Mapping[Question, int | tuple[str, ...]] = field(default_factory=dict)
    preferences: Mapping[tuple[str, int, int], tuple[str, int]] = field(
        default_factory=dict
    )
    verdicts: Mapping[tuple[int, int], str] = field(default_factory=dict)
    corrected: frozenset[int] = frozenset()
    is_fit_as_is: bool = False
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason for a case: the rule, what it is about, and how to say it."""

    rule: Rule
    about: str
    words: str

    @property
    def priority(self) -> int:
        """How pressing it is, 0 to 100."""
        return PRIORITY[self.rule]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The case that a task calls for.

    Attributes:
        reason: "disagreement", "audit_risk" or "audit_random".
        disputed: keys of what is in dispute.
    """

    reason: str
    priority: int
    because: str
    disputed: tuple[str, ...] = ()


def wanted_case(
    given: Sequence[Given],
    scales: Mapping[str, Scale],
    *,
    n_asked: int,
    is_drawn: bool,
) -> Wanted | None:
    """The case that a task with these answers calls for; None if it needs none.

    Args:
        given: of each rater who answered and was not outside their practice.
        scales: by key; what has none, as free text, is not compared.
        n_asked: raters that the study asks for.
        is_drawn: whether the random audit falls on the task.
    """
    disputes = disagreements(given, scales)
    reasons = [*disputes, *risks(given, scales, n_asked=n_asked)]
    if not reasons and is_drawn:
        reasons = [Finding(Rule.DRAWN, "", "Drawn at random; the raters agree.")]
    if not reasons:
        return None
    reasons.sort(key=lambda one: (-one.priority, one.about))
    further = min(len(reasons) - 1, _MOST_FURTHER)
    return Wanted(
        reason=_reason(reasons, is_dispute=bool(disputes)),
        priority=min(reasons[0].priority + further * _PER_FURTHER_REASON, 100),
        because=" ".join(one.words for one in reasons),
        disputed=tuple(dict.fromkeys(one.about for one in reasons if one in disputes)),
    )


def _reason(reasons: Sequence[Finding], *, is_dispute: bool) -> str:
    if is_dispute:
        return "disagreement"
    is_risk = any(one.rule in _RISKS for one in reasons)
    return "audit_risk" if is_risk else "audit_random"


def disagreements(given: Sequence[Given], scales: Mapping[str, Scale]) -> list[Finding]:
    """Where raters disagree; of one criterion only what is most pressing."""
    found = [
        *_preferences(given, scales),
        *_ratings(given, scales),
        *_points(given),
        *_corrections(given),
    ]
    first: dict[str, Finding] = {}
    for one in sorted(found, key=lambda one: -one.priority):
        first.setdefault(one.about, one)
    return list(first.values())


def risks(
    given: Sequence[Given], scales: Mapping[str, Scale], *, n_asked: int
) -> list[Finding]:
    """What makes a task worth a look although its raters agree."""
    found = []
    flags = {flag for one in given for flag in one.flags}
    for severity, rule in _FLAGS.items():
        if severity in flags:
            found.append(Finding(rule, "", f"A rater flagged {severity} harm."))
            break
    values = _by_question(given)
    low = [
        (middle, scale)
        for question, answers in values.items()
        if (scale := scales.get(question.key)) is not None and scale.is_safety
        if (middle := _middle_of(answers)) is not None and middle < scale.middle
    ]
    if low:
        middle, scale = min(low, key=lambda pair: pair[0])
        words = f"{scale.name} is low: the median is {middle:g}."
        found.append(Finding(Rule.LOW_SAFETY, scale.key, words))
    if len(given) < min(2, n_asked):
        n = len(given)
        words = (
            "No rater could judge it: each is outside their practice."
            if not n
            else "Only one rater could judge it."
        )
        found.append(Finding(Rule.FEW_RATERS, "", words))
    return found


def is_drawn_for_audit(*, seed: int, fingerprint: str, audit_percent: int) -> bool:
    """Whether the random audit falls on a task: by the study's seed, and for good.

    Args:
        seed: the study's.
        fingerprint: the task's; hexadecimal SHA-256.
        audit_percent: share of tasks, 0 to 100.

    Returns:
        The same on every machine; a higher share keeps what a lower one drew.
    """
    digest = hashlib.sha256(f"adjudication:{seed}:{fingerprint}".encode()).digest()
    return int.from_bytes(digest[:8]) * 100 < audit_percent * 2**64


# --- rules -----------------------------------------------------------------------------


def _majority(answers: Iterable[Hashable]) -> bool:
    """Whether one answer is that of more than half; also of none or of one."""
    counts = Counter(answers)
    n = counts.total()
    return n < 2 or 2 * max(counts.values()) > n  # noqa: PLR2004 - two can differ


def _preferences(
    given: Sequence[Given], scales: Mapping[str, Scale]
) -> Iterator[Finding]:
    votes: dict[tuple[str, int, int], list[tuple[str, int]]] = defaultdict(list)
    for one in given:
        for pair, vote in one.preferences.items():
            votes[pair].append(vote)
    for (key, _item, _other), cast in votes.items():
        outcomes = Counter(outcome for outcome, _strength in cast)
        words = _votes_in_words(outcomes)
        if key != PREFERENCE:
            if not _majority(outcomes.elements()):
                name = scales[key].name if key in scales else key
                text = f"{name} has no majority: {words}."
                yield Finding(Rule.COMPARED_SPLIT, key, text)
        elif {("a", _MUCH), ("b", _MUCH)} <= set(cast):
            text = f"Opposite answers are called much better: {words}."
            yield Finding(Rule.PREFERENCE_OPPOSED, PREFERENCE, text)
        elif not _majority(outcomes.elements()):
            text = f"The preference has no majority: {words}."
            yield Finding(Rule.PREFERENCE_SPLIT, PREFERENCE, text)


def _votes_in_words(outcomes: Counter[str]) -> str:
    names = {
        "a": "for one answer",
        "b": "for the other",
        "tie": "about equal",
        "neither": "neither is acceptable",
    }
    said = [f"{outcomes[one]} {name}" for one, name in names.items() if outcomes[one]]
    return ", ".join(said)


def _by_question(
    given: Sequence[Given],
) -> dict[Question, list[int | tuple[str, ...]]]:
    values: dict[Question, list[int | tuple[str, ...]]] = defaultdict(list)
    for one in given:
        for question, value in one.ratings.items():
            values[question].append(value)
    return values


def _middle_of(answers: Sequence[int | tuple[str, ...]]) -> float | None:
    numbers = [one for one in answers if isinstance(one, int)]
    return median(numbers) if numbers else None


def _ratings(given: Sequence[Given], scales: Mapping[str, Scale]) -> Iterator[Finding]:
    for question, answers in _by_question(given).items():
        scale = scales.get(question.key)
        if scale is None:
            continue
        numbers = sorted(one for one in answers if isinstance(one, int))
        if scale.is_safety and numbers and numbers[0] < scale.middle < numbers[-1]:
            shown = _numbers_in_words(numbers)
            words = f"{scale.name} stands on both sides of the middle: {shown}."
            yield Finding(Rule.SAFETY_SIDES, scale.key, words)
        elif scale.kind == NUMBERS:
            if numbers and numbers[-1] - numbers[0] >= scale.wide:
                words = f"{scale.name} is far apart: {_numbers_in_words(numbers)}."
                yield Finding(Rule.SPREAD, scale.key, words)
        elif scale.kind == CLASSES:
            if not _majority(answers):
                words = f"{scale.name} has no majority among {len(answers)} raters."
                yield Finding(Rule.NO_MAJORITY, scale.key, words)
        elif _is_an_option_split(answers):
            words = f"{scale.name}: half of the raters chose what the others did not."
            yield Finding(Rule.OPTION_SPLIT, scale.key, words)


def _numbers_in_words(numbers: Sequence[int]) -> str:
    *others, last = map(str, numbers)
    return f"{', '.join(others)} and {last}"


def _is_an_option_split(answers: Sequence[int | tuple[str, ...]]) -> bool:
    """Whether any option of several was chosen by exactly half of the raters."""
    sets = [one for one in answers if not isinstance(one, int)]
    counts = Counter(option for one in sets for option in set(one))
    return len(sets) > 1 and any(2 * n == len(sets) for n in counts.values())


def _points(given: Sequence[Given]) -> Iterator[Finding]:
    verdicts: dict[tuple[int, int], list[str]] = defaultdict(list)
    for one in given:
        for place, verdict in one.verdicts.items():
            verdicts[place].append(verdict)
    n_split = sum(not _majority(found) for found in verdicts.values())
    if n_split:
        points = "point has" if n_split == 1 else "points have"
        words = f"{n_split} of the case's {points} no majority."
        yield Finding(Rule.POINTS_SPLIT, POINTS, words)


def _corrections(given: Sequence[Given]) -> Iterator[Finding]:
    n_corrected = sum(bool(one.corrected) for one in given)
    n_fit = sum(one.is_fit_as_is for one in given)
    if n_corrected and n_fit:
        words = f"{n_corrected} corrected the text, {n_fit} called it fit as it is."
        yield Finding(Rule.CORRECTION_SPLIT, CORRECTION, words)
