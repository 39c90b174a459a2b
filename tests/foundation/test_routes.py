"""Who gets what at every route: the matrix of `routes.py`, and its completeness."""

from collections import defaultdict

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from feedback.accounts.access import policy_of
from feedback.audit.models import AuditEvent
from tests.foundation.routes import PEOPLE, ROUTES, SIGNED_IN, url_patterns

# Whoever has the link may look, with or without a role.
BY_TOKEN = {"sign_in_link", "invitation_accept"}
# One's own, whatever studies one is in.
OWN = {"token_revoke"}
# A public key is for everybody who is signed in.
PUBLIC = {"signing_key_file"}
GETS = [pytest.param(r, id=r.name) for r in ROUTES if r.method == "get"]


def sent(browser, route, world, *, method=None, **headers):
    send = getattr(browser, method or route.method)
    response = send(route.url(world), headers=headers)
    if response.streaming:
        response.n_bytes = len(b"".join(response))
    return response


def is_sent_to_sign_in(route):
    return route.answers["anonymous"] == 302 and route.name != "sign_in_link"


def test_every_route_is_in_the_table():
    names = {pattern.name for pattern in url_patterns()}
    assert None not in names, "a route without a name cannot be in the table"
    assert names == {route.name for route in ROUTES}


def test_every_row_answers_for_every_person():
    for route in ROUTES:
        assert set(route.answers) == set(PEOPLE), route.name


@pytest.mark.parametrize("pattern", url_patterns(), ids=lambda p: p.name)
def test_every_view_has_an_access_mark(pattern):
    assert policy_of(pattern.callback) is not None


def test_every_mark_fits_the_table():
    marks = {p.name: policy_of(p.callback) for p in url_patterns()}
    for route in ROUTES:
        if marks[route.name].needs_sign_in:
            assert route.answers["anonymous"] in {302, 401}, route.name
        if marks[route.name].verb is not None and route.place(_Anything()):
            assert route.answers["stranger"] == 404, route.name


class _Anything:
    """Stands for any object, to see whether a route names one."""

    def __getattr__(self, _name):
        return self


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method}-{r.name}")
def test_route_answers(route, world, browser):
    answers = {}
    for person in PEOPLE:
        with transaction.atomic():
            answers[person] = sent(browser(person), route, world).status_code
            # The next person finds the world as this one found it.
            transaction.set_rollback(True)
    assert answers == dict(route.answers)


@pytest.mark.parametrize("route", [r for r in ROUTES if is_sent_to_sign_in(r)])
def test_the_way_to_the_sign_in_page_leads_back(route, world, browser):
    response = sent(browser("anonymous"), route, world)
    back = route.url(world).replace("/", "%2F")
    assert response["Location"] == f"{reverse('sign_in')}?next={back}"


@pytest.mark.parametrize("route", [r for r in ROUTES if is_sent_to_sign_in(r)])
def test_htmx_is_sent_to_the_sign_in_page_as_a_whole(route, world, browser):
    response = sent(browser("anonymous"), route, world, HX_Request="true")
    assert response.status_code == 401
    assert response["HX-Redirect"].startswith(f"{reverse('sign_in')}?next=")


@pytest.mark.parametrize(
    "route",
    [
        pytest.param(route, id=f"{route.method}-{route.name}")
        for route in ROUTES
        if route.answers["stranger"] == 404
    ],
)
def test_nothing_is_the_same_as_not_yours(route, world, browser):
    """A stranger cannot learn from the answer which objects exist."""
    stranger = browser("stranger")
    theirs = sent(stranger, route, world)
    invented = route.url(world).replace(
        str(route.place(world)[0]), "00000000-0000-4000-8000-000000000000"
    )
    nothing = getattr(stranger, route.method)(invented)
    assert nothing.status_code == 404

    def without_ids(response):
        return response.content.replace(response["X-Request-ID"].encode(), b"")

    assert _without_tokens(without_ids(theirs)) == _without_tokens(without_ids(nothing))


def _without_tokens(body):
    before, _, after = body.partition(b'name="csrf-token" content="')
    return before + after[64:].replace(_form_token(after), b"")


def _form_token(body):
    _, _, after = body.partition(b'name="csrfmiddlewaretoken" value="')
    return after[:64] or b"none"


@pytest.mark.parametrize("person", ["rater", "lead", "admin"])
def test_somebody_switched_off_gets_in_nowhere(person, world, browser):
    user = world.person(person)
    inside = browser(person)
    user.is_active = False
    user.save(update_fields=["is_active"])
    for route in ROUTES:
        if route.answers["anonymous"] not in {302, 401} or route.name == "sign_in_link":
            continue
        response = sent(inside, route, world)
        assert response.status_code == route.answers["anonymous"], route.name


def test_an_ended_enrollment_ends_everything_it_gave(world, browser):
    world.cast.study.enrollments.update(ended_at=world.snapshot.created_at)
    for route in ROUTES:
        if not route.place(_Anything()) or route.name in BY_TOKEN | OWN | PUBLIC:
            continue
        for person in ("rater", "safety_reviewer", "lead", "ml_engineer"):
            assert sent(browser(person), route, world).status_code == 404, route.name


@pytest.mark.parametrize("pattern", url_patterns(), ids=lambda p: p.name)
def test_nothing_is_changed_without_a_token(pattern, world, browser):
    """A form on another site cannot make a person's browser do something here."""
    route = next(r for r in ROUTES if r.name == pattern.name)
    before = AuditEvent.objects.count()
    for person in ("anonymous", "lead", "rater"):
        client = browser(person, enforce_csrf_checks=True)
        allowed = {403}
        if route.answers["anonymous"] in {302, 401} and person == "anonymous":
            # Sent away before anything is looked at.
            allowed |= {302, 401}
        if route.name.startswith("api_"):
            allowed |= {405}
        for method in ("post", "put", "patch", "delete"):
            response = getattr(client, method)(route.url(world))
            assert response.status_code in allowed, f"{method} by {person}"
    assert AuditEvent.objects.count() == before


METHODS = defaultdict(set)
for _route in ROUTES:
    METHODS[_route.name].add(_route.method)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_methods_that_a_view_does_not_know_are_405(name, world, browser):
    route = next(r for r in ROUTES if r.name == name)
    client = browser("rater" if name == "assignment_detail" else "lead")
    for method in {"get", "post", "put", "patch", "delete"} - METHODS[name]:
        response = sent(client, route, world, method=method)
        assert response.status_code == 405, method
        assert method.upper() not in response["Allow"]


@pytest.mark.parametrize("route", GETS)
def test_head_is_get_without_a_body(route, world, browser):
    person = next((p for p in SIGNED_IN if route.answers[p] == 200), "rater")
    if route.name == "sign_in":
        person = "anonymous"
    response = sent(browser(person), route, world, method="head")
    assert response.status_code == route.answers[person]
    assert not (response.n_bytes if response.streaming else response.content)


def test_a_look_at_a_sign_in_link_does_not_spend_it(world):
    url = reverse("sign_in_link", args=[world.token])
    assert Client().head(url).status_code == 200
    assert Client().get(url).status_code == 200
    assert Client().post(url).status_code == 302
    assert Client().post(url).status_code == 410
