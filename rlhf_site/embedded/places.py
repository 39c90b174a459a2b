"""Where a data directory keeps its clusters, logs, lock and sockets."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rlhf_site.embedded.errors import ServiceError
from rlhf_site.embedded.processes import Owner

_LOCK_SECONDS = 300
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Places:
    """The paths that belong to one data directory."""

    data: Path
    sockets: Path

    @classmethod
    def of(cls, data: Path) -> "Places":
        """Compute the paths; nothing is created.

        A socket's path may have about 100 bytes, so sockets live in a short private
        folder named after the user and the data directory, not inside it.
        """
        resolved = data.resolve()
        name = hashlib.sha256(os.fsencode(resolved)).hexdigest()[:16]
        return cls(resolved, _socket_root() / f"consilium-{os.getuid()}-{name}")

    @property
    def cluster(self) -> Path:
        """PostgreSQL's files, or a link to them."""
        return self.data / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's files."""
        return self.data / "valkey"

    @property
    def valkey_socket(self) -> Path:
        """Where Valkey listens."""
        return self.sockets / "valkey.sock"

    def log(self, name: str) -> Path:
        """The log of service `name`."""
        return self.data / "log" / f"{name}.log"

    def make_data(self) -> None:
        """Create the data directory and its log folder."""
        (self.data / "log").mkdir(parents=True, exist_ok=True)

    def make_sockets(self, owner: Owner) -> None:
        """Create the socket folder for `owner` alone.

        Raises:
            ServiceError: somebody else has put something there.
        """
        with contextlib.suppress(FileExistsError):
            self.sockets.mkdir(mode=0o700)
        found = self.sockets.lstat()
        trusted = {os.getuid(), owner.uid}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in trusted:
            raise ServiceError(
                f"{self.sockets} belongs to user {found.st_uid}, so the sockets would "
                "not be private; ask for its removal or set CONSILIUM_DATA_DIR."
            )
        if found.st_uid != owner.uid:
            os.chown(self.sockets, owner.uid, owner.gid)
        self.sockets.chmod(0o700)

    def remove_sockets(self) -> None:
        """Delete the socket folder. The caller has stopped both servers."""
        if self.sockets.exists():
            shutil.rmtree(self.sockets)

    def require_free(self, mebibytes: int, *, purpose: str) -> None:
        """Refuse to begin what a full disk would leave half done."""
        free = shutil.disk_usage(self.data).free // _MIB
        if free < mebibytes:
            raise ServiceError(
                f"Only {free} MiB are free on the disk of {self.data} and {purpose} "
                f"needs {mebibytes}; free some space or set CONSILIUM_DATA_DIR."
            )

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """One starter or stopper at a time for this data directory."""
        self.make_data()
        descriptor = os.open(
            self.data / ".services.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            _flock(descriptor, self.data)
            yield
        finally:
            os.close(descriptor)


def _flock(descriptor: int, data: Path) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"Another process has been starting the services of {data} for "
                    f"{_LOCK_SECONDS} seconds; end it and try again."
                ) from None
            time.sleep(0.05)
        else:
            return


def _socket_root() -> Path:
    """A short folder for temporary files, the same for each shell of a user.

    TMPDIR is not asked when /tmp is there: it differs from shell to shell.
    """
    usual = Path("/tmp")  # noqa: S108 - the folder inside it is private and checked
    return usual if os.access(usual, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
