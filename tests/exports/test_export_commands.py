"""export_snapshot, verify_export and export_demo."""

import io

import datasets
import pytest
from django.core.management import CommandError, call_command

from exports.models import Snapshot
from tests import builders
from tests.exports.conftest import contents


def run(*arguments, **options):
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=out, **options)
    return out.getvalue()


@pytest.fixture
def study(judged):
    return judged.study


def test_a_snapshot_is_sealed_and_written(study, judged, tmp_path):
    said = run("export_snapshot", study.name, f"--out={tmp_path / 'new'}")
    snapshot = Snapshot.objects.get()
    assert snapshot.state == Snapshot.State.SEALED
    assert snapshot.requested_by == study.created_by
    assert contents(tmp_path / "new") == contents(judged.folder(snapshot))
    assert snapshot.manifest_sha256 in said
    assert "kto:" in said


def test_thresholds_and_the_person_are_taken(study, tmp_path):
    person = builders.make_user("Tess Thresholds")
    run(
        "export_snapshot",
        str(study.uid),
        f"--out={tmp_path / 'new'}",
        "--test-percent=30",
        "--min-raters=2",
        f"--as={person.email}",
    )
    snapshot = Snapshot.objects.get()
    assert (snapshot.test_percent, snapshot.rules["min_raters"]) == (30, 2)
    assert snapshot.requested_by == person


def test_a_sealed_snapshot_is_written_again(judged, study, tmp_path):
    snapshot = judged.seal()
    run("export_snapshot", study.name, "--number=1", f"--out={tmp_path / 'again'}")
    assert contents(tmp_path / "again") == contents(judged.folder(snapshot))
    assert Snapshot.objects.count() == 1


def test_the_servers_copy_is_restored(judged, study):
    snapshot = judged.seal()
    before = contents(judged.folder(snapshot))
    (judged.folder(snapshot) / "README.md").write_text("spoiled")
    run("export_snapshot", study.name, "--number=1", "--restore")
    assert contents(judged.folder(snapshot)) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nobody", "--out={new}"), "No study is called 'nobody'. There are: 'Study"),
        (("{name}", "--out={full}"), "is not an empty folder"),
        (("{name}", "--out={new}", "--number=7"), "no sealed snapshot 7.*none"),
        (("{name}", "--out={new}", "--as=x@example.org"), "Nobody active"),
        (("{name}", "--out={new}", "--test-percent=51"), "--test-percent: .*50"),
        (("{name}", "--restore"), "--restore needs --number"),
    ],
)
def test_what_cannot_be_done_is_said_and_seals_nothing(
    study, tmp_path, arguments, message
):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    places = {
        "name": study.name,
        "new": tmp_path / "new",
        "full": tmp_path / "full",
    }
    with pytest.raises(CommandError, match=message):
        run("export_snapshot", *(a.format(**places) for a in arguments))
    assert not Snapshot.objects.exists()
    assert (tmp_path / "full" / "mine.txt").read_text() == "keep"


def test_an_intact_folder_is_verified_and_not_taken_for_another(judged):
    snapshot = judged.seal()
    folder = str(judged.folder(snapshot))
    sha256 = snapshot.manifest_sha256
    said = run("verify_export", folder, f"--manifest={sha256}")
    assert "is intact" in said
    assert sha256 in said
    with pytest.raises(CommandError, match="another export"):
        run("verify_export", folder, f"--manifest={'0' * 64}")


@pytest.mark.parametrize("harm", ["changed", "missing", "not listed in SHA256SUMS"])
def test_a_harmed_folder_is_named_file_by_file(judged, tmp_path, harm):
    snapshot = judged.seal()
    folder = judged.folder(snapshot)
    readme = folder / "README.md"
    if harm == "changed":
        readme.write_bytes(readme.read_bytes()[:-1] + b"!")
    elif harm == "missing":
        readme.unlink()
    else:
        readme = folder / "more.txt"
        readme.write_text("more")
    out = io.StringIO()
    with pytest.raises(CommandError, match="is not what was sealed"):
        call_command("verify_export", str(folder), stderr=out)
    assert f"{readme.name}: {harm}" in out.getvalue()


@pytest.mark.parametrize("manifest", [None, "not a manifest\n"])
def test_a_folder_without_a_manifest_is_no_export(tmp_path, manifest):
    if manifest:
        (tmp_path / "SHA256SUMS").write_text(manifest)
    with pytest.raises(CommandError, match="SHA256SUMS"):
        run("verify_export", str(tmp_path))


def test_the_demo_is_the_newest_sealed_snapshot_and_replaces_itself(judged, settings):
    judged.seal()
    newest = judged.seal()
    judged.request()
    for _ in range(2):
        said = run("export_demo")
        folder = settings.EXPORT_DIR / "demo"
        assert contents(folder) == contents(judged.folder(newest))
    (line,) = [line for line in said.splitlines() if line.startswith("  kto =")]
    names = {"load_dataset": datasets.load_dataset}
    exec(line.strip(), names)
    assert set(names["kto"]) == {"train", "test"}


def test_the_demo_needs_a_sealed_snapshot_and_a_folder_of_its_own(judged, tmp_path):
    with pytest.raises(CommandError, match="make demo"):
        run("export_demo")
    judged.seal()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("keep")
    with pytest.raises(CommandError, match="is not an empty folder"):
        run("export_demo", f"--out={tmp_path / 'mine'}")
    assert (tmp_path / "mine" / "thesis.txt").exists()
