"""Files in parts, and links that give one file once to whoever has them."""

import hashlib
import io
import zipfile
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from exports.models import DownloadLink
from exports.ranges import Part, Unsatisfiable, part_asked
from feedback.accounts.models import ApiToken
from feedback.audit.models import AuditEvent
from feedback.common import clock
from rlhf_site.logs import without_tokens
from tests.exports.conftest import body
from tests.exports.test_tokens import bearer, token_for

PATH = "README.md"
ETAG = '"abc"'


def asked(header, *, unless="", size=10):
    part = part_asked(asked=header, unless=unless, etag=ETAG, size=size)
    return part.start, part.stop


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", (0, 10)),
        ("bytes=0-", (0, 10)),
        ("bytes=3-", (3, 10)),
        ("bytes=3-5", (3, 6)),
        ("bytes=3-99", (3, 10)),
        ("bytes=9-9", (9, 10)),
        ("bytes=-4", (6, 10)),
        ("bytes=-99", (0, 10)),
        # Not understood, so the whole: the standard wants it so.
        ("bytes=5-3", (0, 10)),
        ("bytes=-", (0, 10)),
        ("bytes=0-1,4-5", (0, 10)),
        ("lines=0-1", (0, 10)),
        ("bytes=a-b", (0, 10)),
        ("bytes=\u0663-", (0, 10)),
        ("bytes=" + "9" * 40 + "-", (0, 10)),
    ],
)
def test_what_part_a_header_means(header, expected):
    assert asked(header) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=11-12", "bytes=-0"])
def test_a_part_behind_the_end_is_refused(header):
    with pytest.raises(Unsatisfiable) as refusal:
        asked(header)
    assert refusal.value.headers == {"Content-Range": "bytes */10"}


def test_nothing_of_an_empty_file_can_be_asked_for():
    assert asked("", size=0) == (0, 0)
    with pytest.raises(Unsatisfiable):
        asked("bytes=0-", size=0)


@pytest.mark.parametrize(
    ("unless", "expected"),
    [
        (ETAG, (3, 10)),
        ('"other"', (0, 10)),
        (f"W/{ETAG}", (0, 10)),
        ("Tue, 24 Nov 2026 10:00:00 GMT", (0, 10)),
    ],
)
def test_another_tag_asks_for_all_of_it(unless, expected):
    assert asked("bytes=3-", unless=unless) == expected


def test_a_part_says_where_it_lies():
    assert Part(3, 6, 10).content_range == "bytes 3-5/10"
    assert not Part(3, 6, 10).has_end
    assert Part(6, 10, 10).has_end


@pytest.fixture
def program(judged):
    return bearer(token_for(judged.study.created_by)[1])


@pytest.fixture
def file(sealed):
    return sealed.files.get(path=PATH)


@pytest.fixture
def whole(folder):
    return (folder / PATH).read_bytes()


@pytest.fixture(autouse=True)
def stored_where_it_was_sealed(settings, shared):
    settings.EXPORT_DIR = shared[0].directory


def break_off(response):
    """Close a reply as the server does, but for the signal that ends the test's
    connection to the database."""
    for closer in response._resource_closers:
        closer()


def link(program, snapshot, **fields):
    url = reverse("api_download_create", args=[snapshot.uid])
    return program.post(url, fields, content_type="application/json")


@pytest.mark.parametrize("name", ["snapshot_file", "api_snapshot_file"])
def test_a_file_is_resumed_at_any_byte(name, sealed, file, whole, program, lead):
    client = lead if name == "snapshot_file" else program
    url = reverse(name, args=[sealed.uid, PATH])
    first = client.get(url, headers={"Range": "bytes=0-99"})
    assert first.status_code == 206
    assert first["Content-Range"] == f"bytes 0-99/{len(whole)}"
    assert first["Content-Length"] == "100"
    rest = {"Range": "bytes=100-", "If-Range": first["ETag"]}
    second = client.get(url, headers=rest)
    assert second.status_code == 206
    assert body(first) + body(second) == whole
    changed = client.get(url, headers=rest | {"If-Range": '"old"'})
    assert (changed.status_code, body(changed)) == (200, whole)
    behind = client.get(url, headers={"Range": f"bytes={len(whole)}-"})
    assert behind.status_code == 416
    assert behind["Content-Range"] == f"bytes */{len(whole)}"
    pulls = AuditEvent.objects.filter(action="snapshot.file_pulled")
    assert pulls.count() == 2, "a file that is resumed is pulled once"


def test_the_api_gives_files_whatever_the_client_accepts(sealed, whole, program):
    url = reverse("api_snapshot_file", args=[sealed.uid, PATH])
    answer = program.get(url, headers={"Accept": "application/octet-stream"})
    assert body(answer) == whole
    head = program.head(url)
    assert head["Content-Length"] == str(len(whole))
    assert body(head) == b"" or head.status_code == 200
    missing = reverse("api_snapshot_file", args=[sealed.uid, "salt"])
    refused = program.get(missing, headers={"Accept": "application/octet-stream"})
    assert refused.status_code == 404
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["status"] == 404


