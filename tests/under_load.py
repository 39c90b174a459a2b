"""The whole application under load: started as `make run` starts it, used by HTTP.

Shared by the fault test and by benchmarks/submit_latency.py.
"""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

REPOSITORY = Path(__file__).resolve().parent.parent

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


def environment(data: Path) -> dict[str, str]:
    inherited = os.environ  # noqa: TID251 - to pass on
    kept = {k: v for k, v in inherited.items() if not k.startswith("CONSILIUM_")}
    kept.pop("DATABASE_URL", None)
    kept.pop("BROKER_URL", None)
    return kept | {
        "CONSILIUM_DATA_DIR": str(data),
        "DJANGO_SETTINGS_MODULE": "rlhf_site.settings",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(data: Path, log: Path, port: int) -> subprocess.Popen[bytes]:
    """Start web, worker and sweep with a database of their own; wait until ready."""
    with log.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "runlocal", "--migrate", "--port", str(port)],
            cwd=REPOSITORY,
            env=environment(data),
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    deadline = time.monotonic() + 120
    while "Consilium is ready" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
    return process


def set_up(data: Path, *, n_raters: int, n_tasks: int) -> dict[str, Any]:
    """Make a study and a session for each rater: `cookies` and where to `start`."""
    made = subprocess.run(
        [sys.executable, "-c", _SET_UP, str(n_raters), str(n_tasks)],
        cwd=REPOSITORY,
        env=environment(data),
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout.splitlines()[-1])


class HttpRater:
    """A browser without a screen: it keeps the form until the server confirms it."""

    def __init__(self, port: int, cookie: str, start: str) -> None:
        self.port, self.start = port, start
        self.headers = {"Cookie": f"sessionid={cookie}; csrftoken={'c' * 32}"}
        self.acknowledged: list[str] = []
        self.seconds: list[float] = []
        self.n_failures = 0

    def _ask(
        self, method: str, path: str, body: str = ""
    ) -> tuple[int, http.client.HTTPMessage, str]:
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

    def _insist(
        self, method: str, path: str, body: str = ""
    ) -> tuple[int, http.client.HTTPMessage, str]:
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

    def judge(self, *, limit: int | None = None, pause: float = 0.0) -> None:
        """Answer up to `limit` tasks, reading each for `pause` seconds."""
        path, page = self._begin()
        while path and (limit is None or len(self.acknowledged) < limit):
            time.sleep(pause)
            fields = _form(page)
            began = time.perf_counter()
            status, headers, page = self._insist("POST", path, urlencode(fields))
            self.seconds.append(time.perf_counter() - began)
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
    names = set(re.findall(r'name="(ratings-0-[a-z]+)"', page))
    sides = set(re.findall(r'name="(compare-[a-z]+|preference)"', page))
    return (
        {k: unescape(v) for k, v in fields.items()}
        | dict.fromkeys(names, "4")
        | dict.fromkeys(sides, "left_slight")
    )
