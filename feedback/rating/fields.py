"""The questions of the rating page as fields: what each may be answered with, and is.

The same fields serve every kind of question, so that one template and one set of keys
do: a digit chooses the option that carries it, in whatever question is current.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict

from feedback.corpus.models import CasePoint
from feedback.rating.answers import NOT_APPLICABLE, OUTSIDE_PRACTICE, REASONS
from feedback.rating.asked import Asked
from feedback.rating.checks import VERDICTS, item_name
from feedback.rating.forms import NONE_OF_THEM
from feedback.rating.models import PointVerdict
from feedback.studies.models import Criterion, Task

NONE_KEY, OUTSIDE_KEY = "0", "x"
_MISSING = (
    (NOT_APPLICABLE, "n/a", "Does not apply", NONE_KEY),
    (OUTSIDE_PRACTICE, "Outside", "Outside my practice", OUTSIDE_KEY),
)
# Value, label, key on the keyboard.
PREFERENCES = (
    ("left_much", "Left is much better", "1"),
    ("left_slight", "Left is slightly better", "2"),
    ("tie", "About equal", "3"),
    ("right_slight", "Right is slightly better", "4"),
    ("right_much", "Right is much better", "5"),
    ("neither", "Neither is acceptable", NONE_KEY),
)
# Where the value is typed, or may be several, a reason for none has its own field.
_APART = {Criterion.Kind.TEXT, Criterion.Kind.SCORE, Criterion.Kind.MULTI_LABEL}
_TITLES = {
    CasePoint.Kind.RUBRIC: "Does the answer do this?",
    CasePoint.Kind.CLAIM: "What does the answer say to this?",
    CasePoint.Kind.MUST_SAY: "Does the answer say this?",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One value that may be chosen."""

    value: str
    label: str
    key: str
    is_checked: bool
    meaning: str = ""

    @property
    def missing(self) -> str:
        """Why there is no value, if that is what the option says."""
        return NOT_APPLICABLE if self.value == NOT_APPLICABLE else OUTSIDE_PRACTICE

    @property
    def spoken(self) -> str:
        """What a screen reader says of it."""
        return f"{self.label}: {self.meaning}" if self.meaning else self.label


@dataclass(frozen=True, slots=True)
class Field:
    """One question of the form.

    Attributes:
        kind: how it is answered: a `Criterion.Kind`, "verdict", "compare", "rank".
        text: what stands in its text or number field.
        missing: instead of a value: does not apply, outside my practice.
        condition: names of fields and the values with which it is asked.
        turn: of the conversation that it is about; 0 for the whole.
    """

    name: str
    kind: str
    legend: str
    question: str = ""
    key: str = ""
    options: Sequence[Option] = ()
    missing: Sequence[Option] = ()
    text: str = ""
    low_label: str = ""
    high_label: str = ""
    is_required: bool = True
    condition_name: str = ""
    condition_values: str = ""
    condition_text: str = ""
    error: str = ""
    turn: int = 0

    @property
    def is_scale(self) -> bool:
        """Whether its options are points on a line."""
        return self.kind == Criterion.Kind.LIKERT

    @property
    def shows_keys(self) -> bool:
        """Whether each option needs to show its key: its label is not its key."""
        return not self.is_scale and self.kind != "rank"

    @property
    def has_own_missing(self) -> bool:
        """Whether "does not apply" is a field beside the one for the value."""
        return self.kind in _APART

    @property
    def missing_name(self) -> str:
        """The field that says that there is no value, and why."""
        return f"{self.name}.missing" if self.has_own_missing else self.name

    @property
    def takes_several(self) -> bool:
        """Whether any number of options may be chosen."""
        return self.kind == Criterion.Kind.MULTI_LABEL


@dataclass(frozen=True, slots=True)
class Group:
    """Questions under one heading."""

    title: str
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True)
class ItemFields:
    """Everything that is asked of one completion by itself."""

    checklists: Sequence[Group] = ()
    criteria: Sequence[Field] = ()
    rank: Field | None = None


