"""Getting in: by password, by a link that works once, and not by guessing."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from feedback.accounts.models import SignInLink
from feedback.accounts.services import make_sign_in_link
from feedback.audit.models import AuditEvent
from feedback.common import clock
from tests.builders import make_user

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"


@pytest.fixture
def user():
    return make_user("Ada Rater")


def post_password(client, user, password=PASSWORD, **extra):
    fields = {"username": user.email, "password": password} | extra
    return client.post(reverse("sign_in"), fields)


def is_signed_in(client):
    return "_auth_user_id" in client.session


def test_password_signs_in_and_is_logged(
    client, user, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        response = post_password(client, user)

    assert response.status_code == 302
    assert response.url == "/"
    assert is_signed_in(client)
    event = AuditEvent.objects.get(action="user.signed_in")
    assert event.actor == user
    assert event.details == {"by": "password"}


def test_address_is_found_whatever_its_case(client, user):
    fields = {"username": user.email.upper(), "password": PASSWORD}

    client.post(reverse("sign_in"), fields)

    assert is_signed_in(client)


@pytest.mark.parametrize("is_known", [True, False])
def test_wrong_password_and_unknown_address_read_the_same(client, user, is_known):
    email = user.email if is_known else "nobody@example.org"

    response = client.post(reverse("sign_in"), {"username": email, "password": "wrong"})

    assert response.status_code == 422
    assert "do not belong together" in response.content.decode()
    assert not is_signed_in(client)


def test_switched_off_person_reads_the_same(client, user):
    user.is_active = False
    user.save()

    response = post_password(client, user)

    assert "do not belong together" in response.content.decode()
    assert not is_signed_in(client)


def test_ten_wrong_passwords_lock_this_account_from_this_address(client, user):
    other = make_user()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        response = post_password(client, user, "wrong")
    assert response.status_code == 429

    assert post_password(client, user).status_code == 429
    assert not is_signed_in(client)
    assert post_password(Client(REMOTE_ADDR="203.0.113.9"), user).status_code == 302
    assert post_password(client, other).status_code == 302


def test_another_spelling_of_the_address_is_the_same_account(client, user):
    for number in range(settings.AXES_FAILURE_LIMIT):
        local, _, domain = user.email.partition("@")
        email = f"{local[:number].upper()}{local[number:]}@{domain}"
        response = client.post(
            reverse("sign_in"), {"username": email, "password": "wrong"}
        )

    assert response.status_code == 429
    assert post_password(client, user).status_code == 429


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"]
)
def test_next_leads_nowhere_else(client, user, target):
    response = post_password(client, user, next=target)

    assert response.url == "/"


def test_next_leads_back_to_where_one_wanted_to_go(client, user):
    wanted = client.get(reverse("judgment_list"))
    assert wanted.url == "/sign-in/?next=%2Fjudgments%2F"

    response = post_password(client, user, next="/judgments/")

    assert response.url == "/judgments/"


def test_sign_out_ends_the_session_and_needs_a_post(client, user):
    post_password(client, user)

    assert client.get(reverse("sign_out")).status_code == 405
    assert is_signed_in(client)
    client.post(reverse("sign_out"))

    assert not is_signed_in(client)


def link_for(user, **times):
    now = clock.now() - timedelta(**times) if times else clock.now()
    token = make_sign_in_link(user=user, now=now, valid_hours=1)
    return reverse("sign_in_link", args=[token])


def test_link_signs_in_once(client, user):
    address = link_for(user)

    assert client.get(address).status_code == 200
    assert client.head(address).status_code == 200
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 302
    assert is_signed_in(client)

    again = Client()
    assert again.get(address).status_code == 410
    assert again.post(address).status_code == 410
    assert not is_signed_in(again)


def test_link_runs_out(client, user):
    assert client.post(link_for(user, hours=2)).status_code == 410
    assert not is_signed_in(client)


def test_link_of_a_switched_off_person_is_spent(client, user):
    address = link_for(user)
    user.is_active = False
    user.save()

    assert client.post(address).status_code == 410


def test_database_does_not_hold_the_token(user):
    address = link_for(user)
    (token,) = [part for part in address.split("/") if len(part) > 20]

    row = SignInLink.objects.get()
    assert token not in {row.token_sha256, str(row.uid)}
    assert len(row.token_sha256) == 64


def test_session_is_a_new_one_after_signing_in(client, user):
    client.get(reverse("sign_in"))
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key

    post_password(client, user)

    assert client.session.session_key != before
