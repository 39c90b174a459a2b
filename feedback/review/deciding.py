"""Settling a case: all or nothing, once per key, only by its holder, never by a rater."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from feedback.accounts.models import User
from feedback.audit.services import record
from feedback.common.events import emit
from feedback.common.exceptions import Conflict, Invalid
from feedback.common.hashing import json_sha256
from feedback.rating.answers import OUTSIDE_PRACTICE, Answer
from feedback.rating.checks import check_answer
from feedback.rating.shown import Shown
from feedback.review.cases import checked_text, lock_case, refuse_raters
from feedback.review.events import CaseDecided
from feedback.review.evidence import NewEdition, add_edition
from feedback.review.models import (
    Adjudication,
    AdjudicationCase,
    AdjudicationEvidence,
    EvidenceEdition,
)
from feedback.review.task_answers import is_in_dispute
from feedback.review.verdicts import verdict_of
from feedback.studies.disclosures import disclose
from feedback.studies.models import ChangeRequest, Slot, Task
from feedback.studies.slots import close_unclaimed


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in an edition: one that is listed, or one that is new here."""

    edition: EvidenceEdition | NewEdition
    locator: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """One submit of the case page.

    Attributes:
        answer: the final answer, in canonical positions.
        cause: of the disagreement; an `Adjudication.Cause`.
        change: what the next guideline version should make clear; empty for nothing.
        change_criterion: key of the criterion that it is about, if of one.
    """

    answer: Answer
    cause: str
    rationale: str
    lease_no: int
    idempotency_key: UUID
    shown_sha256_seen: str
    evidence: tuple[Citation, ...] = ()
    change: str = ""
    change_criterion: str = ""

    def sha256(self, *, case_uid: UUID) -> str:
        """Hash of everything submitted: one idempotency key serves one content."""
        evidence = [
            [
                str(one.edition.uid)
                if isinstance(one.edition, EvidenceEdition)
                else {k: str(v) for k, v in asdict(one.edition).items()},
                one.locator,
                one.quote,
            ]
            for one in self.evidence
        ]
        return json_sha256(
            {
                "answer": self.answer.sha256(
                    assignment_uid=case_uid, lease_no=self.lease_no
                ),
                "said": [self.cause, self.rationale],
                "change": [self.change, self.change_criterion],
                "evidence": evidence,
            }
        )


@transaction.atomic
def decide_case(
    *,
    case: AdjudicationCase,
    decided_by: User,
    decision: Decision,
    shown: Shown,
    now: datetime,
) -> Adjudication:
    """Store the verdict on a case; it supersedes the one before and no judgment.

    The same key with the same content, however often, stores one verdict and returns
    it each time.

    Raises:
        Invalid: if something is missing or wrong, or the key served other content.
        Conflict: if the case went elsewhere or is closed, or shows another text now.
        Forbidden: if the person rated the task.
    """
    disclose(task=case.task, user=decided_by)
    cited = _editions(case, decision, decided_by)
    held = lock_case(case)
    request_sha256 = decision.sha256(case_uid=held.uid)
    earlier = Adjudication.objects.filter(
        idempotency_key=decision.idempotency_key
    ).first()
    if earlier is not None:
        return _same_again(earlier, request_sha256)
    _refuse_without_claim(held, decided_by, decision.lease_no)
    refuse_raters(held, decided_by)
    _check(held, decision, shown)
    adjudication = Adjudication.objects.create(
        case=held,
        task=held.task,
        decided_by=decided_by,
        guideline_version_id=held.task.guideline_version_id,
        lease_no=decision.lease_no,
        supersedes=Adjudication.objects.filter(
            task=held.task, superseded_by=None
        ).first(),
        verdict=verdict_of(decision.answer, shown),
        cause=decision.cause,
        rationale=decision.rationale,
        change_request=_change_request(held, decision, decided_by),
        idempotency_key=decision.idempotency_key,
        request_sha256=request_sha256,
        shown_sha256=shown.sha256,
    )
    AdjudicationEvidence.objects.bulk_create(
        AdjudicationEvidence(
            adjudication=adjudication,
            edition=edition,
            locator=one.locator,
            quote=one.quote,
        )
        for edition, one in zip(cited, decision.evidence, strict=True)
    )
    _close(held, decided_by, now=now)
    record(
        action="case.decided",
        subject=held,
        actor=decided_by,
        details={"adjudication": str(adjudication.uid), "cause": decision.cause},
    )
    emit(CaseDecided(adjudication_id=adjudication.pk))
    return adjudication


def _editions(
    case: AdjudicationCase, decision: Decision, actor: User
) -> list[EvidenceEdition]:
    """The editions cited, held so that none is superseded in between."""
    listed = [
        one.edition
        if isinstance(one.edition, EvidenceEdition)
        else add_edition(study=case.study, new=one.edition, actor=actor)
        for one in decision.evidence
    ]
    held = (
        EvidenceEdition.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk__in=[one.pk for one in listed], source__study=case.study_id)
        .select_related("source", "superseded_by__source")
        .order_by("pk")
        .in_bulk()
    )
    for one in listed:
        edition = held.get(one.pk)
        if edition is None:
            text = "That edition is not among this study's evidence."
            raise Invalid(text, fields={"evidence": text})
        if edition.superseded_at is not None:
            text = f"{edition} is superseded; cite {edition.superseded_by}."
            raise Invalid(text, fields={"evidence": text})
    return [held[one.pk] for one in listed]


