"""Pages, scripts and styles arrive compressed; downloads and ranges as they are."""

import gzip

import pytest
from django.http import FileResponse, HttpResponse
from django.test import RequestFactory

from rlhf_site.middleware import CompressionMiddleware

TEXT = b"Take 5 mg twice a day. " * 200


def answer(response, **headers):
    """What a browser that takes gzip gets."""
    request = RequestFactory(headers={"Accept-Encoding": "gzip, br"} | headers).get("/")
    return CompressionMiddleware(lambda _: response)(request)


@pytest.mark.parametrize(
    "kind", ["text/html; charset=utf-8", "text/css", "text/javascript", "image/svg+xml"]
)
def test_pages_and_their_files_are_compressed(kind):
    response = answer(HttpResponse(TEXT, content_type=kind))

    assert response["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response["Vary"]
    assert gzip.decompress(response.content) == TEXT
    assert len(response.content) < len(TEXT) / 5


@pytest.mark.parametrize(
    "kind", ["application/x-ndjson", "application/zip", "text/csv", "application/json"]
)
def test_downloads_stay_as_they_are(kind):
    response = answer(HttpResponse(TEXT, content_type=kind))

    assert "Content-Encoding" not in response
    assert response.content == TEXT


def test_part_of_a_file_stays_as_it_is():
    response = answer(HttpResponse(TEXT, content_type="text/css", status=206))

    assert "Content-Encoding" not in response


def test_who_does_not_take_gzip_gets_plain_text():
    response = answer(HttpResponse(TEXT), **{"Accept-Encoding": "identity"})

    assert response.content == TEXT
    assert "Accept-Encoding" in response["Vary"]


def test_what_is_compressed_on_disk_is_not_compressed_again():
    stored = HttpResponse(TEXT, content_type="text/css")
    stored["Content-Encoding"] = "br"

    assert answer(stored).content == TEXT


def test_static_file_of_the_running_site_arrives_compressed(client, settings):
    response = client.get("/static/consilium.css", headers={"Accept-Encoding": "gzip"})

    assert response["Content-Encoding"] == "gzip"
    assert "Content-Length" not in response
    assert isinstance(response, FileResponse)
    css = settings.BASE_DIR / "static" / "consilium.css"
    assert gzip.decompress(b"".join(response.streaming_content)) == css.read_bytes()
