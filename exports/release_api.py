"""Releases for machines: what changed between versions, and what was withdrawn since."""

from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from exports.api_access import acting_for, person_of, refuse_unknown
from exports.comparisons import request_comparison
from exports.models import SigningKey, Tombstone
from exports.release_selectors import changes_since, snapshot_to_compare
from exports.selectors import access_snapshot
from exports.signing_keys import remember_key, signing_key
from feedback.accounts.access import access, signed_in
from feedback.accounts.permissions import Verb
from feedback.common.exceptions import Invalid
from feedback.studies.selectors import access_study


@access(Verb.SNAPSHOT_PULL)
@api_view(["GET", "HEAD"])
def api_study_changes(request: Request, uid: UUID) -> Response:
    """Rows withdrawn of a study's releases after a cursor, oldest first."""
    study = access_study(
        person_of(request, Verb.SNAPSHOT_PULL), uid, Verb.SNAPSHOT_PULL
    )
    refuse_unknown(set(request.query_params), {"since"}, kind="parameter")
    page = changes_since(study, since=request.query_params.get("since", ""))
    return Response(
        {
            "changes": [_change(one) for one in page.changes],
            "next": page.next,
            "has_more": page.has_more,
        }
    )


def _change(tombstone: Tombstone) -> dict[str, Any]:
    return {
        "cursor": str(tombstone.pk),
        "release": str(tombstone.release.uid),
        "version": tombstone.release.version,
        "configuration": tombstone.configuration,
        "example_id": tombstone.example_id,
        "reason": tombstone.reason,
        "at": tombstone.at,
    }


@access(Verb.SNAPSHOT_PULL)
@api_view(["GET", "HEAD"])
def api_snapshot_compare(request: Request, uid: UUID) -> Response:
    """What changed from another snapshot to this one; `computed_at` null: ask again."""
    snapshot = access_snapshot(
        person_of(request, Verb.SNAPSHOT_PULL), uid, Verb.SNAPSHOT_PULL
    )
    refuse_unknown(set(request.query_params), {"with"}, kind="parameter")
    older = snapshot_to_compare(snapshot, request.query_params.get("with", ""))
    if older is None:
        raise Invalid(
            "The study has no other sealed snapshot.",
            next_step="Compare when a second one is sealed.",
        )
    with acting_for(request):
        comparison = request_comparison(snapshot=snapshot, older=older)
    return Response(
        {
            "snapshot": str(snapshot.uid),
            "older": str(older.uid),
            "computed_at": comparison.computed_at,
            "error": comparison.error,
            **comparison.result,
        }
    )


@signed_in
@api_view(["GET", "HEAD"])
def api_signing_key_list(request: Request) -> Response:
    """The public keys of releases; `is_current` is the one that signs now."""
    refuse_unknown(set(request.query_params), set(), kind="parameter")
    now = remember_key(
        signing_key(text=settings.SIGNING_KEY, file=settings.SIGNING_KEY_FILE).public
    )
    return Response(
        {
            "keys": [
                {
                    "key_id": key.key_id,
                    "public_key": key.public_key,
                    "first_used_at": key.first_used_at,
                    "is_current": key.pk == now.pk,
                }
                for key in SigningKey.objects.order_by("-pk")
            ]
        }
    )