def _refuse_without_claim(case: AdjudicationCase, user: User, lease_no: int) -> None:
    if case.is_live and case.claimed_by_id == user.pk and case.lease_no == lease_no:
        return
    state = "was closed" if not case.is_live else "went to somebody else"
    if case.state == AdjudicationCase.State.OPEN:
        state = "is not in your hands any more"
    raise Conflict(
        f"This case {state}, so nothing was stored.",
        next_step="Your text is below; copy what you need, then go back to the queue.",
    )


def _same_again(earlier: Adjudication, request_sha256: str) -> Adjudication:
    if earlier.request_sha256 != request_sha256:
        raise Invalid(
            f"The key {earlier.idempotency_key} was already used for another verdict.",
            next_step="Reload the page to get a new key.",
        )
    return earlier


def _check(case: AdjudicationCase, decision: Decision, shown: Shown) -> None:
    if problems := problems_of(case, decision, shown):
        raise not_decided(problems)
    if decision.shown_sha256_seen != shown.sha256:
        raise Conflict(
            "The page shows another text than this task holds.",
            next_step="Reload the page and judge what it shows then.",
        )


def not_decided(problems: dict[str, str]) -> Invalid:
    """The refusal that names every problem at once."""
    return Invalid(
        "Not decided yet: " + " ".join(dict.fromkeys(problems.values())),
        next_step="Complete the marked fields and decide again.",
        fields=problems,
    )


def problems_of(
    case: AdjudicationCase, decision: Decision, shown: Shown
) -> dict[str, str]:
    """What is missing or wrong, by field of the form."""
    problems: dict[str, str] = {}
    try:
        check_answer(decision.answer, asked=shown.asked, order=shown.order)
    except Invalid as error:
        problems |= error.fields
    return problems | _outside(decision.answer) | _said_problems(case, decision)


def _outside(answer: Answer) -> dict[str, str]:
    """An adjudicator decides; who cannot gives the case back."""
    is_outside = (
        answer.is_outside_practice
        or any(one.missing == OUTSIDE_PRACTICE for one in answer.ratings.values())
        or any(one.outcome == "outside_practice" for one in answer.comparisons.values())
        or "outside_practice" in answer.verdicts.values()
    )
    if not is_outside:
        return {}
    return {"answer": "If it is outside your practice, give the case back."}


def _said_problems(case: AdjudicationCase, decision: Decision) -> dict[str, str]:
    problems: dict[str, str] = {}
    if decision.cause not in Adjudication.Cause.values:
        problems["cause"] = "Choose why the raters disagree."
    elif decision.cause == Adjudication.Cause.NONE and is_in_dispute(case.task):
        problems["cause"] = "The raters disagree: choose why."
    try:
        checked_text(decision.rationale, name="rationale", called="rationale")
    except Invalid as error:
        problems |= error.fields
    is_unclear = decision.cause == Adjudication.Cause.GUIDELINE_UNCLEAR
    if is_unclear or decision.change:
        try:
            checked_text(
                decision.change, name="change", called="wish for the guideline"
            )
        except Invalid as error:
            problems |= error.fields
    places = [(_key(one), one.locator) for one in decision.evidence]
    if len(set(places)) != len(places):
        problems["evidence"] = "The same place is cited twice."
    return problems


def _key(citation: Citation) -> str:
    edition = citation.edition
    if isinstance(edition, EvidenceEdition):
        return str(edition.uid)
    return f"{edition.title}\n{edition.publisher}\n{edition.edition}".lower()


def _change_request(
    case: AdjudicationCase, decision: Decision, user: User
) -> ChangeRequest | None:
    if not decision.change:
        return None
    made = ChangeRequest.objects.create(
        study=case.study,
        guideline_version_id=case.task.guideline_version_id,
        criterion_key=decision.change_criterion,
        text=decision.change,
        asked_by=user,
    )
    record(action="guideline.change_asked", subject=made, actor=user)
    return made


def _close(case: AdjudicationCase, user: User, *, now: datetime) -> None:
    """Close the case and stop asking raters; what they hold stays theirs."""
    case.state = AdjudicationCase.State.DECIDED
    case.claimed_by, case.leased_until = None, None
    case.closed_at, case.closed_by = now, user
    case.save(
        update_fields=["state", "claimed_by", "leased_until", "closed_at", "closed_by"]
    )
    close_unclaimed(case.task)
    # An answer that is still on its way asks nobody else.
    Task.objects.filter(pk=case.task_id).exclude(state=Task.State.WITHDRAWN).update(
        stopped_by=Task.Stop.SPECIALIST
    )
    if not Slot.objects.filter(task=case.task, state=Slot.State.LEASED).exists():
        Task.objects.filter(pk=case.task_id, state=Task.State.OPEN).update(
            state=Task.State.COMPLETE, stopped_by=Task.Stop.SPECIALIST
        )
