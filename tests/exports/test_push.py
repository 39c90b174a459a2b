"""Copies to other stores: our bytes, the manifest last, and only where it is allowed."""

import base64
import hashlib
import json
from io import StringIO
from urllib.parse import unquote

import fsspec
import httpx2
import pytest
from django.core.management import CommandError, call_command
from huggingface_hub.utils import close_session, set_client_factory

from exports.models import Push
from exports.pushing import check_target, copy_folder, request_push
from feedback.audit.models import AuditEvent
from feedback.common.exceptions import Conflict, Invalid
from feedback.jobs.models import Job
from feedback.jobs.services import run_job
from tests.exports.conftest import contents


@pytest.fixture(autouse=True)
def stored_where_it_was_sealed(settings, shared):
    settings.EXPORT_DIR = shared[0].directory


@pytest.fixture
def memory():
    store = fsspec.filesystem("memory")
    store.store.clear()
    yield store
    store.store.clear()


def held(store, base):
    return {
        path.removeprefix(base).lstrip("/"): store.cat_file(path)
        for path in store.find(base)
    }


def push(study, target, *words):
    out = StringIO()
    call_command("push_snapshot", str(study.uid), "--to", target, *words, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("s3://bucket/chat/3", ["s3://bucket"]),
        ("s3://bucket/chat/3", ["s3://bucket/chat/"]),
        ("hub://owner/name", ["hub://owner"]),
        ("file:///srv/data/1", ["s3://x", "file:///srv/data"]),
    ],
)
def test_a_prefix_allows_what_is_below_it(target, allowed):
    check_target(target, allowed)


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("s3://bucket/x", []),
        ("s3://bucket-of-others/x", ["s3://bucket"]),
        ("s3://bucket/chatter", ["s3://bucket/chat"]),
        ("s3://bucket/../other", ["s3://bucket"]),
        ("s3://key:secret@bucket/x", ["s3://key:secret@bucket"]),
        ("simplecache::s3://bucket/x", ["simplecache::s3://bucket"]),
        ("/srv/data", ["/srv"]),
        ("file:///etc", ["s3://bucket"]),
        ("", [""]),
        ("memory://x", [""]),
    ],
)
def test_anything_else_is_refused(target, allowed):
    with pytest.raises(Invalid, match="may write to"):
        check_target(target, allowed)


def test_nothing_may_be_pushed_anywhere_by_default(judged, sealed):
    with pytest.raises(CommandError, match="CONSILIUM_PUSH_TARGETS"):
        push(judged.study, "memory://chat/1")
    assert not Push.objects.exists()


def test_the_copy_has_our_bytes_and_is_logged(judged, sealed, folder, memory, settings):
    settings.PUSH_TARGETS = ["memory://chat"]
    said = push(judged.study, "memory://chat/1")
    assert held(memory, "/chat/1") == contents(folder)
    assert sealed.manifest_sha256 in said
    assert Push.objects.get().finished_at is not None
    pushed = AuditEvent.objects.get(action="snapshot.pushed")
    assert pushed.details["target"] == "memory://chat/1"


def test_a_folder_of_this_machine_is_a_target_too(
    judged, sealed, folder, tmp_path, settings
):
    settings.PUSH_TARGETS = [f"file://{tmp_path}"]
    push(judged.study, f"file://{tmp_path}/shelf/1")
    assert contents(tmp_path / "shelf" / "1") == contents(folder)


def test_a_push_that_broke_off_sends_what_is_missing(sealed, folder, memory):
    base = "memory://chat/1"
    copy_folder(folder, sealed, base)
    memory.rm_file("/chat/1/SHA256SUMS")
    memory.pipe_file("/chat/1/README.md", b"half")
    assert copy_folder(folder, sealed, base) == 2
    assert held(memory, "/chat/1") == contents(folder)
    assert copy_folder(folder, sealed, base) == 0


def test_the_manifest_goes_last(sealed, folder, memory, monkeypatch):
    sent = []
    put = type(memory).put_file
    monkeypatch.setattr(
        type(memory),
        "put_file",
        lambda self, source, place, **more: (
            sent.append(place),
            put(self, source, place, **more),
        ),
    )
    copy_folder(folder, sealed, "memory://chat/1")
    assert sent[-1].endswith("/SHA256SUMS")
    assert len(sent) == len(contents(folder))


def test_a_store_that_changes_bytes_is_found_out(sealed, folder, memory, monkeypatch):
    monkeypatch.setattr(
        type(memory),
        "put_file",
        lambda self, _source, place, **_more: self.pipe_file(place, b"other"),
    )
    with pytest.raises(Conflict, match="not what was sent"):
        copy_folder(folder, sealed, "memory://chat/1")
    assert not memory.exists("/chat/1/SHA256SUMS")


def test_two_exports_are_never_mixed(sealed, folder, memory):
    memory.pipe_file("/chat/1/SHA256SUMS", b"another")
    with pytest.raises(Conflict, match="Another export"):
        copy_folder(folder, sealed, "memory://chat/1")


