"""Snapshots for machines: JSON in, problem+json when something is wrong."""

from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from exports.api_access import (
    Pages,
    acting_for,
    person_of,
    refuse_unknown,
    snapshot_filters,
    with_releases,
)
from exports.asking import request_once
from exports.forms import SealForm
from exports.models import Snapshot
from exports.selectors import access_snapshot, snapshots_for
from exports.serializers import (
    SnapshotDetailSerializer,
    SnapshotSerializer,
    StudySerializer,
)
from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.common.exceptions import Invalid
from feedback.common.version import read_version
from feedback.studies.models import Study
from feedback.studies.selectors import access_study, studies_for


@access(Verb.SNAPSHOT_PULL)
@api_view(["GET", "HEAD"])
def api_study_list(request: Request) -> Response:
    """The studies whose datasets the person may pull, newest first."""
    refuse_unknown(set(request.query_params), {"cursor"}, kind="parameter")
    person = person_of(request, Verb.SNAPSHOT_PULL)
    pages = Pages()
    page = pages.paginate_queryset(studies_for(person, Verb.SNAPSHOT_PULL), request)
    rows = StudySerializer(page, many=True, context={"request": request})
    return pages.get_paginated_response(rows.data)


@access(Verb.SNAPSHOT_PULL)
@api_view(["GET", "HEAD"])
def api_snapshot_list(request: Request) -> Response:
    """The snapshots the person may pull, newest first, a page at a time."""
    person = person_of(request, Verb.SNAPSHOT_PULL)
    filters = snapshot_filters(request, {"study", "state"})
    return _page(request, snapshots_for(person, Verb.SNAPSHOT_PULL).filter(**filters))


@access(Verb.SNAPSHOT_PULL)
@api_view(["GET", "HEAD", "POST"])
def api_study_snapshots(request: Request, uid: UUID) -> Response:
    """The snapshots of one study; POST asks for a new one."""
    if request.method == "POST":
        return _create(request, uid)
    person = person_of(request, Verb.SNAPSHOT_PULL)
    study = access_study(person, uid, Verb.SNAPSHOT_PULL)
    filters = snapshot_filters(request, {"state"})
    snapshots = snapshots_for(person, Verb.SNAPSHOT_PULL)
    return _page(request, snapshots.filter(study=study, **filters))


@access(Verb.SNAPSHOT_PULL)
@api_view(["GET", "HEAD"])
def api_snapshot_detail(request: Request, uid: UUID) -> Response:
    """A snapshot with its contract, files and hashes."""
    person = person_of(request, Verb.SNAPSHOT_PULL)
    return _detail(request, access_snapshot(person, uid, Verb.SNAPSHOT_PULL))


def _create(request: Request, uid: UUID) -> Response:
    person = person_of(request, Verb.SNAPSHOT_SEAL)
    study = access_study(person, uid, Verb.SNAPSHOT_SEAL)
    form = _form(request, study)
    with acting_for(request):
        snapshot = request_once(
            key=request.headers.get("Idempotency-Key", ""),
            study=study,
            actor=person,
            app_version=read_version(Path(settings.BASE_DIR) / "CHANGELOG.md"),
            test_percent=form.cleaned_data["test_percent"],
            rules=form.rules(),
        )
    response = _detail(request, snapshot, status=202)
    response["Location"] = reverse("api_snapshot_detail", args=[snapshot.uid])
    return response


def _form(request: Request, study: Study) -> SealForm:
    """The thresholds that were sent; what was not has the form's default.

    Raises:
        Invalid: as the page would say it, field by field.
    """
    if not isinstance(request.data, dict):
        raise Invalid(
            "The body is not a JSON object.",
            next_step='Send the thresholds by name, e.g. {"test_percent": 10}, or {}.',
        )
    blank = SealForm(study=study)
    refuse_unknown(set(request.data), set(blank.fields), kind="threshold")
    defaults = {name: field.initial for name, field in blank.fields.items()}
    form = SealForm(defaults | request.data, study=study)
    if not form.is_valid():
        problems = {
            name: " ".join(map(str, errors)) for name, errors in form.errors.items()
        }
        raise Invalid(
            "Some thresholds cannot be used.",
            next_step="Correct the fields that are named.",
            fields=problems,
        )
    return form


def _page(request: Request, snapshots: QuerySet[Snapshot]) -> Response:
    pages = Pages()
    page = pages.paginate_queryset(with_releases(snapshots), request)
    rows = SnapshotSerializer(page, many=True, context={"request": request})
    return pages.get_paginated_response(rows.data)


def _detail(request: Request, snapshot: Snapshot, *, status: int = 200) -> Response:
    found = with_releases(
        Snapshot.objects.filter(pk=snapshot.pk).select_related("study", "requested_by")
    ).get()
    row = SnapshotDetailSerializer(found, context={"request": request})
    return Response(row.data, status=status)
