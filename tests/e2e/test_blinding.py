"""Everything that reaches a rater's browser, looked through for what it must not hold."""

import re

import pytest
from django.urls import reverse

from feedback.common import clock
from feedback.corpus.models import Completion, ModelVersion
from feedback.rating.answers import Answer
from feedback.studies.assignment import assign_next
from tests.builders import make_rater, submit
from tests.e2e.test_every_kind import play
from tests.rating.everything import FORMS, make_everything

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PEER = "Said by a peer and by nobody else."


@pytest.fixture
def session(transactional_db, open_page, enter):
    """A rater's browser that writes down all that it gets, and the study."""
    study = make_everything(forms=[form for form in FORMS if form.kind != "single"])
    peer = make_rater(study, "Petra Peer")
    while assignment := assign_next(study=study, rater=peer, now=clock.now()):
        submit(assignment, Answer(is_outside_practice=True, comment=PEER))
    rater = make_rater(study, "Ada Rater")
    page = open_page()
    traffic = []

    def note(response):
        traffic.append(f"{response.request.method} {response.url}")
        traffic.append(str(response.all_headers()))
        if 200 <= response.status < 300:
            traffic.append(response.text())

    enter(page, rater.user)
    page.on("response", note)
    return study, peer, page, traffic


def rate_all(page, study):
    """Rate by keyboard until nothing is left; returns how many."""
    page.goto(reverse("study_rate", args=[study.uid]))
    n_rated = 0
    while "/assignments/" in page.url:
        page.wait_for_selector("form[data-rating]")
        if page.get_attribute("form[data-rating]", "data-rating") == "ranking":
            for key in "213":
                page.keyboard.press(key)
        else:
            play(page)
        page.keyboard.press("m")
        page.keyboard.type("x")
        page.keyboard.press("Escape")
        before = page.url
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url, before=before: url != before)
        n_rated += 1
    return n_rated


def test_no_model_no_peer_and_no_gold_in_a_whole_session(session):
    study, peer, page, traffic = session

    n_rated = rate_all(page, study)
    page.goto(reverse("study_undo", args=[study.uid]))
    page.goto(reverse("judgment_list"))
    page.locator(".line a").first.click()
    page.goto(reverse("study_detail", args=[study.uid]))
    page.goto(reverse("home"))

    assert n_rated == study.tasks.count() == 7
    heard = "\n".join(traffic)
    assert "Take 5 mg" in heard
    assert "Ask the study lead" in heard
    secrets = [
        PEER,
        "Petra",
        peer.pseudonym,
        str(peer.uid),
        *ModelVersion.objects.values_list("name", flat=True),
        *map(str, ModelVersion.objects.values_list("uid", flat=True)),
        *map(str, Completion.objects.values_list("uid", flat=True)),
    ]
    assert [secret for secret in secrets if secret in heard] == []
    assert re.search(r"\bgold\b|model_version|source_model", heard) is None
