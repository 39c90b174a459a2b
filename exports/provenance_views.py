"""Where an exported row comes from: on a page, and for machines."""

from dataclasses import asdict
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from exports.api_access import acting_for, person_of, refuse_unknown
from exports.models import Snapshot
from exports.provenance import Found, Walk, find_rows, walk_back
from exports.selectors import access_snapshot
from exports.services import sealed_folder
from feedback.accounts.access import access
from feedback.accounts.models import User
from feedback.accounts.permissions import Verb, may
from feedback.accounts.requests import PersonRequest
from feedback.audit.services import record
from feedback.common.exceptions import Invalid, NotVisible

_MOST_CHARACTERS = 200


@access(Verb.SNAPSHOT_PULL)
@require_safe
def row_provenance(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Find a row by its name, and walk it back to everything it came from."""
    snapshot = access_snapshot(request.user, uid, Verb.SNAPSHOT_PULL)
    row = request.GET.get("row", "").strip()
    configuration = request.GET.get("configuration", "")
    found = _found(snapshot, row, configuration) if row else []
    context = {
        "snapshot": snapshot,
        "study": snapshot.study,
        "row": row,
        "found": found,
        "is_missing": bool(row) and not found,
        "may_name": may(request.user, Verb.RATER_NAME_SEE, snapshot),
        # Of several configurations the person chooses one.
        "walk": _walk(snapshot, found[0], request.user) if len(found) == 1 else None,
    }
    status = 404 if context["is_missing"] else 200
    return render(request, "exports/row_provenance.html", context, status=status)


@access(Verb.SNAPSHOT_PULL)
@api_view(["GET", "HEAD"])
def api_row_provenance(request: Request, uid: UUID) -> Response:
    """Everything a row came from: `?row=` its name, `?configuration=` where it is."""
    person = person_of(request, Verb.SNAPSHOT_PULL)
    snapshot = access_snapshot(person, uid, Verb.SNAPSHOT_PULL)
    allowed = {"row", "configuration"}
    refuse_unknown(set(request.query_params), allowed, kind="parameter")
    row = request.query_params.get("row", "").strip()
    if not row:
        raise Invalid(
            "Say which row: ?row= and an example_id, or the uid of a judgment.",
            next_step="Add ?row=…",
            fields={"row": "Missing."},
        )
    configuration = request.query_params.get("configuration", "")
    found = _found(snapshot, row, configuration)
    if not found:
        raise NotVisible(f"Snapshot {snapshot.number} has no row {row[:100]!r}.")
    with acting_for(request):
        walks = [_walk(snapshot, one, person) for one in found]
    return Response(
        {"snapshot": str(snapshot.uid), "walks": [asdict(w) for w in walks]}
    )


def _found(snapshot: Snapshot, row: str, configuration: str) -> list[Found]:
    folder = sealed_folder(snapshot, settings.EXPORT_DIR)
    return find_rows(folder, row[:_MOST_CHARACTERS], configuration=configuration)


def _walk(snapshot: Snapshot, found: Found, person: User) -> Walk:
    with_names = may(person, Verb.RATER_NAME_SEE, snapshot)
    walk = walk_back(snapshot, found, with_names=with_names)
    record(
        action="snapshot.row_walked_back",
        subject=snapshot,
        actor=person,
        details={
            "configuration": found.configuration,
            "row": found.row_id,
            "with_names": with_names,
        },
    )
    return walk
