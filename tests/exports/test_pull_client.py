"""``consilium pull``: the right folder, every hash checked, and it goes on where it broke."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from datasets import DatasetDict, load_dataset

from exports.client import command, loading, pulling
from exports.client.choosing import Wanted
from exports.client.failures import Code, Failure
from exports.client.fetching import safe_path
from exports.client.pulling import pull
from exports.client.service import Service
from tests.exports.conftest import contents
from tests.exports.local_web import Ours, connect
from tests.exports.test_tokens import token_for

URL = "http://localhost"
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def stored_where_it_was_sealed(settings, shared):
    settings.EXPORT_DIR = shared[0].directory


@pytest.fixture
def study(judged):
    return judged.study


@pytest.fixture
def token(study):
    return token_for(study.created_by)[1]


@pytest.fixture
def ours():
    return Ours()


@pytest.fixture
def service(token, ours):
    return connect(Service(URL, token, pause_seconds=0), ours)


@pytest.mark.parametrize(
    ("text", "study", "version"),
    [
        ("chat", "chat", ""),
        ("chat@3", "chat", "3"),
        ("chat@1.2.0", "chat", "1.2.0"),
        ("chat@latest", "chat", ""),
        ("a@b", "a@b", ""),
        ("a@b@12", "a@b", "12"),
    ],
)
def test_what_a_name_means(text, study, version):
    assert Wanted.from_text(text) == Wanted(study, version)


def test_the_folder_is_the_sealed_one(service, study, sealed, folder, tmp_path):
    pulled = pull(service, f"{study.uid}@1", out=tmp_path / "got")
    assert contents(tmp_path / "got") == contents(folder)
    assert pulled.manifest_sha256 == sealed.manifest_sha256
    assert (pulled.number, pulled.version, pulled.signed_by) == (1, "", "")
    again = pull(service, str(study.uid), out=tmp_path / "got")
    assert again.n_fetched == 0


@pytest.mark.parametrize("how", ["uid", "name", "slug"])
def test_a_study_is_found_by_each_of_its_names(service, study, sealed, tmp_path, how):
    name = {
        "uid": str(study.uid),
        "name": study.name,
        "slug": service.one("api/v1/studies/")["results"][0]["slug"],
    }[how]
    pulled = pull(service, name, parent=tmp_path)
    assert pulled.folder.name.endswith("-snapshot-1")
    assert pulled.folder.parent == tmp_path


def test_what_was_pulled_loads(service, study, sealed, tmp_path):
    pull(service, str(study.uid), configuration="preference", out=tmp_path / "got")
    loaded = load_dataset(
        str(tmp_path / "got"), "preference", cache_dir=str(tmp_path / "cache")
    )
    assert loaded["train"].num_rows > 0


def test_load_returns_a_dataset_dict(study, sealed, token, ours, tmp_path, monkeypatch):
    monkeypatch.setattr(
        loading, "Service", lambda url, text: connect(Service(url, text), ours)
    )
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    loaded = loading.load(
        f"{study.uid}@1", "kto", url=URL, token=token, directory=tmp_path / "pulled"
    )
    assert isinstance(loaded, DatasetDict)
    rows = sealed.files.filter(configuration="kto", split="train")
    assert loaded["train"].num_rows == sum(file.n_rows for file in rows)


def test_a_download_that_breaks_goes_on_at_the_byte(
    service, ours, study, sealed, folder, tmp_path
):
    ours.break_after = {"README.md": 1000}
    pull(service, str(study.uid), out=tmp_path / "got")
    asked = [part for path, part in ours.asked if path.endswith("README.md")]
    assert asked == [None, "bytes=1000-"]
    assert contents(tmp_path / "got") == contents(folder)


def test_a_pull_that_was_stopped_goes_on_where_it_was(
    service, ours, study, sealed, folder, tmp_path
):
    ours.change = {"SHA256SUMS": lambda _body: b"x" * len(_body)}
    with pytest.raises(Failure):
        pull(service, str(study.uid), out=tmp_path / "got")
    assert not (tmp_path / "got").exists()
    ours.change = {}
    ours.asked.clear()
    pull(service, str(study.uid), out=tmp_path / "got")
    files = [path for path, _ in ours.asked if "/files/" in path]
    listed = list(sealed.files.values_list("path", flat=True))
    assert len(files) < len(listed)
    assert contents(tmp_path / "got") == contents(folder)


def test_other_bytes_than_were_sealed_never_show(
    service, ours, study, sealed, tmp_path
):
    ours.change = {"README.md": lambda body: body.replace(b"a", b"b", 1)}
    with pytest.raises(Failure, match="other bytes") as failure:
        pull(service, str(study.uid), out=tmp_path / "got")
    assert failure.value.code == Code.DAMAGED
    assert not (tmp_path / "got").exists()


def test_a_list_that_differs_from_the_manifest_is_refused(
    service, study, sealed, tmp_path
):
    bytes_of = (tmp_path / "x").write_bytes
    bytes_of(b"")
    files = [{"path": "README.md", "sha256": "0" * 64}]
    folder = tmp_path / "got"
    folder.mkdir()
    (folder / "SHA256SUMS").write_text(f"{'1' * 64}  README.md\n")
    snapshot = {"manifest_sha256": pulling._hash_of(folder / "SHA256SUMS")}
    with pytest.raises(Failure, match=r"it differs at README\.md"):
        pulling._check_manifest(folder, files, snapshot)


def test_what_lies_there_is_never_overwritten(service, study, sealed, tmp_path):
    (tmp_path / "got").mkdir()
    (tmp_path / "got" / "thesis.txt").write_text("mine")
    with pytest.raises(Failure, match="holds something else") as failure:
        pull(service, str(study.uid), out=tmp_path / "got")
    assert failure.value.code == Code.NOT_WRITABLE
    assert contents(tmp_path / "got") == {"thesis.txt": b"mine"}


@pytest.mark.parametrize(
    "path",
    ["../x", "/etc/passwd", "a/../../x", "..", "", "a\\..\\x", "c:/x"],
)
def test_a_server_cannot_choose_a_place_outside(path, tmp_path):
    with pytest.raises(Failure):
        safe_path(tmp_path, path)


@pytest.mark.parametrize(
    ("wanted", "options", "code"),
    [
        ("nobody", {}, Code.NOT_FOUND),
        ("{uid}@7", {}, Code.NOT_FOUND),
        ("{uid}@9.9.9", {}, Code.NOT_FOUND),
        ("{uid}", {"configuration": "chess"}, Code.NOT_FOUND),
        ("{uid}", {"public_key": "RW"}, Code.DAMAGED),
    ],
)
def test_what_cannot_be_had_says_why(
    service, study, sealed, tmp_path, wanted, options, code
):
    with pytest.raises(Failure) as failure:
        pull(service, wanted.format(uid=study.uid), out=tmp_path / "got", **options)
    assert failure.value.code == code
    assert not (tmp_path / "got").exists()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.org", Code.NOT_ALLOWED),
        ("ftp://example.org", Code.UNREACHABLE),
        ("example.org", Code.UNREACHABLE),
    ],
)
def test_a_token_is_not_sent_in_the_open(url, code):
    with pytest.raises(Failure) as failure:
        Service(url, "token")
    assert failure.value.code == code


def test_a_server_that_is_not_there_is_said_so(capsys):
    service = Service("http://127.0.0.1:9", "token", pause_seconds=0)
    with pytest.raises(Failure, match="does not answer"):
        service.one("api/v1/studies/")


@pytest.fixture
def consilium(ours, monkeypatch, capsys):
    """The command line, on our application."""
    monkeypatch.setattr(
        command, "Service", lambda url, text: connect(Service(url, text), ours)
    )

    def consilium(*words, environ=None):
        code = command.main([*map(str, words)], environ=environ or {})
        return code, capsys.readouterr()

    return consilium


def test_the_command_prints_the_line_that_loads_it(
    consilium, study, sealed, token, tmp_path
):
    (tmp_path / "token").write_text(f"{token}\n")
    code, said = consilium(
        "pull", f"{study.uid}@1", "--config", "preference", "--url", URL,
        "--token-file", tmp_path / "token", "--out", tmp_path / "got",
    )  # fmt: skip
    assert code == 0
    assert said.out.rstrip().endswith(f'load_dataset("{tmp_path}/got", "preference")')
    assert sealed.manifest_sha256 in said.out
    assert token not in said.out + said.err


def test_the_command_takes_the_token_from_the_environment(
    consilium, study, sealed, token, tmp_path
):
    environ = {"CONSILIUM_TOKEN": token, "CONSILIUM_URL": URL}
    code, _said = consilium(
        "pull", study.uid, "--out", tmp_path / "got", environ=environ
    )
    assert code == 0


def test_exit_codes_tell_scripts_what_went_wrong(
    consilium, study, sealed, token, tmp_path
):
    environ = {"CONSILIUM_URL": URL}
    code, said = consilium("pull", study.uid, environ=environ)
    assert (code, "no token" in said.err) == (Code.NOT_ALLOWED, True)
    wrong = environ | {"CONSILIUM_TOKEN": "consilium_wrong"}
    code, said = consilium("pull", study.uid, environ=wrong)
    assert (code, "not one of ours" in said.err) == (Code.NOT_ALLOWED, True)
    code, said = consilium(
        "pull", "nobody", environ=environ | {"CONSILIUM_TOKEN": token}
    )
    assert (code, "no study called 'nobody'" in said.err) == (Code.NOT_FOUND, True)


def test_the_client_needs_neither_django_nor_settings():
    clean = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - to pass on
        if not name.startswith(("DJANGO", "CONSILIUM", "DATABASE"))
    }
    script = (
        "import sys; sys.modules['django'] = None\n"
        "from exports.client.command import main\n"
        "sys.exit(main(['pull', 'x', '--url', 'http://127.0.0.1:9'],"
        " environ={}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=REPOSITORY,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (Code.NOT_ALLOWED, "")
    assert "There is no token" in ended.stderr