def test_a_worker_copies_what_was_queued(judged, sealed, folder, memory, settings):
    settings.PUSH_TARGETS = ["memory://chat"]
    push(judged.study, "memory://chat/1", "--queue")
    assert held(memory, "/chat/1") == {}
    assert run_job(job_id=Job.objects.get(kind=Push.PUSH_JOB).pk)
    assert held(memory, "/chat/1") == contents(folder)


def test_a_target_that_is_allowed_no_more_fails_and_says_so(
    judged, sealed, memory, settings
):
    request_push(
        snapshot=sealed,
        target="memory://chat/1",
        actor=judged.study.created_by,
        allowed=["memory://chat"],
    )
    settings.PUSH_TARGETS = []
    assert not run_job(job_id=Job.objects.get(kind=Push.PUSH_JOB).pk)
    assert "may write to" in Push.objects.get().error
    assert held(memory, "/chat/1") == {}


def test_what_is_not_sealed_is_not_pushed(judged):
    with pytest.raises(Conflict, match="not sealed"):
        request_push(
            snapshot=judged.request(),
            target="memory://chat/1",
            actor=judged.study.created_by,
            allowed=["memory://chat"],
        )


class Hub:
    """As much of the Hugging Face Hub as an upload needs; keeps what it is sent."""

    def __init__(self):
        self.files = {".gitattributes": b"*.parquet filter=lfs\n"}
        self.is_private = None
        self.tokens = set()
        self.change = bytes

    def __call__(self, request):
        self.tokens.add(request.headers.get("authorization"))
        path = unquote(request.url.path)
        answers = {
            "/repos/create": self._create,
            "/validate-yaml": lambda _: {"errors": [], "warnings": []},
            "/preupload/": self._modes,
            "/commit/": self._commit,
            "/tree/": lambda _: [self._entry(name) for name in self.files],
            "/api/datasets/": lambda _: {"id": "o/n", "private": self.is_private},
        }
        answer = next(answer for part, answer in answers.items() if part in path)
        return httpx2.Response(200, json=answer(request))

    def _create(self, request):
        if self.is_private is None:
            asked = json.loads(request.content)
            self.is_private = asked["visibility"] == "private"
        return {"url": "https://huggingface.co/datasets/o/n"}

    def _modes(self, request):
        asked = json.loads(request.content)["files"]
        return {
            "files": [
                {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                for f in asked
            ]
        }

    def _commit(self, request):
        for line in request.content.decode().splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                content = base64.b64decode(value["content"])
                self.files[value["path"]] = self.change(content)
            elif entry["key"] == "deletedFile":
                del self.files[value["path"]]
        return {
            "success": True,
            "commitOid": "c" * 40,
            "commitUrl": f"https://huggingface.co/datasets/o/n/commit/{'c' * 40}",
        }

    def _entry(self, path):
        content = self.files[path]
        header = f"blob {len(content)}\0".encode()
        oid = hashlib.sha1(header + content, usedforsecurity=False).hexdigest()
        return {"type": "file", "path": path, "size": len(content), "oid": oid}


@pytest.fixture
def hub(settings):
    hub = Hub()
    set_client_factory(
        lambda: httpx2.Client(transport=httpx2.MockTransport(hub), timeout=5)
    )
    settings.PUSH_TARGETS = ["hub://o"]
    settings.HUB_TOKEN = "hf_secret"
    yield hub
    close_session()
    set_client_factory(httpx2.Client)
    close_session()


def test_the_hub_gets_our_bytes_in_one_private_commit(judged, sealed, folder, hub):
    hub.files["kto/of-an-earlier-snapshot.parquet"] = b"old"
    push(judged.study, "hub://o/n")
    del hub.files[".gitattributes"]
    assert hub.files == contents(folder)
    assert hub.is_private is True
    assert hub.tokens - {None} == {"Bearer hf_secret"}
    rows = [repr(vars(row)) for row in (*Push.objects.all(), *AuditEvent.objects.all())]
    assert not [row for row in rows if "hf_secret" in row]


def test_a_public_repository_gets_nothing(judged, sealed, hub):
    hub.is_private = False
    with pytest.raises(CommandError, match="is public"):
        push(judged.study, "hub://o/n")
    assert hub.files.keys() == {".gitattributes"}


def test_a_hub_that_changes_bytes_is_found_out(judged, sealed, hub):
    hub.change = lambda content: content + b" "
    with pytest.raises(CommandError, match="does not hold what was sent"):
        push(judged.study, "hub://o/n")
    assert Push.objects.get().finished_at is None


def test_without_a_token_the_hub_is_not_asked(judged, sealed, hub, settings):
    settings.HUB_TOKEN = ""
    with pytest.raises(CommandError, match="no token"):
        push(judged.study, "hub://o/n")
    assert hub.tokens == set()


@pytest.mark.parametrize("target", ["hub://o", "hub://o/n/m"])
def test_a_name_that_is_no_repository_is_refused(judged, sealed, hub, target):
    with pytest.raises(CommandError, match="not a repository"):
        push(judged.study, target)
