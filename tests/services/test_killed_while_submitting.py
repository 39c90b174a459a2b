"""kill -9 of web, worker and database while 2,000 judgments are submitted.

A 2xx means committed: each acknowledged judgment is there, none twice. Everything is
real here: the supervisor, gunicorn, Celery, and PostgreSQL with its safe settings.
"""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import psycopg
import pytest

from rlhf_site import local_services
from tests.services.conftest import REPOSITORY

pytestmark = [pytest.mark.services, pytest.mark.fault, pytest.mark.slow]

N_RATERS, N_TASKS = 8, 250
N_KILLS, SECONDS_BETWEEN_KILLS = 9, 2.5
SEED = 20261123

# Prints, for each rater, the cookie of a session and where to begin.
_SET_UP = """
import json, sys
import django
django.setup()
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from tests.builders import make_rater, make_study

raters, tasks = map(int, sys.argv[1:])
study = make_study(n_prompts=tasks, n_completions=1, overlap=raters)
cookies = []
for _ in range(raters):
    user = make_rater(study).user
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    cookies.append(session.session_key)
print(json.dumps({"cookies": cookies, "start": f"/studies/{study.uid}/rate/"}))
"""


def _environment(data: Path) -> dict[str, str]:
    inherited = os.environ  # noqa: TID251 - to pass on
    kept = {k: v for k, v in inherited.items() if not k.startswith("CONSILIUM_")}
    kept.pop("DATABASE_URL", None)
    kept.pop("BROKER_URL", None)
    return kept | {
        "CONSILIUM_DATA_DIR": str(data),
        "DJANGO_SETTINGS_MODULE": "rlhf_site.settings",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def running(data, tmp_path):
    """The whole application on a port of its own; yields the port and the process."""
    port = _free_port()
    log = tmp_path / "runlocal.log"
    with log.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "runlocal", "--migrate", "--port", str(port)],
            cwd=REPOSITORY,
            env=_environment(data),
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    deadline = time.monotonic() + 120
    while "Consilium is ready" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
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


class _Rater:
    """A browser without a screen: it keeps the form until the server confirms it."""

    def __init__(self, port: int, cookie: str, start: str) -> None:
        self.port, self.start = port, start
        self.headers = {"Cookie": f"sessionid={cookie}; csrftoken={'c' * 32}"}
        self.acknowledged: list[str] = []
        self.n_failures = 0

    def _ask(self, method: str, path: str, body: str = ""):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = dict(self.headers)
        if method == "POST":
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-CSRFToken": "c" * 32,
                "HX-Request": "true",
            }
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    def _insist(self, method: str, path: str, body: str = ""):
        """Repeat the very same request until the server has a real answer."""
        deadline = time.monotonic() + 120
        while True:
            try:
                status, headers, text = self._ask(method, path, body)
            except (OSError, http.client.HTTPException):
                status = 0
            if 0 < status < 500:
                return status, headers, text
            assert time.monotonic() < deadline, f"{method} {path}: nobody answers"
            self.n_failures += 1
            time.sleep(0.2)

    def judge_everything(self) -> None:
        path, page = self._begin()
        while path:
            fields = _form(page)
            status, headers, page = self._insist("POST", path, urlencode(fields))
            assert status == 200, page
            self.acknowledged.append(fields["idempotency_key"])
            path = headers.get("HX-Push-Url", "")
            if not path:
                path, page = self._begin()

    def _begin(self) -> tuple[str, str]:
        status, headers, page = self._insist("GET", self.start)
        if status == 302:
            path = headers["Location"]
            status, _, page = self._insist("GET", path)
            assert status == 200, page
            return path, page
        assert "Nothing is left for you" in page
        return "", page


def _form(page: str) -> dict[str, str]:
    fields = dict(re.findall(r'type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', page))
    names = set(re.findall(r'name="(ratings-[a-z]+)"', page))
    return {k: unescape(v) for k, v in fields.items()} | dict.fromkeys(names, "4")


@pytest.mark.timeout(600)
def test_no_acknowledged_judgment_is_lost_or_doubled(running, data):
    port, process = running
    made = subprocess.run(
        [sys.executable, "-c", _SET_UP, str(N_RATERS), str(N_TASKS)],
        cwd=REPOSITORY,
        env=_environment(data),
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    world = json.loads(made.stdout.splitlines()[-1])
    raters = [_Rater(port, cookie, world["start"]) for cookie in world["cookies"]]
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
        list(pool.map(_Rater.judge_everything, raters))
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
