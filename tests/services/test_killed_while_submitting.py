"""kill -9 of web, worker and database while 2,000 judgments are submitted.

A 2xx means committed: each acknowledged judgment is there, none twice. Everything is
real here: the supervisor, gunicorn, Celery, and PostgreSQL with its safe settings.
"""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psycopg
import pytest

from rlhf_site import local_services
from tests.under_load import HttpRater, free_port, set_up, start

pytestmark = [pytest.mark.services, pytest.mark.fault, pytest.mark.slow]

N_RATERS, N_TASKS = 8, 250
N_KILLS, SECONDS_BETWEEN_KILLS = 9, 2.5
SEED = 20261123


@pytest.fixture
def running(data, tmp_path):
    """The whole application on a port of its own; yields the port and the process."""
    port = free_port()
    log = tmp_path / "runlocal.log"
    process = start(data, log, port)
    yield port, process
    process.send_signal(signal.SIGINT)
    process.wait(60)
    print(log.read_text())  # noqa: T201 - shown when the test fails


def _descendants(pid: int) -> dict[int, str]:
    """Every process below one, with its command line."""
    parents, commands = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
            except OSError:
                continue
            parents[int(folder.name)] = int(stat[1])
            commands[int(folder.name)] = command.decode(errors="replace")
    found, frontier = {}, {pid}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier}
        found |= {child: commands[child] for child in frontier}
    return found


def _victim(kind: str, process, data: Path, generator) -> int | None:
    if kind == "database":
        services = {one.name: one.pid for one in local_services.status(data=data)}
        return services["PostgreSQL"]
    word = {"web": "gunicorn", "worker": "celery"}[kind]
    pids = sorted(p for p, c in _descendants(process.pid).items() if word in c)
    return int(generator.choice(pids)) if pids else None


@pytest.mark.timeout(600)
def test_no_acknowledged_judgment_is_lost_or_doubled(running, data):
    port, process = running
    world = set_up(data, n_raters=N_RATERS, n_tasks=N_TASKS)
    raters = [HttpRater(port, cookie, world["start"]) for cookie in world["cookies"]]
    generator = np.random.default_rng(SEED)
    done = threading.Event()
    killed: list[str] = []

    def kill_now_and_then() -> None:
        for kind in (["web", "worker", "database"] * N_KILLS)[:N_KILLS]:
            if done.wait(SECONDS_BETWEEN_KILLS * generator.uniform(0.5, 1.5)):
                return
            pid = _victim(kind, process, data, generator)
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
                killed.append(kind)

    killer = threading.Thread(target=kill_now_and_then)
    killer.start()
    with ThreadPoolExecutor(N_RATERS) as pool:
        list(pool.map(HttpRater.judge, raters))
    done.set()
    killer.join()

    acknowledged = [key for rater in raters for key in rater.acknowledged]
    assert len(acknowledged) == len(set(acknowledged)) == N_RATERS * N_TASKS
    assert set(killed) == {"web", "worker", "database"}, killed
    assert any(rater.n_failures for rater in raters)
    with psycopg.connect(local_services.database_url(data)) as connection:
        stored = connection.execute(
            "SELECT idempotency_key::text FROM rating_judgment"
        ).fetchall()
        n_doubled = connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM rating_judgment"
            " GROUP BY task_id, rater_id HAVING count(*) > 1) d"
        ).fetchone()
        n_ratings = connection.execute(
            "SELECT count(*) FROM rating_criterionrating"
        ).fetchone()
    assert sorted(key for (key,) in stored) == sorted(acknowledged)
    assert n_doubled == (0,)
    assert n_ratings == (3 * N_RATERS * N_TASKS,)
