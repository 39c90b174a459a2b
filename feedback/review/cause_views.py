"""Why raters disagree and what they mark, beside what the guideline is asked to say."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from feedback.accounts.access import access
from feedback.accounts.models import User
from feedback.accounts.permissions import Verb, may
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.common.exceptions import NotVisible
from feedback.quality.blocks import Block, Part
from feedback.quality.dashboards import TABS
from feedback.quality.epochs import epochs_of
from feedback.quality.models import Report
from feedback.quality.report_versions import report_version
from feedback.quality.services import report_of
from feedback.quality.tables import Table
from feedback.review.cause_blocks import (
    COLUMNS,
    causes_part,
    errors_part,
    weeks_part,
    wishes_part,
)
from feedback.review.selectors_cases import causes_of
from feedback.review.selectors_causes import causes_by_week, wishes_of
from feedback.studies.models import Study
from feedback.studies.selectors import access_study


@access(Verb.ADJUDICATION_SEE)
@require_safe
def cause_list(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Causes of disagreement, wishes for the guideline, and errors with their trend."""
    study = access_study(request.user, uid, Verb.ADJUDICATION_SEE)
    epochs = epochs_of(study)
    context = {
        "study": study,
        "causes": _block(request.user, study),
        "tabs": TABS if may(request.user, Verb.QUALITY_SEE, study) else {},
        "epoch": epochs[0] if epochs else None,
        "key": "causes",
        "may_see_causes": True,
    }
    return render(request, "review/cause_list.html", context)


@access(Verb.ADJUDICATION_SEE)
@require_safe
def cause_csv(request: PersonRequest, uid: UUID, table: str) -> HttpResponse:
    """A table of that page as CSV; only its head while there is nothing to show."""
    study = access_study(request.user, uid, Verb.ADJUDICATION_SEE)
    if table not in COLUMNS:
        raise NotVisible
    empty = Table(table, table, COLUMNS[table], ())
    found = _block(request.user, study).table(table) or empty
    response = HttpResponse(found.as_csv(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=f"causes-{table}.csv"
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _block(user: User, study: Study) -> Block:
    requests = reverse("change_request_list", args=[study.uid])
    leads = may(user, Verb.STUDY_LEAD, study)
    wishes = (("Wishes for the guideline, one by one", requests),) if leads else ()
    parts = [
        causes_part(causes_of(study)),
        weeks_part(causes_by_week(study)),
        wishes_part(wishes_of(study), wishes),
        _errors(study, asks=leads) if may(user, Verb.QUALITY_SEE, study) else None,
    ]
    return Block(parts=[part for part in parts if part is not None])


def _errors(study: Study, *, asks: bool) -> Part | None:
    epochs = epochs_of(study)
    if not epochs:
        return None
    report = report_of(
        kind=Report.Kind.TAXONOMY,
        study=study,
        epoch=epochs[0],
        code_version=report_version(),
        now=clock.now(),
    )
    tab = reverse("quality_block", args=[study.uid, "errors"])
    links = [("Errors by severity and week", tab)]
    if asks:
        requests = reverse("change_request_list", args=[study.uid])
        links.append(("Ask for a change of the guideline", requests))
    return errors_part(report.content, tuple(links))
