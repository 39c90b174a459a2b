"""What the case page shows: the text, the final answer to give, and what raters said.

Nothing here says who a rater is, how long they took, or which model wrote what. Raters
are letters, in an order drawn per case.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.http import QueryDict

from feedback.rating.answers import NOT_APPLICABLE, OUTSIDE_PRACTICE
from feedback.rating.checks import item_name
from feedback.rating.fields import (
    Field,
    Filling,
    Option,
    compare_fields,
    item_fields,
    preference_options,
    turn_fields,
)
from feedback.rating.models import Judgment, SafetyFlag
from feedback.rating.replay import fields_of
from feedback.rating.shown import Shown, shown_from
from feedback.review.models import AdjudicationCase
from feedback.review.task_answers import judgments_that_count
from feedback.studies.models import Assignment
from feedback.studies.sampling import shown_order
from feedback.studies.selectors import items_of

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NO_ANSWER = "no answer"
# Fields of the final answer that belong to no question.
_LOOSE = ("correction_text", "correction_of", "fit_as_is", "none_acceptable")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the form, with what it is about in front."""

    about: str
    field: Field

    @property
    def label(self) -> str:
        """What a table calls it."""
        return f"{self.about}: {self.field.legend}" if self.about else self.field.legend


@dataclass(frozen=True, slots=True)
class Mark:
    """A place that a rater marked."""

    label: str
    severity: str
    quote: str
    suggestion: str
    about: str


@dataclass(frozen=True, slots=True)
class Answered:
    """One rater's answer, or an earlier verdict, as this page shows it.

    Attributes:
        letter: by which the page calls it.
        name: how it says it.
        fields: of the form with which it would be given.
        corrects: which completion the correction is of, where there are several.
    """

    letter: str
    name: str
    fields: QueryDict
    marks: Sequence[Mark] = ()
    comment: str = ""
    corrects: str = ""
    flags: Sequence[SafetyFlag] = ()

    @property
    def correction(self) -> str:
        """The text as this rater would have it."""
        return self.fields.get("correction_text") or ""

    @property
    def is_fit_as_is(self) -> bool:
        """Whether the rater says that no correction is needed."""
        return bool(self.fields.get("fit_as_is"))

    @property
    def has_words(self) -> bool:
        """Whether there is more than values to read."""
        return bool(self.marks or self.comment or self.flags or self.correction)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one rater answered to one question."""

    letter: str
    name: str
    words: str

    @property
    def has_answer(self) -> bool:
        """Whether there is something to copy."""
        return self.words != NO_ANSWER


@dataclass(frozen=True, slots=True)
class Row:
    """One question with everybody's answers."""

    label: str
    name: str
    cells: Sequence[Cell]
    is_disputed: bool


def shown_in(case: AdjudicationCase) -> Shown:
    """What a case shows, in an order drawn for the case."""
    task = case.task
    items = tuple(items_of(task))
    order = shown_order(
        seed=case.study.seed,
        fingerprint=task.fingerprint,
        pseudonym=f"case:{case.uid}",
        n_items=len(items),
    )
    unsaved = Assignment(
        study=case.study,
        task=task,
        guideline_version=task.guideline_version,
        lease_no=0,
        shown_order=order,
    )
    return shown_from(unsaved, items)


def answers_in(case: AdjudicationCase, shown: Shown) -> list[Answered]:
    """What the raters of a case's task answered, as letters in the case's own order."""
    judgments = judgments_that_count([case.task_id]).select_related("rater")
    drawn = sorted(
        judgments.prefetch_related("safety_flags"),
        key=lambda one: hashlib.sha256(
            f"letters:{case.uid}:{one.rater.pseudonym}".encode()
        ).digest(),
    )
    return [_answered(one, number, shown) for number, one in enumerate(drawn)]


def _answered(judgment: Judgment, number: int, shown: Shown) -> Answered:
    again, at = divmod(number, len(LETTERS))
    letter = LETTERS[at] + (str(again) if again else "")
    fields = fields_of(judgment, shown)
    return Answered(
        letter=letter,
        name=f"Rater {letter}",
        fields=fields,
        marks=_marks(fields, shown),
        comment=judgment.comment,
        corrects=_about(shown, int(fields.get("correction_of", "0"))),
        flags=list(judgment.safety_flags.all()),
    )


def _marks(fields: QueryDict, shown: Shown) -> list[Mark]:
    names = {label.key: label.name for label in shown.asked.labels}
    return [
        Mark(
            label=names.get(one["label"], one["label"]),
            severity=one["severity"],
            quote=one["quote"],
            suggestion=one["suggestion"],
            about=_about(shown, one["item"]),
        )
        for one in json.loads(fields.get("marks") or "[]")
    ]


def _about(shown: Shown, place: int) -> str:
    return item_name(shown.asked.kind, place) if len(shown.items) > 1 else ""


