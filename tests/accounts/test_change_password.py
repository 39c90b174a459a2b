"""Choosing another password: by the old one or fresh from a link, and not by guessing."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from feedback.accounts.models import SignInLink
from feedback.accounts.services import make_sign_in_link
from feedback.audit.models import AuditEvent
from feedback.common import clock
from tests.accounts.test_sign_in import PASSWORD, is_signed_in, post_password
from tests.builders import make_user

pytestmark = pytest.mark.django_db

NEW = "an entirely new sentence"
URL = "/settings/password/"


@pytest.fixture
def user():
    return make_user("Ada Rater")


def entered(user):
    browser = Client()
    post_password(browser, user)
    return browser


def entered_by_link(user):
    browser = Client()
    token = make_sign_in_link(user=user, now=clock.now(), valid_hours=1)
    browser.post(reverse("sign_in_link", args=[token]))
    assert is_signed_in(browser)
    return browser


def change(browser, old=PASSWORD, new=NEW, again=None):
    fields = {"new_password1": new, "new_password2": again or new}
    if old is not None:
        fields["old_password"] = old
    return browser.post(URL, fields)


def test_another_password_ends_every_other_session_and_is_logged(
    user, django_capture_on_commit_callbacks
):
    here, elsewhere = entered(user), entered(user)
    token = make_sign_in_link(user=user, now=clock.now(), valid_hours=1)

    with django_capture_on_commit_callbacks(execute=True):
        done = change(here)

    assert (done.status_code, done.url) == (302, URL)
    assert here.get(URL).status_code == 200
    assert elsewhere.get(URL).status_code == 302
    assert Client().get(reverse("sign_in_link", args=[token])).status_code == 410
    assert post_password(Client(), user).status_code == 422
    assert post_password(Client(), user, NEW).status_code == 302
    event = AuditEvent.objects.get(action="user.password_changed")
    assert (event.actor, event.details) == (user, {"by": "password"})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"old": "wrong"}, "This is not your password."),
        ({"old": ""}, "This field is required."),
        ({"again": "another sentence"}, "The two new passwords are not the same."),
        ({"new": "short"}, "at least 12 characters"),
        ({"new": "telechargement"}, "too common"),
        ({"old": None}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(user, fields, said):
    browser = entered(user)
    page = change(browser, **fields)
    assert page.status_code == 422
    assert said in page.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_guesses_count_with_those_of_the_sign_in_page(user, settings):
    settings.AXES_FAILURE_LIMIT = 3
    browser = entered(user)
    post_password(Client(), user, "wrong")
    for _ in range(2):
        change(browser, old="wrong")
    refused = change(browser)
    assert refused.status_code == 429
    assert "Too many wrong passwords" in refused.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_fresh_from_a_link_the_old_password_is_not_asked(user):
    browser = entered_by_link(user)
    assert "you need not know your old password" in browser.get(URL).content.decode()
    assert change(browser, old=None).status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW)
    # Once is enough: from now on it is known.
    assert change(browser, old=None, new=f"{NEW} again").status_code == 422


def test_an_hour_after_a_link_the_old_password_is_asked(user, monkeypatch):
    browser = entered_by_link(user)
    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert change(browser, old=None).status_code == 422
    assert change(browser).status_code == 302


def test_who_has_no_password_and_no_fresh_link_reads_what_to_do(user, monkeypatch):
    user.set_password(None)
    user.save()
    browser = entered_by_link(user)
    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    page = browser.get(URL).content.decode()
    assert "ask your study lead for a sign-in link" in page
    assert "new_password1" not in page


def test_each_page_leads_there(user):
    page = entered(user).get(reverse("key_settings")).content.decode()
    assert f'href="{reverse("password_change")}"' in page
    assert SignInLink.objects.count() == 0
