"""Addresses that narrow the pages of review and quality, kind and unkind."""

import pytest
from django.urls import reverse

from feedback.accounts.permissions import Role
from feedback.studies.services import enroll
from tests.builders import make_user
from tests.review.conftest import settle

pytestmark = pytest.mark.django_db


def queue(scene, browser, **asked):
    return browser.get(reverse("case_list", args=[scene.study.uid]), asked)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ({"reason": "\x00"}, "disagreement"),
        ({"reason": "boredom"}, "disagreement"),
        ({"criterion": "\x00"}, "safety"),
        ({"criterion": "x" * 5000}, "safety"),
        ({"reason": "\x00", "show": "decided"}, "disagreement"),
    ],
)
def test_an_unknown_filter_is_refused_with_what_is_allowed(
    scene, sign_in, asked, allowed
):
    page = queue(scene, sign_in(scene.adjudicator), **asked)
    assert page.status_code == 422
    text = page.content.decode()
    assert "allowed is" in text
    assert allowed in text
    assert "x" * 50 not in text


def test_a_filter_that_finds_nothing_any_more_shows_an_empty_queue(scene, sign_in):
    browser = sign_in(scene.adjudicator)
    assert queue(scene, browser, criterion="safety").context["page"].paginator.count
    settle(scene)
    page = queue(scene, browser, criterion="safety", reason="disagreement")
    assert page.status_code == 200
    assert page.context["page"].paginator.count == 0


NASTY = ("\x00", "9" * 5000, "-1", "1e9", "\ud7ff")


@pytest.mark.parametrize("value", NASTY)
def test_no_parameter_of_a_page_is_a_fault(scene, sign_in, value):
    lead = make_user("Lena Lead")
    enroll(study=scene.study, user=lead, role=Role.LEAD)
    browser = sign_in(lead)
    study = [scene.study.uid]
    for name, args, keys in (
        ("case_list", study, ("page", "show")),
        ("flag_list", study, ("page",)),
        ("evidence_list", study, ("page",)),
        ("known_answers", study, ("page",)),
        ("known_answer_choose", study, ("page",)),
        ("quality", study, ("epoch",)),
        ("quality_block", [*study, "agreement"], ("epoch", "seen")),
        ("quality_csv", [*study, "agreement", "questions"], ("epoch",)),
        ("quality_pairs", [*study, "safety"], ("epoch", "as")),
    ):
        for key in keys:
            page = browser.get(reverse(name, args=args), {key: value})
            assert page.status_code in {200, 404}, (name, key)
