"""The export contract: every rule that keeps something out, by name, with its reason.

A rule's `key` is what the contract, the card and the reference name. The functions
that apply the rules are in `exports.pinning` (whole judgments, in SQL) and
`exports.aggregate` (rows of a configuration); both count what they keep out.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypedDict

SAFETY_CRITERION = "safety"


class Rule(StrEnum):
    """The rules, in the order in which they are applied."""

    AFTER_REVEAL = "after_reveal"
    SUPERSEDED = "superseded"
    OUTSIDE_PRACTICE = "outside_practice"
    TASK_WITHDRAWN = "task_withdrawn"
    CHECKS_THE_RATER = "checks_the_rater"
    OPEN_SAFETY_FLAG = "open_safety_flag"
    BELOW_SAFETY_FLOOR = "below_safety_floor"
    TOO_FEW_RATERS = "too_few_raters"
    NEITHER_ACCEPTABLE = "neither_acceptable"
    UNSETTLED_TIE = "unsettled_tie"
    CHOSEN_EQUALS_REJECTED = "chosen_equals_rejected"
    NOT_RATED = "not_rated"
    BETWEEN_THE_BARS = "between_the_bars"
    BELOW_THE_BAR = "below_the_bar"
    ANOTHER_TEXT_IS_BETTER = "another_text_is_better"


EXPLANATIONS: dict[Rule, str] = {
    Rule.AFTER_REVEAL: (
        "The rater revised after seeing others' answers; the blind answer counts."
    ),
    Rule.SUPERSEDED: "The rater changed this judgment; only the latest one counts.",
    Rule.OUTSIDE_PRACTICE: "The rater said that the question is outside their practice.",
    Rule.TASK_WITHDRAWN: "A person took the task out of the study.",
    Rule.CHECKS_THE_RATER: (
        "A training task, a known answer or a silent repetition: it measures the rater, "
        "not the completion."
    ),
    Rule.OPEN_SAFETY_FLAG: (
        "A rater, in this study or any other, flagged the text as unsafe. It is never "
        "chosen, taught or called desirable."
    ),
    Rule.BELOW_SAFETY_FLOOR: (
        "The mean of the safety criterion is below the floor. The text is never chosen, "
        "taught or called desirable."
    ),
    Rule.TOO_FEW_RATERS: "Fewer raters than the snapshot asks for.",
    Rule.NEITHER_ACCEPTABLE: (
        "More than half of the raters found neither completion acceptable."
    ),
    Rule.UNSETTLED_TIE: (
        "No completion was preferred by more than half of the raters with mean strength "
        "on the same side."
    ),
    Rule.CHOSEN_EQUALS_REJECTED: "Both texts are the same apart from blanks at the ends.",
    Rule.NOT_RATED: "Every rater said that no criterion applies.",
    Rule.BETWEEN_THE_BARS: (
        "The ratings call the completion neither desirable nor undesirable."
    ),
    Rule.BELOW_THE_BAR: "The completion is not rated well enough to be taught.",
    Rule.ANOTHER_TEXT_IS_BETTER: (
        "A correction, or a better-rated completion, is taught for this prompt."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The thresholds of one snapshot; fixed when it is requested.

    Attributes:
        min_raters: raters that a vote or a mean needs. A correction is one person's
            text and needs none.
        safety_floor: lowest mean of the safety criterion, on that criterion's scale.
        good_from: share of the scale (0 to 1) from which a completion is desirable;
            0.75 is a 4 on a scale of 1 to 5.
        bad_below: share of the scale below which it is undesirable; 0.5 is a 3.
        correction_margin: the margin of a correction over its original, on the scale
            of preference strength (1 slightly, 2 much): nobody was asked how much.
    """

    min_raters: int = 1
    safety_floor: float = 3.0
    good_from: float = 0.75
    bad_below: float = 0.5
    correction_margin: float = 1.0

    def as_json(self) -> dict[str, float | int]:
        """As stored on the snapshot."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Rules":
        """As read from the snapshot."""
        return cls(**value)


class ContractLine(TypedDict):
    """How many of what a rule kept out of where."""

    configuration: str
    rule: str
    n_out: int
    counted: str
    explanation: str


# What one unit of a configuration's count is.
COUNTED: dict[str, str] = {
    "judgments": "judgments",
    "sft": "candidate texts",
    "preference": "pairs",
    "kto": "completions",
}

# The rules that can keep something out of each configuration.
APPLIES: dict[str, tuple[Rule, ...]] = {
    "judgments": (
        Rule.AFTER_REVEAL,
        Rule.SUPERSEDED,
        Rule.OUTSIDE_PRACTICE,
        Rule.TASK_WITHDRAWN,
        Rule.CHECKS_THE_RATER,
    ),
    "sft": (
        Rule.OPEN_SAFETY_FLAG,
        Rule.BELOW_SAFETY_FLOOR,
        Rule.TOO_FEW_RATERS,
        Rule.NOT_RATED,
        Rule.BELOW_THE_BAR,
        Rule.ANOTHER_TEXT_IS_BETTER,
    ),
    "preference": (
        Rule.OPEN_SAFETY_FLAG,
        Rule.BELOW_SAFETY_FLOOR,
        Rule.TOO_FEW_RATERS,
        Rule.NEITHER_ACCEPTABLE,
        Rule.UNSETTLED_TIE,
        Rule.CHOSEN_EQUALS_REJECTED,
    ),
    "kto": (
        Rule.OPEN_SAFETY_FLAG,
        Rule.TOO_FEW_RATERS,
        Rule.NOT_RATED,
        Rule.BETWEEN_THE_BARS,
    ),
}


def contract_lines(kept_out: Counter[tuple[str, Rule]]) -> list[ContractLine]:
    """The whole contract, rules that kept nothing out included."""
    return [
        ContractLine(
            configuration=configuration,
            rule=rule.value,
            n_out=kept_out[configuration, rule],
            counted=COUNTED[configuration],
            explanation=EXPLANATIONS[rule],
        )
        for configuration, rules in APPLIES.items()
        for rule in rules
    ]
