"""Requests that no browser of ours sends: refused in words, never a defect."""

import base64
import logging

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from feedback.accounts.services import make_sign_in_link
from feedback.common import clock
from tests.builders import make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("position", ["abc", "\0", "1e400", "-1", "٣", "2026-01-01"])
def test_an_invented_cursor_is_no_page(position, cast, sign_in):
    cursor = base64.b64encode(f"p={position}".encode()).decode()

    response = sign_in(cast.lead).get(reverse("api_snapshot_list"), {"cursor": cursor})

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_an_endless_address_is_refused_before_it_is_counted(client):
    email = f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 50}.org"
    fields = {"username": email, "password": "wrong"}

    for _ in range(settings.AXES_FAILURE_LIMIT):
        response = client.post(reverse("sign_in"), fields)

        assert response.status_code == 422


def test_an_address_in_the_log_stays_on_its_line(caplog):
    forged = "x\n2026-01-01 00:00:00,000 WARNING feedback.audit: all is well\x1b[2J"
    stranger = Client(enforce_csrf_checks=True)

    with caplog.at_level(logging.INFO, logger="rlhf_site.errors"):
        response = stranger.post(reverse("sign_in_link", args=[forged]))

    assert response.status_code == 403
    (line,) = [r.getMessage() for r in caplog.records if r.name == "rlhf_site.errors"]
    assert line.isprintable()


def test_a_link_that_still_works_is_not_in_the_log(caplog):
    token = make_sign_in_link(user=make_user(), now=clock.now(), valid_hours=1)
    stranger = Client(enforce_csrf_checks=True)

    with caplog.at_level(logging.INFO):
        response = stranger.post(reverse("sign_in_link", args=[token]))

    assert response.status_code == 403
    ours = [r.getMessage() for r in caplog.records if r.name == "rlhf_site.errors"]
    assert len(ours) == 1
    assert token not in caplog.text


@pytest.mark.parametrize("charset", ["rot13", "zlib", "utf-7", "idna", "utf-16"])
def test_a_body_in_another_encoding_is_refused(charset, client):
    kind = f"application/x-www-form-urlencoded; charset={charset}"

    response = client.generic("POST", reverse("sign_in"), b"username=x", kind)

    assert response.status_code == 415
    assert "Send it as UTF-8." in response.content.decode()


def test_a_wrong_method_of_the_api_is_named_in_plain_words(cast, sign_in):
    response = sign_in(cast.lead).delete(reverse("api_snapshot_list"))

    assert response.status_code == 405
    assert response.json()["title"] == "Method Not Allowed"


def test_a_source_name_holds_no_control_characters(cast, sign_in):
    file = SimpleUploadedFile("rows.jsonl", b'{"prompt": "Why?"}\n')

    response = sign_in(cast.lead).post(
        reverse("batch_create", args=[cast.study.uid]),
        {"file": file, "source_name": "a\x1b[31mb"},
    )

    assert response.status_code == 422
    assert "U+001B at character 2" in response.content.decode()
