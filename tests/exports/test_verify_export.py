"""verify_export: hashes and signature, offline, by Django or without it."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from exports import manifest
from exports.minisign import SecretKey
from exports.verifying import Code, check, main

ROOT = Path(__file__).resolve().parents[2]
SECRET = SecretKey(key_id=b"8 bytes!", seed=bytes(32))


@pytest.fixture
def export(tmp_path):
    folder = tmp_path / "export"
    (folder / "sft").mkdir(parents=True)
    (folder / "README.md").write_text("# Card\n")
    (folder / "sft" / "train-00000-of-00001.parquet").write_bytes(b"PAR1")
    manifest.write_manifest(folder)
    return folder


@pytest.fixture
def key(tmp_path):
    file = tmp_path / "consilium.pub"
    file.write_text(SECRET.public.text)
    return file


def sign(folder, *, secret=SECRET, sha256=""):
    sums = folder / manifest.NAME
    sha256 = sha256 or manifest.file_sha256(sums)
    text = secret.sign(
        sums.read_bytes(), trusted_comment=f"version:1.0.0\tmanifest:{sha256}"
    )
    (folder / manifest.SIGNATURE).write_text(text)


def test_a_signed_folder_is_good_and_its_manifest_is_as_before(export, key):
    before = (export / manifest.NAME).read_bytes()
    sign(export)
    assert manifest.verify_folder(export).is_intact
    manifest.write_manifest(export)
    assert (export / manifest.NAME).read_bytes() == before
    finding = check(export, key_file=key, expected="")
    assert finding.code == Code.GOOD
    assert f"Signed with key {SECRET.public.name}" in finding.verdict
    assert "version:1.0.0" in finding.verdict


def test_what_was_not_checked_is_said(export):
    assert "not signed" in check(export, key_file=None, expected="").verdict
    sign(export)
    assert "was not checked" in check(export, key_file=None, expected="").verdict


def test_each_kind_of_trouble_has_a_code(export, key, tmp_path):
    assert check(export, key_file=key, expected="").code == Code.UNSIGNED
    sign(export, secret=SecretKey(key_id=SECRET.key_id, seed=b"1" * 32))
    assert check(export, key_file=key, expected="").code == Code.UNSIGNED
    # A true signature that speaks of another release.
    sign(export, sha256="0" * 64)
    assert "another manifest" in check(export, key_file=key, expected="").verdict
    sign(export)
    wrong = check(export, key_file=tmp_path / "no.pub", expected="")
    assert wrong.code == Code.UNREADABLE
    assert "no.pub" in wrong.verdict
    assert check(tmp_path, key_file=None, expected="").code == Code.UNREADABLE
    assert check(export, key_file=key, expected="0" * 64).code == Code.CHANGED
    (export / "README.md").write_text("# Card!\n")
    changed = check(export, key_file=key, expected="")
    assert changed.code == Code.CHANGED
    assert changed.problems == ("README.md: changed",)


def test_rewriting_files_and_manifest_does_not_get_past_the_signature(export, key):
    sign(export)
    (export / "README.md").write_text("# Forged\n")
    manifest.write_manifest(export)
    assert check(export, key_file=None, expected="").code == Code.GOOD
    assert check(export, key_file=key, expected="").code == Code.UNSIGNED


def test_the_command_ends_with_the_code(export, key):
    sign(export)
    out = io.StringIO()
    call_command("verify_export", str(export), key=key, stdout=out)
    assert "Signed with key" in out.getvalue()
    (export / manifest.SIGNATURE).unlink()
    with pytest.raises(CommandError) as refusal:
        call_command("verify_export", str(export), key=key)
    assert refusal.value.returncode == Code.UNSIGNED


def test_without_django_and_database(export, key):
    """Where only the code, pyarrow's neighbors aside, is installed."""
    sign(export)
    run = subprocess.run(
        [sys.executable, "-m", "exports.verifying", export, "--key", key],
        cwd=ROOT,
        env={"PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == Code.GOOD, run.stderr
    assert "Signed with key" in run.stdout
    said = []
    (export / "README.md").unlink()
    assert main([str(export)], say=said.append) == Code.CHANGED
    assert said[0] == "README.md: missing"
