"""From what a browser posts to an `Answer`; nothing here touches the database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.http import QueryDict

from feedback.common.exceptions import Invalid
from feedback.rating.answers import (
    NOT_APPLICABLE,
    OUTSIDE_PRACTICE,
    Answer,
    Comparison,
    FlagDraft,
    Place,
    Value,
    checked_text,
    outcome_of,
)
from feedback.rating.asked import Asked
from feedback.rating.checks import is_asked
from feedback.rating.marks import ShownText, marks_from
from feedback.studies.models import Criterion

_LONGEST_SECONDS = 24 * 3600
_RELOAD = "Reload the page; what you typed stays in it."
_NO = {"", "0", "false"}
# Of any of several: the box that says "none of them".
NONE_OF_THEM = "-none-"


@dataclass(frozen=True, slots=True)
class Submission:
    """An answer with what the page knew when it was sent."""

    answer: Answer
    idempotency_key: UUID
    lease_no: int
    shown_sha256: str
    active_seconds: int


@dataclass(frozen=True, slots=True)
class _Form:
    """A posted form with what is needed to read it."""

    post: QueryDict
    asked: Asked
    order: Sequence[int]
    texts: Sequence[ShownText]

    def text(self, name: str, *, called: str = "") -> str:
        """A text field, stripped and checked."""
        return checked_text(self.post.get(name, "").strip(), name=name, called=called)

    def is_ticked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self.post.get(name, "") not in _NO

    def position(self, name: str, *, offence: str) -> int:
        """Which item a field is about; of one the only one, else the named place."""
        if len(self.order) == 1:
            return self.order[0]
        shown = self.post.get(name, "")
        if shown not in {str(place) for place in range(len(self.order))}:
            raise Invalid(offence, fields={name: offence})
        return self.order[int(shown)]


def submission_from(
    post: QueryDict, *, asked: Asked, order: Sequence[int], texts: Sequence[ShownText]
) -> Submission:
    """Read a posted rating form.

    Args:
        post: the fields, named as docs/reference/views.md lists them.
        asked: what the task asks.
        order: positions of the items as this rater saw them, left first.
        texts: of the items as shown, by position.

    Raises:
        Invalid: with a message per field that cannot be read.
    """
    form = _Form(post, asked, order, texts)
    return Submission(
        answer=_answer(form),
        idempotency_key=_uuid(post, "idempotency_key"),
        lease_no=_number(post, "lease_no"),
        shown_sha256=post.get("shown_sha256", ""),
        active_seconds=min(_number(post, "active_seconds"), _LONGEST_SECONDS),
    )


def _answer(form: _Form) -> Answer:
    said = Answer(
        corrections=_corrections(form),
        flag=_flag(form),
        comment=form.text("comment"),
        is_outside_practice=form.is_ticked("outside_practice"),
        knows_model=form.is_ticked("knows_model"),
    )
    if said.is_outside_practice:
        return said
    outcome, strength = _outcome(form)
    return replace(
        said,
        ratings=_ratings(form),
        comparisons=_comparisons(form),
        outcome=outcome,
        strength=strength,
        reasons=tuple(dict.fromkeys(form.post.getlist("reasons"))),
        ranks=_ranks(form) if outcome is None else (),
        verdicts=_verdicts(form),
        marks=marks_from(
            form.post.get("marks", ""), order=form.order, texts=form.texts
        ),
        is_fit_as_is=form.is_ticked("fit_as_is"),
    )


# --- criteria ---------------------------------------------------------------------


def _ratings(form: _Form) -> dict[Place, Value]:
    """What was answered of what is asked.

    An answer whose condition has fallen away since is none; so is one that depends on
    it, since the earlier question comes first.
    """
    given: dict[Place, Value] = {}
    for name, place, criterion in _fields(form):
        value = _value(form, name, criterion)
        if value is not None and is_asked(
            criterion, given, item=place.item, turn=place.turn
        ):
            given[place] = value
    return given | _unknown(form, given)


def _fields(form: _Form) -> Iterator[tuple[str, Place, Criterion]]:
    for shown, item in enumerate(form.order):
        for one in form.asked.criteria:
            yield f"ratings-{shown}-{one.key}", Place(one.key, item), one
    for turn in range(1, form.asked.n_turns + 1):
        for one in form.asked.per_turn:
            yield f"turns-{turn}-{one.key}", Place(one.key, 0, turn), one


def _unknown(form: _Form, known: dict[Place, Value]) -> dict[Place, Value]:
    """Ratings of criteria that the task does not have; the check refuses them."""
    keys = {one.key for one in form.asked.criteria}
    found = {}
    for name in form.post:
        head, _, rest = name.partition("-")
        shown, _, key = rest.partition("-")
        if head != "ratings" or key.partition(".")[0] in keys:
            continue
        if shown in {str(at) for at in range(len(form.order))}:
            place = Place(key, form.order[int(shown)])
            found[place] = Value(text=form.post.get(name, "")[:20])
    return {place: value for place, value in found.items() if place not in known}


def _value(form: _Form, name: str, criterion: Criterion) -> Value | None:
    given = form.post.get(name, "")
    missing = form.post.get(f"{name}.missing", "") or given
    if missing in {NOT_APPLICABLE, OUTSIDE_PRACTICE}:
        return Value(missing=missing)
    if criterion.kind == Criterion.Kind.TEXT:
        text = form.text(name, called=criterion.name)
        return Value(text=text) if text else None
    if criterion.kind == Criterion.Kind.MULTI_LABEL:
        return _any_of(form, name)
    if not given:
        return None
    if criterion.kind == Criterion.Kind.NOMINAL:
        return Value(choices=(given,))
    return Value(number=_integer(given, name))


def _any_of(form: _Form, name: str) -> Value | None:
    given = list(dict.fromkeys(form.post.getlist(name)))
    if given == [NONE_OF_THEM]:
        return Value(choices=())
    if NONE_OF_THEM in given:
        raise Invalid(
            "“None of these” is ticked together with one of them.",
            fields={name: "Tick what applies, or “None of these”."},
        )
    return Value(choices=tuple(given)) if given else None


def _integer(text: str, name: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 3:  # noqa: PLR2004
        return int(text)
    raise Invalid(
        f"{name} is {text[:20]!r}.",
        next_step="Choose one of the numbers, or that it does not apply.",
        fields={name: "Choose one of the numbers."},
    )


# --- comparing ------------------------------------------------------------------------


def _comparisons(form: _Form) -> dict[str, Comparison]:
    found = {}
    for one in form.asked.compared:
        name = f"compare-{one.key}"
        choice = form.post.get(name, "")
        if choice == NOT_APPLICABLE:
            found[one.key] = Comparison("not_applicable")
        elif choice == OUTSIDE_PRACTICE:
            found[one.key] = Comparison("outside_practice")
        elif choice:
            outcome = outcome_of(choice, first=form.order[0], name=name)
            found[one.key] = Comparison(*outcome)
    return found


def _outcome(form: _Form) -> tuple[str | None, int]:
    if form.asked.has_ranking and form.is_ticked("none_acceptable"):
        return "neither", 0
    choice = form.post.get("preference", "")
    if not (form.asked.has_preference and choice):
        return None, 0
    return outcome_of(choice, first=form.order[0])


def _ranks(form: _Form) -> tuple[int, ...]:
    if not form.asked.has_ranking:
        return ()
    ranks = [0] * len(form.order)
    for shown, item in enumerate(form.order):
        name = f"rank-{shown}"
        if given := form.post.get(name, ""):
            ranks[item] = _integer(given, name)
    return tuple(ranks) if any(ranks) else ()


def _verdicts(form: _Form) -> dict[tuple[int, UUID], str]:
    return {
        (item, point.uid): verdict
        for shown, item in enumerate(form.order)
        for point in form.asked.all_points
        if (verdict := form.post.get(f"points-{shown}-{point.uid}", ""))
    }


# --- what a rater writes ----------------------------------------------------------------


def _corrections(form: _Form) -> dict[int, str]:
    text = form.text("correction_text", called="correction")
    if not text:
        return {}
    item = form.position("correction_of", offence="Say which answer you corrected.")
    return {item: text}


def _flag(form: _Form) -> FlagDraft | None:
    category = form.post.get("flag_category", "")
    severity = form.post.get("flag_severity", "")
    rationale = form.text("flag_rationale", called="reason of the flag")
    if not (category or severity or rationale):
        return None
    return FlagDraft(
        category=category,
        severity=severity,
        rationale=rationale,
        item=form.position("flag_item", offence="Say which answer could harm."),
    )


def _uuid(post: QueryDict, name: str) -> UUID:
    try:
        return UUID(post.get(name, ""))
    except ValueError as error:
        raise Invalid(f"The form's {name} is not valid.", next_step=_RELOAD) from error


def _number(post: QueryDict, name: str) -> int:
    text = post.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004
        raise Invalid(f"The form's {name} is not a number.", next_step=_RELOAD)
    return int(text)
