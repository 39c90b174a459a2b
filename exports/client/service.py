"""The server as the client sees it: JSON lists, and files that go on where they broke."""

import json
import time
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit
from urllib.request import (
    HTTPRedirectHandler,
    OpenerDirector,
    Request,
    build_opener,
)

from exports.client.failures import Code, Failure

ATTEMPTS = 5
_SECONDS = 60
_LONGEST_WAIT = 30
_AT_HOME = {"localhost", "127.0.0.1", "::1"}
_NOT_ALLOWED = {401, 403}
_GONE = {404, 410}
_TRY_AGAIN = {429, 500, 502, 503, 504}
_JSON_BYTES = 64 * 1024 * 1024


class _NoRedirects(HTTPRedirectHandler):
    """A token must not follow an address that somebody else chose."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:  # noqa: ANN401
        """Refuse; the caller sees the 3xx as an error."""
        return


class Service:
    """One installation of Consilium, and the token that it knows us by."""

    def __init__(self, url: str, token: str, *, pause_seconds: float = 1.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Failure(
                Code.UNREACHABLE,
                f"{url!r} is not the address of a server.",
                "Give --url https://… or set CONSILIUM_URL.",
            )
        if parts.scheme == "http" and parts.hostname not in _AT_HOME:
            raise Failure(
                Code.NOT_ALLOWED,
                f"{url} is not encrypted, and everybody on the way could read the token.",
                "Use https://.",
            )
        self.url = url.rstrip("/") + "/"
        self._token = token
        self._pause_seconds = pause_seconds
        self._opener: OpenerDirector = build_opener(_NoRedirects)

    def rows(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Every row of a list, page after page."""
        asked = dict(query)
        while True:
            page = self.one(path, **asked)
            yield from page["results"]
            if not page["next"]:
                return
            (cursor,) = parse_qs(urlsplit(page["next"]).query)["cursor"]
            asked = query | {"cursor": cursor}

    def one(self, path: str, **query: str) -> dict[str, Any]:
        """One JSON object.

        Raises:
            Failure: if it cannot be had, saying why.
        """
        with self._asked(path, query, {}) as answer:
            body = answer.read(_JSON_BYTES)
        try:
            found: dict[str, Any] = json.loads(body)
        except ValueError as error:
            raise Failure(
                Code.UNREACHABLE,
                f"{self.url} answered with something that is not JSON.",
                "Is it the address of Consilium?",
            ) from error
        return found

    def file(self, path: str, *, start: int, etag: str) -> HTTPResponse:
        """A file from byte `start` on; all of it if it is not the same any more."""
        headers = {"Range": f"bytes={start}-", "If-Range": etag} if start else {}
        return self._asked(path, {}, headers)

    def wait(self, attempt: int) -> None:
        """Pause before the next attempt, longer each time."""
        time.sleep(min(self._pause_seconds * 2**attempt, _LONGEST_WAIT))

    def _asked(
        self, path: str, query: dict[str, str], headers: dict[str, str]
    ) -> HTTPResponse:
        url = urljoin(self.url, quote(path))
        if query:
            url = f"{url}?{urlencode(query)}"
        for attempt in range(ATTEMPTS):
            request = Request(url, headers={**headers, **self._proof()})  # noqa: S310
            try:
                answer: HTTPResponse = self._opener.open(request, timeout=_SECONDS)
            except HTTPError as error:
                if error.code not in _TRY_AGAIN or attempt + 1 == ATTEMPTS:
                    raise _refusal(error) from error
                error.close()
            except (URLError, OSError, HTTPException) as error:
                if attempt + 1 == ATTEMPTS:
                    raise Failure(
                        Code.UNREACHABLE, f"{self.url} does not answer: {error}."
                    ) from error
            else:
                return answer
            self.wait(attempt)
        raise AssertionError  # pragma: no cover - the last attempt raised

    def _proof(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}


def _refusal(error: HTTPError) -> Failure:
    """What an error of the server means to the person at the command line."""
    with error:
        body = error.read(_JSON_BYTES)
    try:
        problem = json.loads(body)
        said = f"{problem['detail']} {problem['next_step']}".strip()
    except (ValueError, KeyError, TypeError):
        said = f"The server answered {error.code} {error.reason}."
    if error.code in _NOT_ALLOWED:
        return Failure(Code.NOT_ALLOWED, said)
    if error.code in _GONE:
        return Failure(Code.NOT_FOUND, said)
    return Failure(Code.UNREACHABLE, said)
