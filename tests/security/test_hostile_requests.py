"""Requests that no browser of ours sends: refused in words, never a defect."""

import base64
import logging

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

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
