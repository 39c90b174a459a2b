"""The export contract: every rule that keeps something out, by name, with its reason.

A rule's `key` is what the contract, the card and the reference name. The functions
that apply the rules are in `exports.pinning` (whole judgments, in SQL), `exports.aggregate`
and `exports.pair_votes` (rows of a configuration); all count what they keep out.
"""

from collections import Counter
from dataclasses import asdict, dataclass, fields
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
    CONSENT_WITHDRAWN = "consent_withdrawn"
    IDENTIFIER_FOUND = "identifier_found"
    OVERLAPS_EVALUATION_SET = "overlaps_evaluation_set"
    UNBLINDED = "unblinded"
    IN_DISPUTE = "in_dispute"
    STALE_EVIDENCE = "stale_evidence"
    OPEN_SAFETY_FLAG = "open_safety_flag"
    BELOW_SAFETY_FLOOR = "below_safety_floor"
    NAMES_ITS_MAKER = "names_its_maker"
    TOO_FEW_RATERS = "too_few_raters"
    TOO_LITTLE_AGREEMENT = "too_little_agreement"
    NEITHER_ACCEPTABLE = "neither_acceptable"
    UNSETTLED_TIE = "unsettled_tie"
    CHOSEN_EQUALS_REJECTED = "chosen_equals_rejected"
    NOT_RATED = "not_rated"
    BETWEEN_THE_BARS = "between_the_bars"
    BELOW_THE_BAR = "below_the_bar"
    ANOTHER_TEXT_IS_BETTER = "another_text_is_better"
    NOT_SINGLE_TURN = "not_single_turn"


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
    Rule.CONSENT_WITHDRAWN: (
        "Consent was taken back: for the prompt, for its source, or by the rater."
    ),
    Rule.IDENTIFIER_FOUND: (
        "A pattern found what may name a person: an e-mail address, phone, record or "
        "social security number, or a date of birth. The text does not leave."
    ),
    Rule.OVERLAPS_EVALUATION_SET: (
        "A text of the family shares a run of words with an evaluation set that the "
        "study names. The whole family stays out, of every split."
    ),
    Rule.UNBLINDED: (
        "The rater could know which model wrote the text; only if the snapshot asks for "
        "blind judgments."
    ),
    Rule.IN_DISPUTE: "A case on one of the tasks it rests on waits for a verdict.",
    Rule.STALE_EVIDENCE: (
        "The verdict on one of the tasks it rests on cites evidence that has been "
        "superseded."
    ),
    Rule.OPEN_SAFETY_FLAG: (
        "A rater, in this study or any other, flagged the text as unsafe. It is never "
        "chosen, taught or called desirable."
    ),
    Rule.BELOW_SAFETY_FLOOR: (
        "The mean of the safety criterion is below the floor. The text is never chosen, "
        "taught or called desirable."
    ),
    Rule.NAMES_ITS_MAKER: (
        "The text names the model or company that made it. It is never chosen, taught "
        "or called desirable."
    ),
    Rule.TOO_LITTLE_AGREEMENT: (
        "A smaller share of the raters says the same than the snapshot asks for, and no "
        "verdict settled it."
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
    Rule.NOT_SINGLE_TURN: (
        "Plain text has no room for a system turn or an earlier exchange."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The thresholds of one snapshot; fixed when it is requested.

    A study can only be stricter than the defaults: safety, consent, identifiers and
    disputes have no switch.

    Attributes:
        benchmark_percent: share of the families that never enters training.
        min_raters: raters that a vote or a mean needs. A correction is one person's
            text and needs none.
        min_agreement: share of the raters that has to say the same as the row, 0 to 1.
        only_blind: leave out judgments of raters who could know the model.
        safety_floor: lowest mean of the safety criterion, on that criterion's scale.
        good_from: share of the scale (0 to 1) from which a completion is desirable;
            0.75 is a 4 on a scale of 1 to 5.
        bad_below: share of the scale below which it is undesirable; 0.5 is a 3.
        correction_margin: the margin of a correction over its original, above 0 to 1:
            nobody was asked how much.
        best_over_worst_from: by how much of the scale (0 to 1) the best-rated completion
            has to exceed the worst-rated to make a pair that nobody was asked about; 0
            makes none. 0.5 is two points on a scale of 1 to 5.
        near_duplicate_from: shared wording (Jaccard, 0.7 to 1) from which two prompts
            are one family; 1 needs the same words.
    """

    benchmark_percent: int = 0
    min_raters: int = 1
    min_agreement: float = 0.0
    only_blind: bool = False
    safety_floor: float = 3.0
    good_from: float = 0.75
    bad_below: float = 0.5
    correction_margin: float = 0.5
    best_over_worst_from: float = 0.0
    near_duplicate_from: float = 0.8

    def as_json(self) -> dict[str, float | int | bool]:
        """As stored on the snapshot."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Rules":
        """As read from the snapshot, which an older version may have sealed."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: given for name, given in value.items() if name in known})


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
    "preference_text": "pairs of `preference`",
    "kto": "completions",
    "kto_text": "completions of `kto`",
    "process": "marked completions",
}

_RESTS_ON = (Rule.IDENTIFIER_FOUND, Rule.IN_DISPUTE, Rule.STALE_EVIDENCE)
_BARS = (Rule.OPEN_SAFETY_FLAG, Rule.BELOW_SAFETY_FLOOR, Rule.NAMES_ITS_MAKER)

# The rules that can keep something out of each configuration. Those that are not here
# are made of the rows of one that is, and have as many.
APPLIES: dict[str, tuple[Rule, ...]] = {
    "judgments": (
        Rule.AFTER_REVEAL,
        Rule.SUPERSEDED,
        Rule.OUTSIDE_PRACTICE,
        Rule.TASK_WITHDRAWN,
        Rule.CHECKS_THE_RATER,
        Rule.CONSENT_WITHDRAWN,
        Rule.IDENTIFIER_FOUND,
        Rule.OVERLAPS_EVALUATION_SET,
        Rule.UNBLINDED,
    ),
    "sft": (
        *_RESTS_ON,
        *_BARS,
        Rule.TOO_FEW_RATERS,
        Rule.NOT_RATED,
        Rule.BELOW_THE_BAR,
        Rule.TOO_LITTLE_AGREEMENT,
        Rule.ANOTHER_TEXT_IS_BETTER,
    ),
    "preference": (
        *_RESTS_ON,
        *_BARS,
        Rule.TOO_FEW_RATERS,
        Rule.NEITHER_ACCEPTABLE,
        Rule.UNSETTLED_TIE,
        Rule.TOO_LITTLE_AGREEMENT,
        Rule.CHOSEN_EQUALS_REJECTED,
    ),
    "preference_text": (Rule.NOT_SINGLE_TURN,),
    "kto": (
        *_RESTS_ON,
        Rule.OPEN_SAFETY_FLAG,
        Rule.NAMES_ITS_MAKER,
        Rule.TOO_FEW_RATERS,
        Rule.NOT_RATED,
        Rule.BETWEEN_THE_BARS,
        Rule.TOO_LITTLE_AGREEMENT,
    ),
    "kto_text": (Rule.NOT_SINGLE_TURN,),
    "process": (*_RESTS_ON, *_BARS, Rule.TOO_FEW_RATERS, Rule.NOT_SINGLE_TURN),
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
