"""The page for those who train: what changed since they last pulled."""

import pytest
from django.urls import reverse

from feedback.accounts.permissions import Role
from feedback.common import clock
from feedback.studies.services import enroll
from tests import builders
from tests.exports.conftest import body
from tests.exports.released import make_auditor, make_release
from tests.exports.test_tokens import bearer, token_for


@pytest.fixture
def person(judged):
    user = builders.make_user("Mel Engineer")
    enroll(study=judged.study, user=user, role=Role.ML_ENGINEER)
    return user


@pytest.fixture
def browser(person, sign_in):
    return sign_in(person)


def page(study):
    return reverse("pull_news", args=[study.uid])


def pull(browser, snapshot):
    url = reverse("api_snapshot_file", args=[snapshot.uid, "README.md"])
    return body(browser.get(url))


def test_who_has_not_pulled_is_told_how(judged, browser):
    snapshot = judged.seal()
    shown = browser.get(page(judged.study))
    assert shown.context["news"].pull is None
    text = shown.content.decode()
    assert "You have not pulled anything" in text
    assert f"consilium pull {judged.study.uid}@{snapshot.number}" in text


def test_who_has_the_newest_is_told_so(judged, browser, person):
    snapshot = judged.seal()
    pull(bearer(token_for(person)[1]), snapshot)
    shown = browser.get(page(judged.study))
    news = shown.context["news"]
    assert news.is_current
    assert news.pull.snapshot == snapshot
    assert news.pull.by.startswith("token ")
    assert "You have the newest snapshot" in shown.content.decode()


def test_pulls_of_others_do_not_count(judged, browser, lead):
    pull(lead, judged.seal())
    assert browser.get(page(judged.study)).context["news"].pull is None


def test_the_rows_are_counted_then_and_now(judged, browser, person):
    pull(browser, judged.seal())
    newest = judged.seal()
    news = browser.get(page(judged.study)).context["news"]
    assert not news.is_current
    assert news.newest == newest
    counts = {change.configuration: change for change in news.changes}
    assert counts["ratings"].n_then == counts["ratings"].n_now > 0
    assert counts["ratings"].difference == "same"


def test_a_release_that_was_taken_back_is_said_so(judged, browser, person):
    release = make_release(judged, judged.seal())
    pull(browser, release.snapshot)
    type(release).objects.filter(pk=release.pk).update(
        state="withdrawn",
        withdrawn_at=clock.now(),
        withdrawn_by=make_auditor(),
        withdrawn_because="A dose is wrong.",
    )
    shown = browser.get(page(judged.study))
    assert shown.context["news"].releases == (release,)
    assert "A dose is wrong." in shown.content.decode()


def test_a_study_without_a_snapshot_says_what_comes(judged, browser):
    news = browser.get(page(judged.study)).context["news"]
    assert (news.newest, news.changes) == (None, ())
    assert news.n_judgments > 0
