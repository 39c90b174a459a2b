"""What the next version should make clear: noted, closed with a reason, or answered."""

import pytest
from django.urls import reverse

from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid
from feedback.studies.change_requests import request_change, resolve_request
from feedback.studies.services import create_study


@pytest.fixture
def page(cast, sign_in):
    client = sign_in(cast.lead)

    def page(name, uid, **fields):
        return client.post(reverse(name, args=[uid]), fields)

    return page


def test_a_lead_notes_one_and_closes_it_with_a_reason(page, cast):
    noted = page(
        "change_request_list", cast.study.uid, text="Half?", criterion_key="tone"
    )
    assert noted.status_code == 302
    asked = cast.study.change_requests.get()
    assert (asked.criterion_key, asked.guideline_version.number) == ("tone", 1)
    refused = page("change_request_resolve", asked.uid, reason=" ")
    assert refused.status_code == 422
    assert "Say why nothing changes." in refused.text
    assert "Half?" in refused.text
    page("change_request_resolve", asked.uid, reason="It says so on page 2.")
    asked.refresh_from_db()
    assert (asked.resolution, asked.resolved_by_version) == (
        "It says so on page 2.",
        None,
    )
    again = page("change_request_resolve", asked.uid, reason="Twice")
    assert again.status_code == 409


def test_open_requests_stand_first(cast, sign_in):
    old, new = (
        request_change(study=cast.study, text=text, asked_by=cast.lead)
        for text in ("The older one", "The newer one")
    )
    resolve_request(request=new, reason="No.", actor=cast.lead, now=clock.now())
    shown = (
        sign_in(cast.lead)
        .get(reverse("change_request_list", args=[cast.study.uid]))
        .text
    )
    assert shown.index(old.text) < shown.index(new.text)
    assert "Closed: No." in shown


def test_the_list_takes_the_same_queries_for_many(
    cast, sign_in, django_assert_num_queries
):
    client = sign_in(cast.lead)
    url = reverse("change_request_list", args=[cast.study.uid])
    client.get(url)
    for number in range(10):
        text = f"Question {number}?"
        request_change(study=cast.study, text=text, asked_by=cast.lead)
    with django_assert_num_queries(6):
        assert client.get(url).text.count("Close it without") == 10


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"text": "a\x07"}, "text"),
        ({"text": "a", "criterion_key": "nowhere"}, "criterion_key"),
    ],
)
def test_what_cannot_be_noted_is_refused_at_its_field(page, cast, fields, field):
    with pytest.raises(Invalid) as refusal:
        request_change(study=cast.study, asked_by=cast.lead, **fields)
    assert set(refusal.value.fields) == {field}
    refused = page("change_request_list", cast.study.uid, **fields)
    assert refused.status_code == 422
    assert f'id="id_{field}_error"' in refused.text
    assert not cast.study.change_requests.exists()


def test_without_a_guideline_nothing_can_be_unclear(page, cast):
    bare = create_study(name="Bare", created_by=cast.lead)
    with pytest.raises(Conflict, match="no published guideline"):
        request_change(study=bare, text="What?", asked_by=cast.lead)
    assert page("change_request_list", bare.uid, text="What?").status_code == 409
