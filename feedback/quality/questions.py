"""What an epoch asks, and which rows answer the same question across its versions."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from feedback.quality.columns import NONE, Words
from feedback.quality.epochs import Epoch
from feedback.stats.agreement import Level
from feedback.stats.arrays import FloatArray, IntArray
from feedback.studies.models import Criterion

_LEVELS: dict[str, Level] = {
    Criterion.Kind.LIKERT: "ordinal",
    Criterion.Kind.YES_NO: "nominal",
    Criterion.Kind.SCORE: "interval",
    Criterion.Kind.NOMINAL: "nominal",
    # "None of them" is no place in the order of turns.
    Criterion.Kind.TURN: "nominal",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One criterion, through the minor versions that did not change its scale.

    Attributes:
        key: of the criterion.
        name: as the newest version has it.
        kind: of `Criterion.Kind`.
        scope: of `Criterion.Scope`.
        direction: of `Criterion.Direction`.
        minimum: lowest number of a scale.
        maximum: highest.
        options: values of the options, in order.
        ids: keys of its rows in the epoch's versions.
    """

    key: str
    name: str
    kind: str
    scope: str
    direction: str
    minimum: int
    maximum: int
    options: tuple[str, ...]
    ids: frozenset[int]

    @property
    def level(self) -> Level:
        """The scale, for agreement."""
        if self.scope == Criterion.Scope.PAIR:
            return "ordinal"
        return _LEVELS[self.kind]

    @property
    def is_number(self) -> bool:
        """Whether its answers are numbers that may be averaged."""
        return self.scope != Criterion.Scope.PAIR and self.kind in {
            Criterion.Kind.LIKERT,
            Criterion.Kind.YES_NO,
            Criterion.Kind.SCORE,
        }

    @property
    def scale(self) -> FloatArray:
        """Every value of its scale, in rising order; of numbers only."""
        if self.kind == Criterion.Kind.YES_NO:
            return np.array([0.0, 1.0])
        return np.arange(self.minimum, self.maximum + 1, dtype=np.float64)


def asked_in(epoch: Epoch) -> tuple[Asked, ...]:
    """The criteria of an epoch's newest version, in order; free text is left out.

    A criterion whose kind, scale or options a minor version changed is followed back
    only to that version: answers on two scales are not one variable.
    """
    rows = Criterion.objects.filter(guideline_version__in=epoch.version_ids)
    return _same_questions(
        rows.exclude(kind=Criterion.Kind.TEXT).order_by("position"),
        newest_id=epoch.newest_id,
    )


def _same_questions(
    criteria: Iterable[Criterion], *, newest_id: int
) -> tuple[Asked, ...]:
    every = list(criteria)
    return tuple(
        Asked(
            key=one.key,
            name=one.name,
            kind=one.kind,
            scope=one.scope,
            direction=one.direction,
            minimum=one.minimum,
            maximum=one.maximum,
            options=tuple(option["value"] for option in one.options),
            ids=frozenset(
                other.pk
                for other in every
                if other.key == one.key and _shape(other) == _shape(one)
            ),
        )
        for one in every
        if one.guideline_version_id == newest_id
    )


def _shape(criterion: Criterion) -> tuple[object, ...]:
    options = tuple(option["value"] for option in criterion.options)
    return (
        criterion.kind,
        criterion.scope,
        criterion.minimum,
        criterion.maximum,
        options,
    )


def option_codes(words: Words, options: tuple[str, ...]) -> IntArray:
    """Index of each row's choice among the options; `NONE` for none of them."""
    place = {option: index for index, option in enumerate(options)}
    lookup = np.array(
        [place.get(word, NONE) for word in words.words] or [NONE], dtype=np.int64
    )
    codes = np.where(words.codes == NONE, 0, words.codes)
    return np.where(words.codes == NONE, NONE, lookup[codes])