def test_a_link_gives_its_file_once_to_whoever_has_it(sealed, file, whole, program):
    made = link(program, sealed, path=PATH)
    assert made.status_code == 201
    row = made.json()
    assert (row["path"], row["sha256"], row["size_bytes"]) == (
        PATH,
        file.sha256,
        len(whole),
    )
    anybody = Client()
    answer = anybody.get(row["url"])
    assert body(answer) == whole
    assert hashlib.sha256(whole).hexdigest() == file.sha256
    again = anybody.get(row["url"])
    assert again.status_code == 410
    assert again["Content-Type"] == "application/problem+json"
    pull = AuditEvent.objects.get(action="snapshot.file_pulled")
    assert pull.details["how"] == "link"
    assert pull.actor_id == sealed.study.created_by_id


def test_looking_does_not_use_a_link_up(sealed, whole, program):
    url = link(program, sealed, path=PATH).json()["url"]
    for _ in range(2):
        assert Client().head(url)["Content-Length"] == str(len(whole))
    assert body(Client().get(url)) == whole


def test_a_link_resumes_until_the_last_byte_has_gone(sealed, whole, program):
    url = link(program, sealed, path=PATH).json()["url"]
    held = b""
    for start in (0, 50, 100):
        part = Client().get(url, headers={"Range": f"bytes={start}-{start + 49}"})
        held += body(part)
    rest = Client().get(url, headers={"Range": "bytes=150-"})
    assert held + body(rest) == whole
    for headers in ({}, {"Range": "bytes=0-9"}):
        assert Client().get(url, headers=headers).status_code == 410


@pytest.mark.parametrize("n_blocks", [0, 1])
def test_a_reply_that_breaks_off_leaves_the_link_open(
    sealed, whole, program, monkeypatch, n_blocks
):
    monkeypatch.setattr("exports.ranges._BLOCK_BYTES", 64)
    url = link(program, sealed, path=PATH).json()["url"]
    broken = Client().get(url)
    stream = iter(broken.streaming_content)
    held = b"".join(next(stream) for _ in range(n_blocks))
    # Meanwhile nobody else gets the end of it.
    assert Client().get(url).status_code == 410
    break_off(broken)
    rest = Client().get(url, headers={"Range": f"bytes={len(held)}-"})
    assert held + body(rest) == whole


def test_the_archive_too_is_sent_once(sealed, folder, program):
    row = link(program, sealed).json()
    assert row["path"] is None
    answer = Client().get(row["url"], headers={"Range": "bytes=5-"})
    assert answer.status_code == 200, "an archive is made as it goes: it has no parts"
    with zipfile.ZipFile(io.BytesIO(body(answer))) as archive:
        assert archive.read(f"{sealed.name}/{PATH}") == (folder / PATH).read_bytes()
    assert Client().get(row["url"]).status_code == 410


def test_a_link_ends_after_its_minutes(sealed, program, settings, time_machine):
    settings.DOWNLOAD_MINUTES = 5
    start = clock.now()
    time_machine.move_to(start, tick=False)
    url = link(program, sealed, path=PATH).json()["url"]
    time_machine.move_to(start + timedelta(minutes=5, seconds=-1), tick=False)
    assert Client().head(url).status_code == 200
    time_machine.move_to(start + timedelta(minutes=5), tick=False)
    expired = Client().get(url)
    assert expired.status_code == 410
    assert "expired" in expired.json()["detail"]


def test_a_link_dies_with_the_right_to_it(judged, sealed, program):
    url = link(program, sealed, path=PATH).json()["url"]
    ApiToken.objects.update(revoked_at=clock.now())
    assert Client().get(url).status_code == 404
    ApiToken.objects.update(revoked_at=None)
    judged.study.enrollments.filter(user=judged.study.created_by).update(
        ended_at=clock.now()
    )
    assert Client().get(url).status_code == 404


def _other_end(signature):
    return signature[:-1] + ("B" if signature.endswith("A") else "A")


@pytest.mark.parametrize("spoil", [str.upper, _other_end, lambda s: s[1:]])
def test_an_address_that_was_not_signed_is_nothing(sealed, program, spoil):
    url = link(program, sealed, path=PATH).json()["url"]
    signature = url.rstrip("/").rpartition("/")[2]
    forged = reverse("api_download", args=[spoil(signature)])
    assert Client().get(forged).status_code == 404
    uid = DownloadLink.objects.get().uid
    assert Client().get(reverse("api_download", args=[uid])).status_code == 404


@pytest.mark.parametrize(
    "fields", [{"path": "../secret"}, {"path": 5}, {"path": "\0"}, {"file": PATH}]
)
def test_a_link_to_anything_else_is_refused(sealed, program, fields):
    answer = link(program, sealed, **fields)
    assert answer.status_code == 422
    assert not DownloadLink.objects.exists()


def test_the_log_does_not_repeat_the_address(sealed, program):
    url = link(program, sealed, path=PATH).json()["url"]
    signature = url.rstrip("/").rpartition("/")[2]
    assert signature not in without_tokens(f"Gone: {url}")


def test_links_of_long_ago_are_forgotten(sealed, program):
    link(program, sealed, path=PATH)
    DownloadLink.objects.update(expires_at=clock.now() - timedelta(days=2))
    link(program, sealed, path=PATH)
    assert DownloadLink.objects.count() == 1
