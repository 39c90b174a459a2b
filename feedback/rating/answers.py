"""What a rater submits, before it is stored: pure values and their rules."""

from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from feedback.common.exceptions import Invalid
from feedback.common.hashing import json_sha256
from feedback.common.text import forbidden_character, normalize
from feedback.rating.models import Preference, SafetyFlag
from feedback.studies.models import Criterion, Task

MAX_TEXT = 50_000
REASONS = ("correctness", "completeness", "tone", "safety", "clarity")

# What the page offers -> (which side is better, how strongly).
CHOICES: dict[str, tuple[str, int]] = {
    "left_much": ("left", 2),
    "left_slight": ("left", 1),
    "tie": ("tie", 0),
    "right_slight": ("right", 1),
    "right_much": ("right", 2),
    "neither": ("neither", 0),
}


@dataclass(frozen=True, slots=True)
class FlagDraft:
    """A safety flag as the rater wrote it; `item` is the completion's position."""

    category: str
    severity: str
    rationale: str
    item: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """One submit, in canonical terms: positions of items, never left and right."""

    ratings: dict[str, int | None] = field(default_factory=dict)
    outcome: str | None = None
    strength: int = 0
    reasons: tuple[str, ...] = ()
    corrections: dict[int, str] = field(default_factory=dict)
    flag: FlagDraft | None = None
    comment: str = ""
    is_outside_practice: bool = False

    def sha256(self, *, assignment_uid: UUID, lease_no: int) -> str:
        """Hash of everything submitted: one idempotency key serves one content."""
        content: dict[str, Any] = asdict(self)
        content["corrections"] = sorted(self.corrections.items())
        content |= {"assignment": str(assignment_uid), "lease_no": lease_no}
        return json_sha256(content)


def outcome_of(choice: str, *, left_position: int) -> tuple[str, int]:
    """Turn what was chosen on screen into the canonical pair's terms.

    Args:
        choice: a key of CHOICES.
        left_position: which item stood left for this rater.

    Returns:
        The Preference outcome and its strength.

    Raises:
        Invalid: for an unknown choice.
    """
    if choice not in CHOICES:
        raise Invalid(
            "Choose which answer is better.",
            fields={"preference": "Choose one of the six."},
        )
    side, strength = CHOICES[choice]
    if side in {"tie", "neither"}:
        return side, strength
    is_a = (side == "left") == (left_position == 0)
    return ("a" if is_a else "b"), strength


def checked_text(text: str, *, name: str) -> str:
    """Normalize free text and refuse what cannot be stored faithfully.

    Raises:
        Invalid: naming the field and the offence.
    """
    clean = normalize(text)
    if len(clean) > MAX_TEXT:
        raise Invalid(
            f"The {name} has {len(clean):,} characters.",
            fields={name: f"Shorten it to {MAX_TEXT:,} characters."},
        )
    if offence := forbidden_character(clean):
        raise Invalid(
            f"The {name} holds a character that cannot be stored: {offence}.",
            fields={name: "Remove that character."},
        )
    return clean


def check_answer(
    answer: Answer, *, kind: str, criteria: list[Criterion], n_items: int
) -> None:
    """Refuse an answer that leaves something open or does not fit the task.

    Raises:
        Invalid: with one message per field that is missing or wrong.
    """
    problems: dict[str, str] = {}
    if not answer.is_outside_practice:
        if kind == Task.Kind.SINGLE:
            problems |= _check_ratings(answer, criteria)
        else:
            problems |= _check_preference(answer)
    problems |= _check_corrections(answer, n_items)
    if answer.flag is not None:
        problems |= _check_flag(answer.flag, n_items)
    if problems:
        raise Invalid(
            "Not submitted yet: " + " ".join(problems.values()),
            next_step="Complete the marked fields and submit again.",
            fields=problems,
        )


def _check_ratings(answer: Answer, criteria: list[Criterion]) -> dict[str, str]:
    problems = {}
    for criterion in criteria:
        name = f"ratings-{criterion.key}"
        if criterion.key not in answer.ratings:
            problems[name] = f"{criterion.name} has no answer."
            continue
        value = answer.ratings[criterion.key]
        if value is not None and not criterion.minimum <= value <= criterion.maximum:
            problems[name] = (
                f"{criterion.name} is {value}; use {criterion.minimum} to "
                f"{criterion.maximum}."
            )
    for key in answer.ratings.keys() - {c.key for c in criteria}:
        problems[f"ratings-{key}"] = f"The guideline has no criterion {key!r}."
    return problems


def _check_preference(answer: Answer) -> dict[str, str]:
    if answer.outcome not in Preference.Outcome.values:
        return {"preference": "Choose which answer is better, or that neither is."}
    problems = {}
    if unknown := set(answer.reasons) - set(REASONS):
        problems["reasons"] = f"Unknown reasons {sorted(unknown)}; use {list(REASONS)}."
    needs_correction = answer.outcome == Preference.Outcome.NEITHER
    if needs_correction and not any(answer.corrections.values()):
        problems["correction_text"] = (
            "Neither is acceptable, so write what should be said instead."
        )
    return problems


def _check_corrections(answer: Answer, n_items: int) -> dict[str, str]:
    for item, text in answer.corrections.items():
        if not 0 <= item < n_items:
            return {"correction_of": f"There is no answer number {item + 1} here."}
        if not text.strip():
            return {"correction_text": "The correction is empty."}
    return {}


def _check_flag(flag: FlagDraft, n_items: int) -> dict[str, str]:
    problems = {}
    if flag.category not in SafetyFlag.Category.values:
        problems["flag_category"] = "Choose what kind of harm it is."
    if flag.severity not in SafetyFlag.Severity.values:
        problems["flag_severity"] = "Choose how severe the harm could be."
    if not flag.rationale.strip():
        problems["flag_rationale"] = "Say in a sentence what could happen."
    if not 0 <= flag.item < n_items:
        problems["flag_item"] = "Choose which answer the flag is about."
    return problems
