"""The embedded servers come back after anything short of a lost disk."""

import os
import shutil
import signal
import subprocess
import time

import psycopg
import pytest

from rlhf_site import local_services
from rlhf_site.embedded.places import Places

pytestmark = [pytest.mark.services, pytest.mark.fault]


def _pid(data, name):
    return {s.name: s.pid for s in local_services.status(data=data)}[name]


@pytest.mark.parametrize("round_", range(3))
def test_a_killed_database_comes_back_with_what_was_committed(data, ask, round_):
    local_services.ensure_started(data=data)
    ask(data, "CREATE TABLE said (n int)")
    for n in range(3):
        ask(data, f"INSERT INTO said VALUES ({n})")
        os.kill(_pid(data, "PostgreSQL"), signal.SIGKILL)
        local_services.ensure_started(data=data)
        assert ask(data, "SELECT count(*) FROM said") == n + 1


def test_a_database_killed_under_load_comes_back(data, ask):
    local_services.ensure_started(data=data)
    url = local_services.database_url(data)
    others = [psycopg.connect(url) for _ in range(20)]
    for connection in others:
        connection.execute("SELECT 1")
    os.kill(_pid(data, "PostgreSQL"), signal.SIGKILL)
    local_services.ensure_started(data=data)
    assert ask(data, "SELECT 1") == 1
    for connection in others:
        connection.close()


def test_a_killed_backend_only_delays(data, ask):
    local_services.ensure_started(data=data)
    with psycopg.connect(local_services.database_url(data)) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        local_services.ensure_started(data=data)
        assert ask(data, "SELECT 1") == 1


def test_a_killed_broker_comes_back(data):
    local_services.ensure_started(data=data, fast=True)
    before = _pid(data, "Valkey")
    os.kill(before, signal.SIGKILL)
    local_services.ensure_started(data=data, fast=True)
    assert _pid(data, "Valkey") not in {None, before}


def test_a_reused_process_id_is_not_taken_for_the_server(data, ask):
    local_services.ensure_started(data=data, fast=True)
    os.kill(_pid(data, "PostgreSQL"), signal.SIGKILL)
    os.kill(_pid(data, "Valkey"), signal.SIGKILL)
    time.sleep(0.3)
    file = Places.of(data).cluster / "postmaster.pid"
    rest = file.read_text().split("\n", 1)[1]
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            file.write_text(f"{stranger.pid}\n{rest}")
            (Places.of(data).valkey / "valkey.pid").write_text(f"{stranger.pid}\n")
            local_services.ensure_started(data=data, fast=True)
            assert ask(data, "SELECT 1") == 1
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_zombie_is_not_taken_for_the_server(data, ask):
    local_services.ensure_started(data=data, fast=True)
    local_services.stop(data=data)
    with subprocess.Popen(["true"]) as zombie:
        time.sleep(0.2)
        (Places.of(data).cluster / "postmaster.pid").write_text(f"{zombie.pid}\n")
        local_services.ensure_started(data=data, fast=True)
        assert ask(data, "SELECT 1") == 1


def test_sockets_that_were_swept_away_are_made_again(data, ask):
    local_services.ensure_started(data=data, fast=True)
    ask(data, "CREATE TABLE kept AS SELECT 7 AS n")
    shutil.rmtree(Places.of(data).sockets)
    local_services.ensure_started(data=data, fast=True)
    assert ask(data, "SELECT n FROM kept") == 7


def test_a_deleted_data_directory_is_begun_anew(data, ask):
    local_services.ensure_started(data=data, fast=True)
    ask(data, "CREATE TABLE gone AS SELECT 7 AS n")
    shutil.rmtree(data)
    local_services.ensure_started(data=data, fast=True)
    assert ask(data, "SELECT to_regclass('gone')") is None


def test_a_half_made_cluster_is_cleared_away(data, ask):
    (data / "draft-postgres-abc").mkdir(parents=True)
    local_services.ensure_started(data=data, fast=True)
    assert ask(data, "SELECT 1") == 1
    assert not list(data.glob("draft-*"))


def test_damaged_queue_files_are_put_aside(data, capsys):
    local_services.ensure_started(data=data, fast=True)
    local_services.stop(data=data)
    for file in (data / "valkey" / "appendonlydir").glob("*.aof"):
        file.write_bytes(b"this is not a log\r\n" * 5)
    local_services.ensure_started(data=data, fast=True)
    assert local_services.is_running(data=data)
    assert list(data.glob("valkey-damaged-*"))
    assert "No work is lost" in capsys.readouterr().err
