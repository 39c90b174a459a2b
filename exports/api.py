"""Snapshots for machines: JSON in, problem+json when something is wrong."""

from typing import Any
from uuid import UUID

from rest_framework.decorators import api_view
from rest_framework.exceptions import NotAuthenticated, NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from exports.models import Snapshot
from exports.selectors import access_snapshot, snapshots_for
from exports.serializers import SnapshotDetailSerializer, SnapshotSerializer
from feedback.accounts.access import access
from feedback.accounts.models import User
from feedback.accounts.permissions import Verb
from feedback.common.exceptions import Invalid

# The closed list of what a client may ask the list by.
_FILTERS = {"study", "state", "cursor"}


class _Pages(CursorPagination):
    page_size = 50
    ordering = "-pk"

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Read the cursor; one that we did not write is no page, never a defect."""
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None and not _is_key(cursor.position):
            raise NotFound(self.invalid_cursor_message)
        return cursor


@access(Verb.SNAPSHOT_PULL)
@api_view(["GET", "HEAD"])
def api_snapshot_list(request: Request) -> Response:
    """The snapshots the person may pull, newest first, a page at a time."""
    snapshots = snapshots_for(_person(request), Verb.SNAPSHOT_PULL).filter(
        **_filters(request)
    )
    pages = _Pages()
    page = pages.paginate_queryset(snapshots, request)
    rows = SnapshotSerializer(page, many=True, context={"request": request})
    return pages.get_paginated_response(rows.data)


@access(Verb.SNAPSHOT_PULL)
@api_view(["GET", "HEAD"])
def api_snapshot_detail(request: Request, uid: UUID) -> Response:
    """A snapshot with its contract, files and hashes."""
    snapshot = access_snapshot(_person(request), uid, Verb.SNAPSHOT_PULL)
    row = SnapshotDetailSerializer(snapshot, context={"request": request})
    return Response(row.data)


def _person(request: Request) -> User:
    """Who asks; DRF has refused everybody else already, so this fails closed."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def _is_key(position: object) -> bool:
    """Whether a cursor's position, text from the address, can be a primary key."""
    text = str(position)
    return text.isascii() and text.isdigit()


def _filters(request: Request) -> dict[str, Any]:
    """The query's filters as the database wants them.

    Raises:
        Invalid: for a parameter or a value that is not on the list.
    """
    given = request.query_params
    if unknown := sorted(set(given) - _FILTERS):
        raise Invalid(
            f"There is no parameter {unknown[0]!r}.",
            next_step=f"Use {', '.join(sorted(_FILTERS))}.",
        )
    filters: dict[str, Any] = {}
    if "state" in given:
        if given["state"] not in Snapshot.State.values:
            raise Invalid(
                f"There is no state {given['state']!r}.",
                next_step=f"Use one of {', '.join(Snapshot.State.values)}.",
                fields={"state": "Not a state of a snapshot."},
            )
        filters["state"] = given["state"]
    if "study" in given:
        try:
            filters["study__uid"] = UUID(given["study"])
        except ValueError as error:
            raise Invalid(
                f"{given['study']!r} is not a study's uid.",
                next_step="Use the uid in the address of the study's page.",
                fields={"study": "Not a uid."},
            ) from error
    return filters
