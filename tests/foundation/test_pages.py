"""What every answer carries: headers, cookies, the request's number, the right error."""

import json
import re
import uuid

import pytest
from django.conf import settings as site_settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError, connection
from django.http import Http404
from django.test import Client, RequestFactory
from django.urls import reverse

from feedback.common.exceptions import Conflict, Forbidden, Invalid, NotVisible
from rlhf_site.errors import error_response
from tests.foundation.routes import ROUTES, SIGNED_IN
from tests.foundation.test_routes import sent
from tests.foundation.test_templates import broken_rules

OPEN = [
    (route, person)
    for route in ROUTES
    if route.method == "get"
    for person in [next((p for p in SIGNED_IN if route.answers[p] == 200), "rater")]
]
PAGES = [pytest.param(*case, id=case[0].name) for case in OPEN]
CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def directives(response):
    parts = response["Content-Security-Policy"].split(";")
    return dict(part.strip().split(" ", 1) for part in parts)


def assert_safe(response):
    assert directives(response) == CSP
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Server" not in response
    uuid.UUID(response["X-Request-ID"])


@pytest.mark.parametrize(("route", "person"), PAGES)
def test_every_page_has_the_headers(route, person, world, browser):
    response = sent(browser(person), route, world)
    assert response.status_code == route.answers[person]
    assert_safe(response)
    # Clinical text must not stay on a shared ward PC.
    if route.name != "healthz":
        assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(("route", "person"), PAGES)
def test_what_is_rendered_breaks_no_rule_either(route, person, world, browser):
    response = sent(browser(person), route, world)
    if response["Content-Type"].startswith("text/html"):
        assert not broken_rules(response.content.decode())


@pytest.mark.parametrize(("route", "person"), PAGES)
def test_every_page_is_english_titled_and_has_one_heading(
    route, person, world, browser
):
    response = sent(browser(person), route, world)
    if response.status_code != 200 or "html" not in response["Content-Type"]:
        return
    body = response.content.decode()
    assert '<html lang="en">' in body
    (title,) = re.findall(r"<title>(.*?)</title>", body, re.DOTALL)
    assert len(title.split()) > 2
    assert len(re.findall(r"<h1\b", body)) == 1


@pytest.mark.parametrize("name", ["batch_detail", "snapshot_detail"])
def test_one_address_answers_a_page_and_its_fragment(name, world, browser):
    route = next(r for r in ROUTES if r.name == name)
    lead = browser("lead")
    page = sent(lead, route, world)
    fragment = sent(lead, route, world, HX_Request="true")
    assert "HX-Request" in page["Vary"]
    assert "HX-Request" in fragment["Vary"]
    assert b"<html" in page.content
    assert b"<html" not in fragment.content
    assert fragment.content.strip() in page.content


def test_a_request_keeps_a_well_formed_number_and_drops_others(world):
    def number(given):
        return Client().get("/healthz", headers={"X-Request-ID": given})["X-Request-ID"]

    assert number("abcdef12-3456") == "abcdef12-3456"
    for bad in (
        "short",
        "x" * 65,
        "with space 12345",
        "<script>alert(1)",
        "a\tb345678",
    ):
        assert number(bad) != bad


@pytest.fixture
def loud(db, settings):
    """A browser to which an error in a view is a page, as it is to people."""
    settings.DEBUG = False
    return Client(raise_request_exception=False)


def test_an_unknown_address_is_a_page_of_ours(loud):
    response = loud.get("/no/such/page")
    assert response.status_code == 404
    assert_safe(response)
    assert response["X-Request-ID"].encode() in response.content


def test_a_defect_is_a_page_that_gives_nothing_away(world, loud):
    def broken(execute, sql, params, many, context):
        raise ZeroDivisionError("the secret is 12345")

    with connection.execute_wrapper(broken):
        response = loud.get("/healthz")
    assert response.status_code == 500
    assert_safe(response)
    assert response["X-Request-ID"].encode() in response.content
    assert b"12345" not in response.content


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Http404("x"), 404),
        (PermissionDenied("x"), 403),
        (SuspiciousOperation("x"), 400),
    ],
)
def test_what_django_itself_refuses_is_a_page_of_ours(error, status, world, loud):
    def refusing(execute, sql, params, many, context):
        raise error

    with connection.execute_wrapper(refusing):
        response = loud.get("/healthz")
    assert response.status_code == status
    assert_safe(response)
    assert response["X-Request-ID"].encode() in response.content