# --- the questions ------------------------------------------------------------------------


def questions_in(
    shown: Shown, values: QueryDict, errors: Mapping[str, str] | None = None
) -> list[Asked]:
    """Every question of the final answer, in the order of the form.

    They are the rating form's, without keys and without "outside my practice": who
    cannot decide gives the case back.
    """
    filling = Filling(values, errors or {})
    return [
        Asked(about, _for_adjudication(field))
        for about, field in _fields(filling, shown)
    ]


def _fields(filling: Filling, shown: Shown) -> Iterable[tuple[str, Field]]:
    asked = shown.asked
    for turn in range(1, asked.n_turns + 1):
        for field in turn_fields(filling, asked, turn):
            yield f"Turn {turn}", field
    for place in range(len(shown.order)):
        item = item_fields(filling, asked, place)
        for group in item.checklists:
            for field in group.fields:
                yield _about(shown, place), field
        for field in item.criteria:
            yield _about(shown, place), field
        if item.rank is not None:
            yield "", item.rank
    for field in compare_fields(filling, asked):
        yield "", field
    if asked.has_preference:
        yield (
            "",
            Field(
                name="preference",
                kind="compare",
                legend="Preference",
                question="Which should the reader get?",
                options=preference_options(filling),
                error=filling.errors.get("preference", ""),
            ),
        )


def _for_adjudication(field: Field) -> Field:
    return replace(
        field,
        options=[_without_key(one) for one in field.options],
        missing=[
            _without_key(one) for one in field.missing if one.value == NOT_APPLICABLE
        ],
    )


def _without_key(option: Option) -> Option:
    return replace(option, key="")


# --- the answers beside each other ----------------------------------------------------------


def rows_of(answered: Sequence[Answered], shown: Shown) -> list[Row]:
    """Each question with what everybody answered, in words."""
    columns = [list(_fields(Filling(one.fields), shown)) for one in answered]
    rows = []
    for questions in zip(*columns, strict=True):
        about, first = questions[0]
        cells = [
            Cell(one.letter, one.name, _words(field))
            for one, (_about, field) in zip(answered, questions, strict=True)
        ]
        said = {cell.words for cell in cells if cell.has_answer}
        rows.append(
            Row(
                label=Asked(about, first).label,
                name=first.name,
                cells=cells,
                is_disputed=len(said) > 1,
            )
        )
    return [row for row in rows if any(cell.has_answer for cell in row.cells)]


def _words(field: Field) -> str:
    chosen = [one.label for one in field.options if one.is_checked]
    chosen += [
        "does not apply" if one.value == NOT_APPLICABLE else "outside their practice"
        for one in field.missing
        if one.is_checked
    ]
    return ", ".join(chosen) or field.text or NO_ANSWER


# --- filling the final answer -----------------------------------------------------------------


def agreed(answered: Sequence[Answered], shown: Shown) -> QueryDict:
    """The values that all raters gave; nothing where there are fewer than two."""
    fields = QueryDict(mutable=True)
    if len(answered) < 2:  # noqa: PLR2004 - one agrees with nobody
        return fields
    for name in _names(shown):
        first, *others = (one.fields.getlist(name) for one in answered)
        if _can_stand(first) and all(other == first for other in others):
            fields.setlist(name, first)
    return fields


def copied(
    values: QueryDict, source: Answered, shown: Shown, *, only: str = ""
) -> QueryDict:
    """The form with an answer copied up into it.

    Args:
        values: what stands in the form; all that is no answer stays as it is.
        source: whose answer.
        shown: what the case shows.
        only: name of one field; all fields of the answer if empty.
    """
    fields = values.copy()
    names = [*_names(shown), *_LOOSE]
    if only:
        names = [name for name in names if name in {only, f"{only}.missing"}]
    for name in names:
        given = source.fields.getlist(name)
        if _can_stand(given):
            fields.setlist(name, given)
        else:
            fields.pop(name, None)
    if not only and "cause" in source.fields:
        fields.setlist("cause", source.fields.getlist("cause"))
    return fields


def _can_stand(given: Sequence[object]) -> bool:
    """Whether there is an answer that an adjudicator may give as well."""
    is_outside = OUTSIDE_PRACTICE in given or "outside_practice" in given
    return bool(given) and not is_outside


def _names(shown: Shown) -> list[str]:
    names = []
    for _about, field in _fields(Filling(), shown):
        names.append(field.name)
        if field.has_own_missing:
            names.append(field.missing_name)
    return names


def criteria_of(shown: Shown) -> list[tuple[str, str]]:
    """Key and name of each criterion that the task asks for."""
    asked = shown.asked
    every = [*asked.per_turn, *asked.criteria, *asked.compared]
    return [(one.key, one.name) for one in every]
