"""What a study's verdicts cite, and that an edition is not in force any more."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from feedback.accounts.access import access
from feedback.accounts.permissions import Verb, may
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.common.exceptions import Invalid
from feedback.review.case_context import new_fields
from feedback.review.evidence import add_edition, supersede_edition
from feedback.review.evidence_forms import (
    at_form,
    edition_in,
    is_new_given,
    new_edition_from,
)
from feedback.review.models import EvidenceEdition, EvidenceSource
from feedback.review.selectors_evidence import (
    access_edition,
    editions_in_force,
    evidence_of,
)
from feedback.studies.models import Study
from feedback.studies.selectors import access_study


@access(Verb.ADJUDICATION_SEE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def evidence_list(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Sources and editions with who cited them; a POST lists another edition."""
    if request.method != "POST":
        study = access_study(request.user, uid, Verb.ADJUDICATION_SEE)
        return _list(request, study, QueryDict(), None)
    study = access_study(request.user, uid, Verb.ADJUDICATION_DECIDE)
    try:
        problems: dict[str, str] = {}
        new = new_edition_from(request.POST, problems)
        if new is None:
            raise _not_listed(problems)
        edition = add_edition(study=study, new=new, actor=request.user)
    except Invalid as error:
        return _list(request, study, request.POST, at_form(error))
    messages.success(request, f"Listed: {edition}.")
    return redirect("evidence_list", uid=study.uid)


def _not_listed(problems: dict[str, str]) -> Invalid:
    return Invalid(
        "Not listed yet: " + " ".join(problems.values()),
        next_step="Complete the marked fields and send it again.",
        fields=problems,
    )


def _list(
    request: PersonRequest, study: Study, typed: QueryDict, error: Invalid | None
) -> HttpResponse:
    context = {
        "study": study,
        "sources": evidence_of(study, request.user),
        "can_decide": may(request.user, Verb.ADJUDICATION_DECIDE, study),
        "new": new_fields(typed),
        "evidence_kinds": EvidenceSource.Kind.choices,
        "problem": error,
        "errors": error.fields if error else {},
    }
    status = error.status if error else 200
    return render(request, "review/evidence_list.html", context, status=status)


@access(Verb.ADJUDICATION_DECIDE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edition_supersede(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Say which edition is in force instead; verdicts that cite this one go stale."""
    edition = access_edition(request.user, uid, Verb.ADJUDICATION_DECIDE)
    if request.method != "POST":
        return _supersede_page(request, edition, QueryDict(), None)
    try:
        cases = supersede_edition(
            edition=edition,
            by=_successor(request, edition),
            actor=request.user,
            now=clock.now(),
        )
    except Invalid as error:
        return _supersede_page(request, edition, request.POST, at_form(error))
    n_cases = f"{len(cases)} verdict{'' if len(cases) == 1 else 's'}"
    messages.success(request, f"Superseded. {n_cases} back in the queue.")
    return redirect("evidence_list", uid=edition.source.study.uid)


def _successor(request: PersonRequest, edition: EvidenceEdition) -> EvidenceEdition:
    study = edition.source.study
    listed = edition_in(request.POST, "by", study)
    if listed is not None:
        return listed
    if not is_new_given(request.POST):
        text = "Choose the edition that is in force now, or write it down."
        raise Invalid(text, fields={"by": text})
    problems: dict[str, str] = {}
    new = new_edition_from(request.POST, problems, source=edition.source)
    if new is None:
        raise _not_listed(problems)
    return add_edition(study=study, new=new, actor=request.user)


def _supersede_page(
    request: PersonRequest,
    edition: EvidenceEdition,
    typed: QueryDict,
    error: Invalid | None,
) -> HttpResponse:
    study = edition.source.study
    context = {
        "study": study,
        "edition": edition,
        "editions": editions_in_force(study).exclude(pk=edition.pk),
        "n_verdicts": edition.citations.filter(adjudication__superseded_by=None)
        .values("adjudication")
        .distinct()
        .count(),
        "by": typed.get("by", ""),
        "new": new_fields(typed),
        "problem": error,
        "errors": error.fields if error else {},
    }
    status = error.status if error else 200
    return render(request, "review/edition_supersede.html", context, status=status)
