"""What cannot work is refused in one sentence that says what to do."""

import os
import socket
import subprocess
import sys

import pytest

from rlhf_site import local_services
from rlhf_site.embedded.errors import ServiceError
from rlhf_site.embedded.places import Places
from rlhf_site.embedded.processes import Owner
from tests.services.conftest import REPOSITORY

pytestmark = pytest.mark.services


def test_a_data_directory_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError, match="a part of the path is a file; set CONS"):
        local_services.ensure_started(data=tmp_path / "file" / "var")


def test_a_data_directory_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError, match="a part of the path is a file"):
        local_services.ensure_started(data=tmp_path / "file")


def test_a_full_disk(tmp_path):
    with pytest.raises(ServiceError, match=r"Only \d+ MiB are free .* set CONSILIUM"):
        Places.of(tmp_path).require_free(10**9, purpose="PostgreSQL")


def test_a_user_without_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    with pytest.raises(ServiceError, match="User 54321 has no entry in /etc/passwd"):
        Owner.for_postgres(tmp_path / "postgres")


def test_somebody_elses_cluster(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    if tmp_path.stat().st_uid == 0:
        os.chown(tmp_path, 65534, 65534)
    with pytest.raises(
        ServiceError, match=r"belongs to user \d+ and you are user 54321"
    ):
        Owner.for_postgres(tmp_path)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_somebody_elses_socket_folder(data):
    sockets = Places.of(data).sockets
    sockets.mkdir()
    os.chown(sockets, 54321, 54321)
    try:
        with pytest.raises(ServiceError, match="sockets would not be private"):
            local_services.ensure_started(data=data)
    finally:
        sockets.rmdir()


def test_a_cluster_of_another_version(data):
    local_services.ensure_started(data=data, fast=True)
    local_services.stop(data=data)
    (data / "postgres" / "PG_VERSION").write_text("14\n")
    with pytest.raises(ServiceError, match="made by PostgreSQL 14 and"):
        local_services.ensure_started(data=data)


def test_a_link_to_a_lost_cluster(data):
    data.mkdir()
    (data / "postgres").symlink_to(data / "elsewhere")
    with pytest.raises(ServiceError, match="which is gone; bring it back, or remove"):
        local_services.ensure_started(data=data)
    (data / "postgres").unlink()


def test_programs_that_are_not_there(data, monkeypatch, tmp_path):
    monkeypatch.setenv("CONSILIUM_POSTGRES_BIN", str(tmp_path))
    with pytest.raises(ServiceError, match="holds no program named postgres"):
        local_services.ensure_started(data=data)


def test_a_server_that_does_not_start_says_why(data):
    local_services.ensure_started(data=data, fast=True)
    local_services.stop(data=data)
    with (data / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("work_mem = 'plenty'\n")
    with pytest.raises(
        ServiceError, match=r"did not start: .*FATAL.* See .*postgres\.log"
    ):
        local_services.ensure_started(data=data)


def test_a_port_in_use_is_named_with_the_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "runlocal", "--port", str(port)],
            check=False,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert f"Port {port} cannot be used" in done.stderr
    assert f"PORT={port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def bootstrap(tmp_path):
    """Run the bootstrap script of an empty project with this environment."""
    script = tmp_path / "scripts" / "bootstrap"
    script.parent.mkdir()
    script.write_text((REPOSITORY / "scripts" / "bootstrap").read_text())

    def run(**environment: str) -> str:
        done = subprocess.run(
            ["/bin/sh", str(script), "core"],
            check=False,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert not (tmp_path / ".venv").exists()
        return done.stderr

    return run


def test_a_python_that_is_not_there(bootstrap):
    said = bootstrap(PATH=os.defpath, PYTHON="no-such-python")
    assert "PYTHON=no-such-python is not a program; name a Python 3.11" in said


def test_a_python_that_is_too_old(bootstrap, tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\n[ $1 = --version ] && echo Python 3.8.1 || echo False\n")
    old.chmod(0o755)
    said = bootstrap(PATH=f"{tmp_path}")
    assert "needs Python 3.11, 3.12 or 3.13 and this machine has Python 3.8.1" in said


def test_no_python_at_all(bootstrap, tmp_path):
    said = bootstrap(PATH=str(tmp_path))
    assert "this machine has no python3 at all; install one, or name it" in said