@pytest.mark.parametrize(
    ("error", "status"), [(ZeroDivisionError("12345"), 500), (OperationalError(), 503)]
)
def test_a_machine_is_told_of_a_defect_in_its_own_way(error, status, world, sign_in):
    machine = sign_in(world.cast.lead, raise_request_exception=False)

    def broken(execute, sql, params, many, context):
        if "exports_snapshot" in sql:
            raise error
        return execute(sql, params, many, context)

    with connection.execute_wrapper(broken):
        response = machine.get(reverse("api_snapshot_list"))
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert b"12345" not in response.content


def test_a_database_that_is_away_is_503_and_says_when_to_come_back(world, loud):
    def away(execute, sql, params, many, context):
        raise OperationalError("connection refused")

    with connection.execute_wrapper(away):
        response = loud.get("/healthz")
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert_safe(response)


def test_a_form_from_elsewhere_is_a_page_with_a_next_step(world, browser):
    lead = browser("lead", enforce_csrf_checks=True)
    response = lead.post(reverse("sign_out"))
    assert response.status_code == 403
    assert_safe(response)
    assert b"reload the page" in response.content


def test_a_host_that_is_not_ours_is_refused(loud):
    assert loud.get("/healthz", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotVisible(), 404),
        (Forbidden("You may not."), 403),
        (Conflict("The lease went elsewhere.", next_step="Take the next."), 409),
        (Invalid("An answer is missing.", fields={"tone": "Rate <tone>."}), 422),
    ],
)
class TestThreeFaces:
    """The same error to a person, to htmx, and to a machine."""

    def answer(self, error, path, **headers):
        request = RequestFactory().get(path, headers=headers)
        request.request_id = "12345678-abcd"
        request.user = None
        return error_response(request, error)

    def test_page(self, error, status):
        response = self.answer(error, "/studies/")
        body = response.content.decode()
        assert response.status_code == status
        assert "<html" in body
        assert f"<title>{error.title}" in re.sub(r"(<title>)\s+", r"\1", body)
        for text in (error.message, error.next_step, "12345678-abcd"):
            assert text in body

    def test_fragment(self, error, status):
        response = self.answer(error, "/studies/", HX_Request="true")
        assert response.status_code == status
        assert b"<html" not in response.content
        assert error.message.encode() in response.content

    def test_fields_are_escaped(self, error, status):
        body = self.answer(error, "/studies/").content
        assert b"<tone>" not in body
        assert (b"Rate &lt;tone&gt;." in body) is bool(error.fields)

    def test_problem(self, error, status):
        response = self.answer(error, "/api/v1/anything/")
        assert response.status_code == status
        assert response["Content-Type"] == "application/problem+json"
        body = json.loads(response.content)
        assert body["status"] == status
        assert body["title"] == error.title
        assert body["detail"] == error.message
        assert body["request_id"] == "12345678-abcd"
        assert body.get("errors", {}) == error.fields


def test_an_unknown_address_below_api_is_a_problem(loud):
    response = loud.get("/api/v1/nothing/")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_a_machine_nobody_knows_is_challenged(world):
    response = Client().get(reverse("api_snapshot_list"))
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="Consilium"'
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 401


@pytest.mark.parametrize("query", ["?page=2", "?study=12", "?state=lost"])
def test_a_parameter_that_does_not_exist_is_a_problem(query, world, browser):
    response = browser("lead").get(reverse("api_snapshot_list") + query)
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["next_step"]


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(world):
    client = Client()
    client.get(reverse("sign_in"))
    client.post(reverse("sign_in_link", args=[world.token]))
    session = client.cookies[site_settings.SESSION_COOKIE_NAME]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert int(session["max-age"]) == 12 * 3600
    assert client.cookies["csrftoken"]["samesite"] == "Lax"


def test_files_are_sent_to_be_kept_not_shown(world, browser):
    route = next(r for r in ROUTES if r.name == "snapshot_file")
    response = sent(browser("lead"), route, world)
    assert response["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "path", ["../manifest.json", "..%2F..%2Fetc/passwd", "/etc/passwd"]
)
def test_a_file_outside_of_the_snapshot_is_not_there(path, world, browser):
    base = reverse("snapshot_file", args=[world.snapshot.uid, "README.md"])
    response = browser("lead").get(base.replace("README.md", path))
    assert response.status_code in {301, 404}
