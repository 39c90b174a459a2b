"""The supervisor restarts what dies and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.services.conftest import REPOSITORY

pytestmark = [pytest.mark.services, pytest.mark.fault]

_SUPERVISE = """
import sys
from pathlib import Path
from rlhf_site.supervisor import Program, Supervisor

CHILD = '''
import os, pathlib, signal, subprocess, sys, time
name, stubborn = sys.argv[1], sys.argv[2] == "stubborn"
def leave(*_):
    print("leaving", flush=True)
    if not stubborn:
        sys.exit(0)
signal.signal(signal.SIGTERM, leave)
grandchild = subprocess.Popen(["sleep", "300"])
print("pid", os.getpid(), grandchild.pid, flush=True)
while True:
    time.sleep(0.1)
'''

def say(name, line):
    print(f"{name}: {line}", flush=True)

kind = sys.argv[1]
Supervisor(
    programs=[
        Program(name, [sys.executable, "-c", CHILD, name, kind], stop_seconds=20)
        for name in ("first", "second")
    ],
    folder=Path.cwd(), say=say, watch=lambda: None, on_tick=lambda: None,
).run()
print("all stopped", flush=True)
"""


@pytest.fixture
def supervise(tmp_path):
    started = []

    def start(kind: str = "polite") -> tuple[subprocess.Popen[str], Path]:
        log = tmp_path / "log"
        with log.open("w") as sink:
            process = subprocess.Popen(
                [sys.executable, "-c", _SUPERVISE, kind],
                cwd=REPOSITORY,
                stdout=sink,
                stderr=sink,
                text=True,
                start_new_session=True,
            )
        started.append(process)
        return process, log

    yield start
    for process in started:
        process.kill()
        process.wait()


def _until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def _pids(log, name, n=1):
    """The n-th process that `name` announced, and its child."""

    def find():
        lines = [
            x for x in log.read_text().splitlines() if x.startswith(f"{name}: pid")
        ]
        return len(lines) >= n and [int(word) for word in lines[n - 1].split()[2:]]

    return _until(find)


def _is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def test_a_killed_program_is_started_again_without_leftovers(supervise):
    _process, log = supervise()
    first, grandchild = _pids(log, "first")
    os.kill(first, signal.SIGKILL)
    second, _ = _pids(log, "first", n=2)
    assert second != first
    assert "first: was killed (SIGKILL); starting again in 0.5 s" in log.read_text()
    _until(lambda: not _is_alive(grandchild))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_in_reverse_order(supervise, number):
    process, log = supervise()
    pids = [*_pids(log, "first"), *_pids(log, "second")]
    process.send_signal(number)
    assert process.wait(20) == 0
    text = log.read_text()
    assert text.index("second: leaving") < text.index("first: leaving")
    assert text.endswith("all stopped\n")
    _until(lambda: not any(map(_is_alive, pids)))


def test_a_second_signal_kills_what_will_not_go(supervise):
    process, log = supervise("stubborn")
    pids = [*_pids(log, "first"), *_pids(log, "second")]
    process.send_signal(signal.SIGINT)
    _until(lambda: "second: leaving" in log.read_text())
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    _until(lambda: not any(map(_is_alive, pids)))


def test_children_end_with_a_killed_supervisor(supervise):
    process, log = supervise()
    children = [_pids(log, "first")[0], _pids(log, "second")[0]]
    process.kill()
    _until(lambda: not any(map(_is_alive, children)))
