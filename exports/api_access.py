"""What every answer for machines shares: who asks, pages of a list, closed filters."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from rest_framework.exceptions import NotAuthenticated, NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from exports.models import Release, Snapshot
from feedback.accounts.models import VERBS, ApiToken, User
from feedback.accounts.permissions import Verb
from feedback.common.context import acting
from feedback.common.exceptions import Forbidden, Invalid


class Pages(CursorPagination):
    """Newest first, fifty at a time."""

    page_size = 50
    ordering = "-pk"

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Read the cursor; one that we did not write is no page, never a defect."""
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None and not _is_key(cursor.position):
            raise NotFound(self.invalid_cursor_message)
        return cursor


class AnyMedia(JSONRenderer):
    """For files: whatever the client says it accepts; only errors are rendered."""

    media_type = "*/*"


def _is_key(position: object) -> bool:
    """Whether a cursor's position, text from the address, can be a primary key."""
    text = str(position)
    return text.isascii() and text.isdigit()


def person_of(request: Request, verb: Verb) -> User:
    """Who asks; DRF has refused everybody else already, so this fails closed.

    Raises:
        Forbidden: if it is a token without the scope for `verb`.
    """
    user = request.user
    if not isinstance(user, User):
        raise NotAuthenticated
    if user.grant is not None and verb not in user.grant.verbs:
        scopes = [scope.value for scope, verbs in VERBS.items() if verb in verbs]
        raise Forbidden(
            f"This token lacks the scope {' or '.join(scopes)}.",
            next_step="Make a token with it on the page Your tokens.",
        )
    return user


def token_of(request: Request) -> ApiToken | None:
    """The token by which somebody asks; None for a browser's session."""
    return request.auth if isinstance(request.auth, ApiToken) else None


@contextmanager
def acting_for(request: Request) -> Iterator[None]:
    """Attribute what is written to the token's person, whom the middleware missed."""
    request_id = getattr(request, "request_id", "")
    source = f"{request.method} {request.path}"[:200]
    with acting(user_id=request.user.pk, request_id=request_id, source=source):
        yield


def with_releases(snapshots: QuerySet[Snapshot]) -> QuerySet[Snapshot]:
    """Bring along the releases that snapshots went out as, for the serializers."""
    out = Release.objects.filter(released_at__isnull=False).select_related("key")
    return snapshots.prefetch_related(
        Prefetch("releases", queryset=out.order_by("-pk"), to_attr="published")
    )


def refuse_unknown(given: set[str], allowed: set[str], *, kind: str) -> None:
    """Names that do not exist are an error, never ignored.

    Raises:
        Invalid: naming the first.
    """
    if unknown := sorted(given - allowed):
        raise Invalid(
            f"There is no {kind} {unknown[0]!r}.",
            next_step=f"Use {', '.join(sorted(allowed))}.",
        )


def snapshot_filters(request: Request, allowed: set[str]) -> dict[str, Any]:
    """The query's filters as the database wants them.

    Raises:
        Invalid: for a parameter or a value that is not on the list.
    """
    given = request.query_params
    refuse_unknown(set(given), allowed | {"cursor"}, kind="parameter")
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
