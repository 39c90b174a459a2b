"""One error, three faces: a page, a fragment for htmx, problem+json for machines."""

import logging
import sys
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.encoding import escape_uri_path
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import exception_handler

from feedback.common.exceptions import DomainError, Forbidden, NotVisible
from rlhf_site.logs import without_tokens

logger = logging.getLogger(__name__)

# Of DRF's answer to an error.
_KEPT_HEADERS = {"WWW-Authenticate", "Retry-After", "Allow"}
_TEMPLATES = {400, 403, 404, 409, 422}


def _problem(error: DomainError, *, request_id: str) -> dict[str, Any]:
    """The RFC 9457 body of an error."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.message,
        "next_step": error.next_step,
        "request_id": request_id,
    }
    if error.fields:
        body["errors"] = error.fields
    return body


def error_response(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Answer `error` in the form the client understands."""
    request_id = getattr(request, "request_id", "")
    if request.path.startswith("/api/"):
        return JsonResponse(
            _problem(error, request_id=request_id),
            status=error.status,
            content_type="application/problem+json",
            headers=error.headers,
        )
    context = {
        "title": error.title,
        "message": error.message,
        "next_step": error.next_step,
        "fields": error.fields,
        "status": error.status,
        "request_id": request_id,
    }
    status = error.status if error.status in _TEMPLATES else 400
    is_fragment = bool(request.headers.get("HX-Request"))
    name = "errors/_error.html" if is_fragment else f"errors/{status}.html"
    response = render(request, name, context, status=error.status)
    for header, value in error.headers.items():
        response[header] = value
    return response


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: everything a client meets is problem+json."""
    request_id = getattr(context["request"], "request_id", "")
    if isinstance(error, DomainError):
        known = error
    elif isinstance(error, Http404):
        known = NotVisible()
    elif isinstance(error, PermissionDenied):
        known = Forbidden("You may not do this.")
    elif isinstance(error, APIException):
        answer = exception_handler(error, context)
        known = DomainError(str(error.detail))
        known.status = error.status_code
        known.title = HTTPStatus(error.status_code).phrase
        given = answer.headers.items() if answer is not None else ()
        headers = {name: value for name, value in given if name in _KEPT_HEADERS}
        return _as_problem(known, request_id=request_id, headers=headers)
    else:
        return None
    return _as_problem(known, request_id=request_id, headers=dict(known.headers))


def _as_problem(
    error: DomainError, *, request_id: str, headers: dict[str, str] | None = None
) -> Response:
    return Response(
        _problem(error, request_id=request_id),
        status=error.status,
        headers=headers or {},
        content_type="application/problem+json",
    )


def _for_log(path: str) -> str:
    """A path that can neither begin a line of the log nor sign anybody in."""
    return escape_uri_path(without_tokens(path))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Handler 400."""
    logger.info("Bad request at %s: %r", _for_log(request.path), exception)
    return error_response(
        request,
        DomainError(
            "The request could not be understood.",
            next_step="Go back and try again; if it stays, tell your administrator.",
        ),
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Handler 403."""
    return error_response(
        request, Forbidden("You may not do this.", next_step="Ask the study lead.")
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Handler 404."""
    return error_response(request, NotVisible())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from our page, or whose page is too old."""
    logger.info("CSRF check failed at %s: %r", _for_log(request.path), reason)
    return error_response(
        request,
        Forbidden(
            "This form was opened too long ago, or in another sign-in.",
            next_step="Go back, copy what you wrote, reload the page and send it again.",
        ),
    )


class _Broken(DomainError):  # noqa: N818 - a fact, like the others
    """A defect or an absent database, as far as a machine is told of it."""

    title = "Something broke on our side"

    def __init__(self, status: int) -> None:
        super().__init__(
            "Your last request was not completed.", next_step="Try again later."
        )
        self.status = status


def server_error(request: HttpRequest) -> HttpResponse:
    """Handler 500, and 503 while PostgreSQL is away: needs no database itself."""
    is_away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status = 503 if is_away else 500
    request_id = getattr(request, "request_id", "")
    response: HttpResponse
    if request.path.startswith("/api/"):
        response = JsonResponse(
            _problem(_Broken(status), request_id=request_id),
            status=status,
            content_type="application/problem+json",
        )
    else:
        context = {"request_id": request_id}
        body = loader.render_to_string(f"errors/{status}.html", context)
        response = HttpResponse(body, status=status)
    if is_away:
        response["Retry-After"] = "5"
    return response
