"""How a machine proves who asks."""

import logging
from typing import NoReturn

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from feedback.accounts.models import ApiToken, User
from feedback.accounts.tokens import (
    Recognized,
    Refusal,
    note_use,
    public_key_of,
    recognize,
)
from feedback.audit.services import record
from feedback.common import clock

logger = logging.getLogger(__name__)

_SAID = {
    Refusal.UNKNOWN: "This token is not one of ours.",
    # The same words: who guesses a secret must not learn that the key exists.
    Refusal.WRONG_SECRET: "This token is not one of ours.",
    Refusal.REVOKED: "This token was revoked.",
    Refusal.EXPIRED: "This token has expired.",
    Refusal.PERSON_IS_OFF: "The person of this token may not enter any more.",
}


class BrowserSession(SessionAuthentication):
    """The browser's session; names itself, so that nobody signed in means 401."""

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """The challenge, without which DRF would answer 403."""
        return 'Session realm="Consilium"'


class BearerToken(BaseAuthentication):
    """``Authorization: Bearer consilium_…``; the token narrows what its person may do.

    Ten refusals of one token from one address lock that pair for a quarter of an hour,
    as wrong passwords do; a valid token of somebody else there goes on working.
    """

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """The challenge, without which DRF would answer 403."""
        return 'Bearer realm="Consilium"'

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The person of the token, or None if the request carries no token.

        Raises:
            AuthenticationFailed: if the token opens nothing.
            Throttled: after too many of those.
        """
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        text = text.strip()
        http, account = request._request, _account(text)  # noqa: SLF001
        if not AxesProxyHandler.is_allowed(http, account):
            raise _throttled()
        now = clock.now()
        recognized = recognize(text, now=now)
        token = recognized.token
        if token is None or recognized.refusal is not None:
            _refuse(http, account, recognized)
        note_use(token, now=now)
        token.user.grant = token.grant
        return token.user, token


def _account(text: str) -> dict[str, str]:
    """What axes counts the refusals under: the token's public part."""
    return {"username": f"token:{public_key_of(text) or 'unknown'}"}


def _refuse(http: HttpRequest, account: dict[str, str], found: Recognized) -> NoReturn:
    """Count, note, and answer 401 or 429.

    Raises:
        AuthenticationFailed: always, unless it is one too many.
        Throttled: then.
    """
    refusal = found.refusal or Refusal.UNKNOWN
    if found.token is not None:
        record(
            action="token.refused",
            subject=found.token,
            details={"because": refusal.name.lower()},
        )
    logger.warning("%s refused: %s", account["username"], refusal.name.lower())
    AxesProxyHandler.user_login_failed("api", account, http)
    # Axes would put the sign-in page in place of an answer for machines.
    is_locked = http.axes_locked_out  # type: ignore[attr-defined]
    http.axes_locked_out = False  # type: ignore[attr-defined]
    if is_locked:
        raise _throttled()
    raise AuthenticationFailed(_SAID[refusal])


def _throttled() -> Throttled:
    seconds = round(settings.AXES_COOLOFF_TIME * 3600)
    return Throttled(wait=seconds, detail="Too many refused tokens from this address.")
