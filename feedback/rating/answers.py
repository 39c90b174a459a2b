"""What a rater submits, before it is stored: plain values, never left and right."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from feedback.common.exceptions import Invalid
from feedback.common.hashing import json_sha256
from feedback.common.text import forbidden_character, normalize

MAX_TEXT = 50_000
REASONS = ("correctness", "completeness", "tone", "safety", "clarity")

# Instead of a value: it does not apply; this rater cannot judge it.
NOT_APPLICABLE = "na"
OUTSIDE_PRACTICE = "outside"

# What the page offers -> (which side is better, how strongly).
CHOICES: dict[str, tuple[str, int]] = {
    "left_much": ("left", 2),
    "left_slight": ("left", 1),
    "tie": ("tie", 0),
    "right_slight": ("right", 1),
    "right_much": ("right", 2),
    "neither": ("neither", 0),
}


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """What a value is about: a criterion, of an item, of a turn of its conversation.

    Attributes:
        key: of the criterion.
        item: position of the completion in the task, never on the page.
        turn: number of the assistant turn from 1; 0 for the whole.
    """

    key: str
    item: int = 0
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Value:
    """One answer to one criterion: exactly one of its attributes says something.

    Attributes:
        number: of a scale, a yes (1) or no (0), a score, a turn.
        choices: of the options; an empty tuple says "none of them".
        text: free text.
        missing: `NOT_APPLICABLE` or `OUTSIDE_PRACTICE`.
    """

    number: int | None = None
    choices: tuple[str, ...] | None = None
    text: str = ""
    missing: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The value as conditions spell it."""
        if self.number is not None:
            return (str(self.number),)
        return self.choices or ()


def scores(item: int = 0, **values: int | None) -> dict[Place, Value]:
    """Numbers by criterion, as ratings of one item; None does not apply."""
    return {
        Place(key, item): Value(missing=NOT_APPLICABLE)
        if number is None
        else Value(number=number)
        for key, number in values.items()
    }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Which item of a pair is better: `a` (0), `b` (1), `tie`, `neither`; or why not."""

    outcome: str
    strength: int = 0


@dataclass(frozen=True, slots=True)
class MarkDraft:
    """A mark in the text as stored; offsets in code points, half open.

    Attributes:
        relations: (number of another mark in the same answer, kind).
    """

    item: int
    start: int
    end: int
    quote: str
    label: str
    severity: str
    suggestion: str = ""
    assertions: tuple[str, ...] = ()
    code_system: str = ""
    code: str = ""
    relations: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FlagDraft:
    """A safety flag as the rater wrote it; `item` is the completion's position."""

    category: str
    severity: str
    rationale: str
    item: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """One submit, in canonical terms: positions of items, never left and right.

    Attributes:
        outcome: of a pair; "neither" in a ranking says that none is acceptable.
        ranks: of a ranking, by position; 1 is best, equal numbers are ties.
        verdicts: (position, uid of the case's point) -> what was found.
        is_fit_as_is: asked for a correction, the rater says none is needed.
        knows_model: the rater says that the text gave its maker away.
    """

    ratings: Mapping[Place, Value] = field(default_factory=dict)
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)
    outcome: str | None = None
    strength: int = 0
    reasons: tuple[str, ...] = ()
    ranks: tuple[int, ...] = ()
    verdicts: Mapping[tuple[int, UUID], str] = field(default_factory=dict)
    marks: tuple[MarkDraft, ...] = ()
    corrections: Mapping[int, str] = field(default_factory=dict)
    is_fit_as_is: bool = False
    flag: FlagDraft | None = None
    comment: str = ""
    is_outside_practice: bool = False
    knows_model: bool = False

    def sha256(self, *, assignment_uid: UUID, lease_no: int) -> str:
        """Hash of everything submitted: one idempotency key serves one content."""
        content: dict[str, Any] = {
            "outcome": self.outcome,
            "strength": self.strength,
            "reasons": self.reasons,
            "ranks": self.ranks,
            "marks": [asdict(mark) for mark in self.marks],
            "is_fit_as_is": self.is_fit_as_is,
            "flag": asdict(self.flag) if self.flag else None,
            "comment": self.comment,
            "is_outside_practice": self.is_outside_practice,
            "knows_model": self.knows_model,
            "ratings": [
                [place.key, place.item, place.turn, asdict(value)]
                for place, value in sorted(
                    self.ratings.items(), key=lambda pair: pair[0]
                )
            ],
            "comparisons": [
                [key, one.outcome, one.strength]
                for key, one in sorted(
                    self.comparisons.items(), key=lambda pair: pair[0]
                )
            ],
            "verdicts": sorted(
                [item, str(uid), verdict]
                for (item, uid), verdict in self.verdicts.items()
            ),
            "corrections": sorted(self.corrections.items()),
            "assignment": str(assignment_uid),
            "lease_no": lease_no,
        }
        return json_sha256(content)


def outcome_of(choice: str, *, first: int, name: str = "preference") -> tuple[str, int]:
    """Turn what was chosen on screen into the canonical pair's terms.

    Args:
        choice: a key of CHOICES.
        first: which item stood left for this rater.
        name: of the form's field.

    Returns:
        The Preference outcome and its strength.

    Raises:
        Invalid: for an unknown choice.
    """
    if choice not in CHOICES:
        raise Invalid(
            "Choose which answer is better.",
            fields={name: "Choose one of the steps."},
        )
    side, strength = CHOICES[choice]
    if side in {"tie", "neither"}:
        return side, strength
    is_a = (side == "left") == (first == 0)
    return ("a" if is_a else "b"), strength


def checked_text(text: str, *, name: str, called: str = "") -> str:
    """Normalize free text and refuse what cannot be stored faithfully.

    Args:
        text: as it came.
        name: of the form's field.
        called: what a person calls it, if not by the field's name.

    Raises:
        Invalid: naming the field and the offence.
    """
    clean = normalize(text)
    called = called or name
    if len(clean) > MAX_TEXT:
        raise Invalid(
            f"The {called} has {len(clean):,} characters.",
            fields={name: f"Shorten it to {MAX_TEXT:,} characters."},
        )
    if offence := forbidden_character(clean):
        raise Invalid(
            f"The {called} holds a character that cannot be stored: {offence}.",
            fields={name: "Remove that character."},
        )
    return clean
