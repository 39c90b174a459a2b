"""One Valkey server for one data directory: Celery's alarm clock.

What it holds may be lost at any moment; a damaged log is put aside, not repaired.
"""

import contextlib
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

from rlhf_site.embedded import processes
from rlhf_site.embedded.binaries import valkey_program
from rlhf_site.embedded.errors import ServiceError
from rlhf_site.embedded.places import Places
from rlhf_site.embedded.processes import Owner

NAME = "Valkey"
_START_SECONDS = 60
_START_MIB = 16


def is_ready(places: Places) -> bool:
    """Whether this directory's server answers."""
    return _pid_file(places).exists() and is_answering(places)


def is_answering(places: Places) -> bool:
    """Whether the socket answers."""
    return _say(places, b"PING\r\n").startswith(b"+PONG")


def start(places: Places) -> None:
    """Start or repair the server. The caller holds the lock.

    Raises:
        ServiceError: with the reason, in one sentence.
    """
    if not _pid_file(places).exists():
        # Its files were deleted under a running server.
        _say(places, b"SHUTDOWN NOSAVE\r\n")
    places.make_sockets(Owner.for_postgres(places.cluster))
    places.valkey.mkdir(exist_ok=True)
    places.require_free(_START_MIB, purpose="Valkey")
    stop(places)
    if _start_server(places):
        return
    aside = places.data / f"valkey-damaged-{int(time.time())}"
    places.valkey.rename(aside)
    places.valkey.mkdir()
    sys.stderr.write(
        f"Valkey could not read its files and begins with empty queues; the old files "
        f"are in {aside}. No work is lost: it is listed in PostgreSQL.\n"
    )
    if not _start_server(places):
        raise ServiceError(
            f"Valkey did not start; see {places.log('valkey')}, or set BROKER_URL to a "
            "server that runs elsewhere."
        )


def stop(places: Places) -> bool:
    """Stop the server if it runs.

    Returns:
        Whether there was one to stop.
    """
    found = pid(places)
    if found is not None and not processes.end(
        found, (signal.SIGTERM, 15), (signal.SIGKILL, 5)
    ):
        raise ServiceError(f"Valkey (process {found}) does not stop.")
    _pid_file(places).unlink(missing_ok=True)
    return found is not None


def remove(places: Places) -> None:
    """Delete the server's files. The caller has stopped it."""
    if places.valkey.exists():
        shutil.rmtree(places.valkey)


def pid(places: Places) -> int | None:
    """The server's process id, if the server is this directory's own."""
    found = processes.read_pid(_pid_file(places))
    if found and processes.is_server(
        found, name=valkey_program().name, cwd=places.valkey, owner=Owner.me()
    ):
        return found
    return None


def _pid_file(places: Places) -> Path:
    return places.valkey / "valkey.pid"


def _start_server(places: Places) -> bool:
    options = {
        "port": "0",
        "unixsocket": str(places.valkey_socket),
        "unixsocketperm": "700",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        # The folder itself is the working directory: its path may hold anything.
        "dir": ".",
    }
    argv = [str(valkey_program())]
    for name, value in options.items():
        argv += [f"--{name}", value]
    pid = processes.launch(
        argv, log=places.log("valkey"), cwd=places.valkey, owner=Owner.me()
    )
    _pid_file(places).write_text(f"{pid}\n")
    deadline = time.monotonic() + _START_SECONDS
    while processes.exists(pid) and time.monotonic() < deadline:
        if is_answering(places):
            return True
        time.sleep(0.02)
    processes.end(pid, (signal.SIGKILL, 5))
    return False


def _say(places: Places, command: bytes) -> bytes:
    """Send one inline command; nothing comes back when nobody listens."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as line:
        line.settimeout(5)
        try:
            line.connect(str(places.valkey_socket))
            line.sendall(command)
            return line.recv(128)
        except OSError:
            return b""
