"""From what a browser posts to an `Answer`; nothing here touches the database."""

from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict

from feedback.common.exceptions import Invalid
from feedback.rating.answers import Answer, FlagDraft, checked_text, outcome_of
from feedback.studies.models import Task

_LONGEST_SECONDS = 24 * 3600
_RELOAD = "Reload the page; what you typed stays in it."


@dataclass(frozen=True, slots=True)
class Submission:
    """An answer with what the page knew when it was sent."""

    answer: Answer
    idempotency_key: UUID
    lease_no: int
    shown_sha256: str
    active_seconds: int


def submission_from(
    post: QueryDict, *, kind: str, left_position: int, n_items: int
) -> Submission:
    """Read a posted rating form.

    Args:
        post: the fields, named as docs/reference/views.md lists them.
        kind: of the task; a `Task.Kind`.
        left_position: which item of a pair stood left.
        n_items: how many completions the page showed.

    Raises:
        Invalid: with a message per field that cannot be read.
    """
    return Submission(
        answer=_answer_from(
            post, kind=kind, left_position=left_position, n_items=n_items
        ),
        idempotency_key=_uuid(post, "idempotency_key"),
        lease_no=_number(post, "lease_no"),
        shown_sha256=post.get("shown_sha256", ""),
        active_seconds=min(_number(post, "active_seconds"), _LONGEST_SECONDS),
    )


def _answer_from(
    post: QueryDict, *, kind: str, left_position: int, n_items: int
) -> Answer:
    is_outside = post.get("outside_practice", "") not in {"", "0", "false"}
    outcome, strength = None, 0
    if kind == Task.Kind.PAIR and post.get("preference"):
        choice = post.get("preference", "")
        outcome, strength = outcome_of(choice, left_position=left_position)
    return Answer(
        ratings={} if is_outside else _ratings(post),
        outcome=None if is_outside else outcome,
        strength=0 if is_outside else strength,
        reasons=tuple(dict.fromkeys(post.getlist("reasons"))),
        corrections=_corrections(post, left_position=left_position, n_items=n_items),
        flag=_flag(post, left_position=left_position, n_items=n_items),
        comment=checked_text(post.get("comment", "").strip(), name="comment"),
        is_outside_practice=is_outside,
    )


def _ratings(post: QueryDict) -> dict[str, int | None]:
    ratings: dict[str, int | None] = {}
    for name in post:
        if not name.startswith("ratings-"):
            continue
        value = post.get(name, "")
        if value == "na":
            ratings[name.removeprefix("ratings-")] = None
        elif value.isascii() and value.isdigit() and len(value) < 3:  # noqa: PLR2004
            ratings[name.removeprefix("ratings-")] = int(value)
        else:
            raise Invalid(
                f"{name} is {value[:20]!r}.",
                next_step="Choose one of the numbers, or that it does not apply.",
                fields={name: "Choose one of the numbers."},
            )
    return ratings


def _position(
    post: QueryDict, name: str, *, left_position: int, n_items: int, offence: str
) -> int:
    """Which item a field is about: of one the only one, of two the named side."""
    if n_items == 1:
        return 0
    side = post.get(name, "")
    if side not in {"left", "right"}:
        raise Invalid(offence, fields={name: offence})
    return left_position if side == "left" else 1 - left_position


def _corrections(
    post: QueryDict, *, left_position: int, n_items: int
) -> dict[int, str]:
    text = checked_text(post.get("correction_text", "").strip(), name="correction_text")
    if not text:
        return {}
    position = _position(
        post,
        "correction_of",
        left_position=left_position,
        n_items=n_items,
        offence="Say which answer you corrected, left or right.",
    )
    return {position: text}


def _flag(post: QueryDict, *, left_position: int, n_items: int) -> FlagDraft | None:
    category = post.get("flag_category", "")
    severity = post.get("flag_severity", "")
    rationale = checked_text(
        post.get("flag_rationale", "").strip(), name="flag_rationale"
    )
    if not (category or severity or rationale):
        return None
    return FlagDraft(
        category=category,
        severity=severity,
        rationale=rationale,
        item=_position(
            post,
            "flag_item",
            left_position=left_position,
            n_items=n_items,
            offence="Say which answer could harm, left or right.",
        ),
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