@dataclass(frozen=True, slots=True)
class Filling:
    """What stands in the form: nothing, a draft, a refused post, an earlier answer."""

    values: QueryDict = field(default_factory=QueryDict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def option(
        self, name: str, value: str, label: str, key: str, *, meaning: str = ""
    ) -> Option:
        """An option, checked if the form says so."""
        is_checked = value in self.values.getlist(name)
        return Option(value, label, key, is_checked, meaning)


def item_fields(filling: Filling, asked: Asked, shown: int) -> ItemFields:
    """The questions about the completion at one place of the page."""
    by_key = {one.key: one for one in asked.criteria}
    return ItemFields(
        checklists=[
            Group(
                _TITLES[CasePoint.Kind(kind)],
                [_verdict(filling, point, shown) for point in points],
            )
            for kind, points in asked.points.items()
        ],
        criteria=[
            criterion_field(
                filling,
                one,
                name=f"ratings-{shown}-{one.key}",
                condition=_condition(one, by_key, prefix=f"ratings-{shown}"),
                n_turns=asked.n_turns,
            )
            for one in asked.criteria
        ],
        rank=_rank(filling, asked, shown) if asked.has_ranking else None,
    )


def turn_fields(filling: Filling, asked: Asked, turn: int) -> list[Field]:
    """The questions about one assistant turn."""
    by_key = {one.key: one for one in asked.per_turn}
    return [
        criterion_field(
            filling,
            one,
            name=f"turns-{turn}-{one.key}",
            condition=_condition(one, by_key, prefix=f"turns-{turn}"),
            turn=turn,
        )
        for one in asked.per_turn
    ]


def _condition(
    criterion: Criterion, by_key: Mapping[str, Criterion], *, prefix: str
) -> tuple[str, str]:
    """Name of the field that a question depends on, and the rule in words."""
    other = by_key.get(criterion.condition_key)
    if other is None:
        return "", ""
    labels = {option["value"]: option["label"] for option in other.options}
    values = ", ".join(labels.get(one, one) for one in criterion.condition_values)
    return f"{prefix}-{other.key}", f"Asked if {other.name} is {values}."


def criterion_field(
    filling: Filling,
    criterion: Criterion,
    *,
    name: str,
    condition: tuple[str, str] = ("", ""),
    n_turns: int = 0,
    turn: int = 0,
) -> Field:
    """A criterion as a question."""
    return Field(
        name=name,
        kind=criterion.kind,
        legend=criterion.name,
        question=criterion.question,
        key=criterion.key,
        options=_options(filling, criterion, name, n_turns),
        missing=missing_options(filling, name, criterion),
        text=filling.values.get(name, "") if _is_typed(criterion) else "",
        low_label=criterion.low_label,
        high_label=criterion.high_label,
        is_required=criterion.is_required,
        condition_name=condition[0],
        condition_values=" ".join(criterion.condition_values) if condition[0] else "",
        condition_text=condition[1],
        error=filling.errors.get(name, ""),
        turn=turn,
    )


def _is_typed(criterion: Criterion) -> bool:
    return criterion.kind in {Criterion.Kind.TEXT, Criterion.Kind.SCORE}


def missing_options(filling: Filling, name: str, criterion: Criterion) -> list[Option]:
    """That it does not apply, or is outside the rater's practice."""
    own = f"{name}.missing" if criterion.kind in _APART else name
    return [
        filling.option(own, value, label, key, meaning=meaning)
        for value, label, meaning, key in _MISSING
    ]


def _options(
    filling: Filling, criterion: Criterion, name: str, n_turns: int
) -> list[Option]:
    kind = criterion.kind
    if kind == Criterion.Kind.LIKERT:
        numbers = range(criterion.minimum, criterion.maximum + 1)
        return [
            filling.option(
                name,
                str(number),
                str(number),
                str(number - criterion.minimum + 1),
                meaning=str(criterion.anchors.get(str(number), "")),
            )
            for number in numbers
        ]
    if kind == Criterion.Kind.YES_NO:
        return [
            filling.option(name, "1", criterion.high_label or "Yes", "1"),
            filling.option(name, "0", criterion.low_label or "No", "2"),
        ]
    if kind == Criterion.Kind.TURN:
        return _turn_options(filling, name, n_turns)
    options = [
        filling.option(
            name,
            option["value"],
            option["label"],
            str(number),
            meaning=option.get("meaning", ""),
        )
        for number, option in enumerate(criterion.options, start=1)
    ]
    if kind == Criterion.Kind.MULTI_LABEL:
        options.append(filling.option(name, NONE_OF_THEM, "None of these", "-"))
    return options


def _turn_options(filling: Filling, name: str, n_turns: int) -> list[Option]:
    turns = [
        filling.option(name, str(turn), f"Turn {turn}", str(turn) if turn < 10 else "")  # noqa: PLR2004
        for turn in range(1, n_turns + 1)
    ]
    return [*turns, filling.option(name, "0", "It never does", "-")]


def _verdict(filling: Filling, point: CasePoint, shown: int) -> Field:
    name = f"points-{shown}-{point.uid}"
    labels = dict(PointVerdict.Verdict.choices)
    *verdicts, outside = VERDICTS[point.kind]
    worth = (
        ""
        if point.points is None
        else f"{point.points:+d} points".replace("-", "\N{MINUS SIGN}")
    )
    return Field(
        name=name,
        kind="verdict",
        legend=point.text,
        question=worth,
        options=[
            filling.option(name, verdict, labels[verdict], str(number))
            for number, verdict in enumerate(verdicts, start=1)
        ],
        missing=[
            filling.option(
                name, outside, "Outside", OUTSIDE_KEY, meaning="Outside my practice"
            )
        ],
        error=filling.errors.get(name, ""),
    )


def _rank(filling: Filling, asked: Asked, shown: int) -> Field:
    name = f"rank-{shown}"
    places = range(1, asked.n_items + 1)
    return Field(
        name=name,
        kind="rank",
        legend=f"Place of {item_name(asked.kind, shown).lower()}",
        options=[
            filling.option(name, str(place), str(place), str(place)) for place in places
        ],
    )


def compare_fields(filling: Filling, asked: Asked) -> list[Field]:
    """The criteria by which a pair is compared."""
    return [
        Field(
            name=(name := f"compare-{one.key}"),
            kind="compare",
            legend=one.name,
            question=one.question,
            key=one.key,
            options=[
                filling.option(name, value, label, key)
                for value, label, key in PREFERENCES[:5]
            ],
            missing=[
                filling.option(name, value, label, key, meaning=meaning)
                for value, label, meaning, key in _MISSING
            ],
            is_required=one.is_required,
            error=filling.errors.get(name, ""),
        )
        for one in asked.compared
    ]


def preference_options(filling: Filling) -> list[Option]:
    """The six answers to which of a pair is better."""
    return [filling.option("preference", *one) for one in PREFERENCES]


def reason_options(filling: Filling) -> list[Option]:
    """Why one is better, as ticks."""
    return [filling.option("reasons", one, one.capitalize(), "") for one in REASONS]


def place_options(filling: Filling, name: str, asked: Asked) -> list[Option]:
    """Which of several completions a field is about."""
    short = {Task.Kind.PAIR: ("Left", "Right")}
    labels = short.get(asked.kind) or tuple(  # type: ignore[call-overload]
        item_name(asked.kind, shown) for shown in range(asked.n_items)
    )
    return [
        filling.option(name, str(shown), label, "")
        for shown, label in enumerate(labels)
    ]
