"""Who acts, who may enter, and what an error looks like."""

import re
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
)
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import resolve_url

from feedback.accounts.access import policy_of
from feedback.common.context import acting
from feedback.common.exceptions import DomainError
from rlhf_site.errors import error_response

GetResponse = Callable[[HttpRequest], HttpResponse]
_REQUEST_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")
_WORTH_COMPRESSING = {"text/html", "text/css", "text/javascript", "image/svg+xml"}


class CompressionMiddleware(GZipMiddleware):
    """Compresses pages, and the scripts and styles that are not compressed on disk.

    Not what people download: exports keep their length and their ranges. Pages hold a
    CSRF token that is masked anew each time, and get padding of random length, so that
    their size does not tell what is in them.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress the kinds above when they are sent whole."""
        kind = response.get("Content-Type", "").partition(";")[0]
        is_whole = response.status_code != HTTPStatus.PARTIAL_CONTENT
        if kind in _WORTH_COMPRESSING and is_whole:
            return super().process_response(request, response)
        return response


class RequestContextMiddleware:
    """Gives the request an id, and all rows written in it an actor."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the id in the header."""
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.match(given) else str(uuid.uuid4())
        request.request_id = request_id  # type: ignore[attr-defined]
        source = f"{request.method} {request.path}"[:200]
        with acting(user_id=request.user.pk, request_id=request_id, source=source):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        if "Cache-Control" not in response:
            # Clinical text must not stay on a shared ward PC.
            response["Cache-Control"] = "no-store"
        return response


class Utf8OnlyMiddleware:
    """Refuses a body that says it is in another encoding; ours are all UTF-8.

    Python knows encodings that are none (rot13, zlib) and some that hide characters
    (utf-7); a form in one of them would break its reader or slip past its checks.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look at what the request says, before anybody reads its body."""
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.strip("\"'").lower() in {"utf-8", "utf8", "us-ascii"}:
            return self.get_response(request)
        error = DomainError(
            f"The request says that its text is in {charset[:40]!r}.",
            next_step="Send it as UTF-8.",
        )
        error.status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        request.encoding = "utf-8"
        return error_response(request, error)


class DomainErrorMiddleware:
    """Turns a DomainError into a page, a fragment or problem+json."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; the work is in the hook below."""
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Answer for errors that have something to say; leave defects alone."""
        if isinstance(exception, DomainError):
            return error_response(request, exception)
        return None


class AccessMiddleware:
    """Deny by default: a view without a mark does not run."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; the work is in the hook below."""
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        _args: tuple[Any, ...],
        _kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        """Refuse, send to the sign-in page, or let pass."""
        policy = policy_of(view)
        if policy is None:
            raise ImproperlyConfigured(
                f"View {view!r} has no access mark; add @access, @signed_in or @public"
            )
        if not policy.needs_sign_in or request.user.is_authenticated:
            return None
        if request.path.startswith("/api/"):
            # DRF answers 401 as problem+json itself.
            return None
        target = f"{resolve_url('sign_in')}?{urlencode({'next': _page_of(request)})}"
        if request.headers.get("Accept") == "application/json":
            return JsonResponse({"sign_in": target}, status=401)
        if request.headers.get("HX-Request"):
            response = HttpResponse(status=401)
            response["HX-Redirect"] = target
            return response
        return HttpResponseRedirect(target)


def _page_of(request: HttpRequest) -> str:
    """The page a person is on: of a script's request the one that sent it."""
    sent_from = urlsplit(request.headers.get("Referer", ""))
    is_ours = sent_from.netloc == request.get_host()
    is_script = request.headers.get("Accept") == "application/json"
    return sent_from.path if is_script and is_ours else request.path
