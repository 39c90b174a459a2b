"""The context of the case page, by what the person may do with the case now."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import QueryDict

from feedback.accounts.models import User
from feedback.accounts.permissions import Verb, may
from feedback.common.exceptions import Conflict, DomainError
from feedback.rating.fields import Filling, place_options
from feedback.rating.page import turns_of
from feedback.rating.shown import Shown
from feedback.review.case_page import (
    Answered,
    agreed,
    answers_in,
    criteria_of,
    questions_in,
    rows_of,
)
from feedback.review.cases import is_over
from feedback.review.evidence_forms import N_ROWS
from feedback.review.models import Adjudication, AdjudicationCase, EvidenceSource
from feedback.review.selectors_cases import verdicts_on
from feedback.review.selectors_evidence import editions_in_force
from feedback.review.task_answers import is_in_dispute
from feedback.review.verdicts import fields_of_verdict

# What "copy" sends for the verdict that stood before.
VERDICT = "verdict"
_READS = {"hold", "late", "watch", "decided", "withdrawn"}


def mode_of(case: AdjudicationCase, user: User, now: datetime) -> str:
    """How the page opens.

    Returns:
        "hold" with the form; "free" or "taken" with the case alone; "watch" for who
        reads but does not decide; or the state of a closed case.
    """
    if not case.is_live:
        return str(case.state)
    if not may(user, Verb.ADJUDICATION_DECIDE, case.study):
        return "watch"
    if case.claimed_by_id == user.pk:
        return "hold"
    is_taken = case.claimed_by_id is not None and not is_over(case, now)
    return "taken" if is_taken else "free"


def sources_in(
    case: AdjudicationCase, shown: Shown, verdicts: Sequence[Adjudication]
) -> list[Answered]:
    """Whose answers may be copied up: the verdict in force, if any, and the raters."""
    found = answers_in(case, shown)
    if verdicts:
        name = "Verdict" if not case.is_live else "Old verdict"
        fields = fields_of_verdict(verdicts[0].verdict, shown)
        fields["cause"] = verdicts[0].cause
        found.insert(0, Answered(VERDICT, name, fields))
    return found


def case_context(
    user: User,
    case: AdjudicationCase,
    shown: Shown,
    *,
    now: datetime,
    values: QueryDict | None = None,
    error: DomainError | None = None,
) -> dict[str, Any]:
    """The context of review/case_detail.html and its fragment.

    Args:
        user: who looks.
        case: with study, task and prompt joined.
        shown: what it shows.
        now: decides whether a claim has run out.
        values: what was typed, if the form was sent; all of it is shown again.
        error: why it was refused.
    """
    mode = mode_of(case, user, now)
    if values is not None and error is not None:
        mode = "late" if isinstance(error, Conflict) else "hold"
    verdicts = verdicts_on(case.task)
    context: dict[str, Any] = {
        "case": case,
        "study": case.study,
        "mode": mode,
        "turns": turns_of(case.task),
        "texts": _texts(shown),
        "problem": error,
        "errors": error.fields if error else {},
        "verdicts": verdicts if mode in _READS else [],
        "can_decide": may(user, Verb.ADJUDICATION_DECIDE, case.study),
    }
    if mode in _READS:
        answered = sources_in(case, shown, verdicts)
        context |= {
            "answered": answered,
            "n_raters": sum(one.letter != VERDICT for one in answered),
            "rows": rows_of(answered, shown),
            "is_audit": case.reason.startswith("audit"),
        }
    if mode in {"hold", "late"}:
        context |= _form(case, shown, context["answered"], values, context["errors"])
    return context


def _texts(shown: Shown) -> list[tuple[str, str]]:
    names = place_options(Filling(), "", shown.asked)
    many = len(shown.items) > 1
    return [
        (names[at].label if many else "Answer", shown.texts[position].text)
        for at, position in enumerate(shown.order)
    ]


def _form(
    case: AdjudicationCase,
    shown: Shown,
    answered: Sequence[Answered],
    sent: QueryDict | None,
    errors: dict[str, str],
) -> dict[str, Any]:
    raters = [one for one in answered if one.letter != VERDICT]
    fills = case.reason == AdjudicationCase.Reason.DISAGREEMENT
    filled = agreed(raters, shown) if fills else QueryDict()
    values = filled if sent is None else sent
    causes = [
        (value, label)
        for value, label in Adjudication.Cause.choices
        if value != Adjudication.Cause.NONE or not is_in_dispute(case.task)
    ]
    return {
        "values": values,
        "is_filled": sent is None and bool(filled),
        "questions": questions_in(shown, values, errors),
        "has_ranking": shown.asked.has_ranking,
        "asks_correction": shown.asked.has_correction,
        "correction_places": place_options(
            Filling(values, errors), "correction_of", shown.asked
        ),
        "lease_no": values.get("lease_no") or case.lease_no,
        "shown_sha256": shown.sha256,
        "idempotency_key": values.get("idempotency_key") or uuid.uuid4(),
        "causes": causes,
        "criteria": criteria_of(shown),
        "editions": editions_in_force(case.study),
        "evidence_rows": [_row(values, errors, row) for row in range(N_ROWS)],
        "evidence_kinds": EvidenceSource.Kind.choices,
        "new": new_fields(values),
    }


def _row(values: QueryDict, errors: dict[str, str], row: int) -> dict[str, Any]:
    """One place to cite, as it was typed."""
    prefix = f"evidence-{row}"
    names = ("edition", "locator", "quote")
    typed = {name: values.get(f"{prefix}-{name}", "") for name in names}
    problems = [errors[f"{prefix}-{n}"] for n in names if f"{prefix}-{n}" in errors]
    return {
        "prefix": prefix,
        "number": row + 1,
        **typed,
        "problem": " ".join(problems),
        "is_open": bool(problems or any(typed.values())),
    }


def new_fields(values: QueryDict) -> dict[str, str]:
    """What was typed about a new source or edition."""
    names = (
        "title",
        "publisher",
        "kind",
        "url",
        "edition",
        "published_on",
        "locator",
        "quote",
    )
    return {name: values.get(f"new-{name}", "") for name in names}
