"""The one HTTP client: where it refuses to go, and how much it takes."""

import socket
import time

import pytest

from feedback.common import http
from feedback.common.exceptions import Invalid
from tests.exports.local_web import make_certificate, tls_server

NOBODY = http.Reach()
HERE = http.Reach(inside=("localhost",))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def web(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with tls_server(certificate[1]) as server:
        yield server


def post(url, *, reach=HERE, **limits):
    return http.send(
        url,
        method="POST",
        reach=reach,
        headers={"X-Mark": "1"},
        body=b"{}",
        limits=http.Limits(**limits),
    )


def test_it_sends_and_returns_what_was_answered(web):
    web.status, web.body = 202, b"taken"
    reply = post(f"{web.url}/hook?a=1")
    assert (reply.status, reply.body) == (202, b"taken")
    ((path, headers, body),) = web.asked
    assert (path, body, headers["X-Mark"]) == ("/hook?a=1", b"{}", "1")
    assert headers["Host"] == web.url.removeprefix("https://")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "https://",
        "https:///x",
        "https://user@example.org/",
        "https://user:secret@example.org/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://example.org/\r\nHost: x",
        "https://ex\u00e4mple.org/",
        "https://127.0.0.1/",
        "https://10.0.0.8/",
        "https://192.168.1.1/",
        "https://172.16.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[2002:7f00:1::]/",
        "https://[64:ff9b::7f00:1]/",
        "",
        "https",
    ],
)
def test_it_refuses_before_it_looks_anything_up(url, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", None)
    with pytest.raises(Invalid) as refusal:
        post(url, reach=NOBODY)
    assert refusal.value.fields.keys() == {"url"}


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:10.0.0.1"],
        # One that is outside does not excuse one that is inside.
        ["93.184.216.34", "127.0.0.1"],
    ],
)
def test_a_name_that_leads_inside_is_refused(addresses, monkeypatch):
    def found(_host, port, **_options):
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(socket, "create_connection", None)
    with pytest.raises(Invalid, match="leads to an address inside"):
        post("https://rebinding.example/", reach=NOBODY)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "localhost"])
def test_other_spellings_of_this_machine_are_refused(host, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", None)
    with pytest.raises((Invalid, http.Unreachable)):
        post(f"https://{host}/", reach=NOBODY)


def test_it_connects_to_the_address_that_it_looked_at(web, monkeypatch):
    look_up, looked = socket.getaddrinfo, []

    def once(host, *args, **options):
        looked.append(host)
        if len([one for one in looked if one == "localhost"]) > 1:
            raise AssertionError("a second look-up could lead elsewhere")
        return look_up("127.0.0.1", *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", once)
    assert post(web.url).status == 200


def test_it_follows_no_redirect(web):
    web.status, web.headers = 302, {"Location": f"{web.url}/elsewhere"}
    assert post(f"{web.url}/hook").status == 302
    assert [path for path, _, _ in web.asked] == ["/hook"]


def test_it_takes_no_more_bytes_than_it_was_told(web):
    web.body = b"x" * 200_000
    with pytest.raises(http.Unreachable, match="more than 1000 bytes"):
        post(web.url, max_bytes=1000)


def test_it_takes_no_more_time_than_it_was_told(web):
    web.wait = 30
    start = time.monotonic()
    with pytest.raises(http.Unreachable):
        post(web.url, seconds=0.3)
    assert time.monotonic() - start < 5


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate):
    with (
        tls_server(certificate[1]) as server,
        pytest.raises(http.Unreachable, match="certificate"),
    ):
        post(server.url)
    assert server.asked == []


def test_a_certificate_of_another_name_is_refused(web):
    url = web.url.replace("localhost", "127.0.0.1")
    with pytest.raises(http.Unreachable, match=r"certificate|mismatch"):
        post(url, reach=http.Reach(inside=("127.0.0.1",)))
    assert web.asked == []
