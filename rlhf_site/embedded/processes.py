"""Servers as processes: who runs them, starting, recognising and ending them."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from rlhf_site.embedded.errors import ServiceError

# Nothing of the caller's environment reaches a server: no PGDATA, no odd locale.
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C"}
# The shell ends at once, so the server is nobody's child and leaves no zombie here.
_DETACH = '"$@" </dev/null >&2 & echo $!'
_POLL_SECONDS = 0.05


class RunAs(TypedDict, total=False):
    """The part of `subprocess.run`'s arguments that changes the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Owner:
    """The user that a server runs as."""

    uid: int
    gid: int

    @classmethod
    def me(cls) -> "Owner":
        """The user of this process."""
        return cls(os.getuid(), os.getgid())

    @classmethod
    def for_postgres(cls, cluster: Path) -> "Owner":
        """The owner of the cluster; PostgreSQL refuses to run as root.

        Raises:
            ServiceError: this user cannot run a server at all.
        """
        if cluster.exists():
            found = cluster.stat()
            return cls._of_existing(cluster, found.st_uid, found.st_gid)
        if os.getuid() == 0:
            return cls._unprivileged()
        try:
            pwd.getpwuid(os.getuid())
        except KeyError:
            raise ServiceError(
                f"User {os.getuid()} has no entry in /etc/passwd, and PostgreSQL "
                "cannot be set up without one; add the user, or set DATABASE_URL to "
                "a server that runs elsewhere."
            ) from None
        return cls.me()

    @classmethod
    def _of_existing(cls, cluster: Path, uid: int, gid: int) -> "Owner":
        if uid == 0:
            raise ServiceError(
                f"{cluster} belongs to root and PostgreSQL does not run as root; "
                f"give it away (chown -R postgres '{cluster}') or remove it."
            )
        if os.getuid() not in {0, uid}:
            raise ServiceError(
                f"{cluster} belongs to user {uid} and you are user {os.getuid()}; run "
                "as that user, or set CONSILIUM_DATA_DIR or DATABASE_URL."
            )
        return cls(uid, gid)

    @classmethod
    def _unprivileged(cls) -> "Owner":
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        raise ServiceError(
            "PostgreSQL does not run as root and there is no user postgres or nobody "
            "to run it as; add one, start as an ordinary user, or set DATABASE_URL."
        )

    @property
    def run_as(self) -> RunAs:
        """Arguments for `subprocess.run` that become this user."""
        if self.uid == os.getuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def may_enter(self, folder: Path) -> bool:
        """Whether this user can reach what is in `folder`."""
        done = subprocess.run(  # noqa: S603 - fixed command
            ["/bin/sh", "-c", 'test -x "$1"', "sh", str(folder)],
            check=False,
            cwd="/",
            **self.run_as,
        )
        return done.returncode == 0


def launch(argv: Sequence[str], *, log: Path, cwd: Path, owner: Owner) -> int:
    """Start a server in a session of its own, so Ctrl-C does not reach it.

    Returns:
        Its process id. The server may still fail: ask `is_server`.
    """
    with log.open("ab") as sink:
        done = subprocess.run(  # noqa: S603 - our own argument list, no shell parsing
            ["/bin/sh", "-c", _DETACH, "sh", *argv],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=sink,
            cwd=cwd,
            env=ENVIRONMENT,
            start_new_session=True,
            **owner.run_as,
        )
    return int(done.stdout)


def exists(pid: int) -> bool:
    """Whether `pid` is a process that is not already dead and waiting for burial."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _state(pid).startswith(("Z", "X"))


def is_server(pid: int, *, name: str, cwd: Path, owner: Owner) -> bool:
    """Whether `pid` is the server `name` of this folder, and not a reused number."""
    if not exists(pid):
        return False
    if not Path("/proc/self/stat").exists():
        return True
    command = Path(f"/proc/{pid}/comm")
    try:
        if command.read_text().strip() != name:
            return False
    except OSError:
        return False
    return _working_directory(pid, owner) == str(cwd.resolve())


def end(pid: int, *signals: tuple[signal.Signals, float]) -> bool:
    """Send each signal in turn, each with its seconds of patience.

    Returns:
        Whether the process is gone.
    """
    for number, seconds in signals:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not exists(pid):
                return True
            time.sleep(_POLL_SECONDS)
    return not exists(pid)


def read_pid(file: Path) -> int | None:
    """The number in the first line of `file`, if there is one."""
    try:
        first = file.read_text().split("\n", 1)[0].strip()
    except OSError:
        return None
    # PostgreSQL writes a negative number for a server in single-user mode.
    return int(first) if first.isdecimal() and int(first) > 0 else None


def _state(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return "" if not Path("/proc/self/stat").exists() else "X"
    except OSError:
        return ""
    return stat.rpartition(")")[2].strip()


def _working_directory(pid: int, owner: Owner) -> str:
    """Where `pid` works; in a container, root may not see this, but the owner may."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except PermissionError:
        done = subprocess.run(  # noqa: S603 - fixed command
            ["/usr/bin/env", "readlink", f"/proc/{pid}/cwd"],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd="/",
            **owner.run_as,
        )
        return os.fsdecode(done.stdout).removesuffix("\n")
    except OSError:
        return ""
