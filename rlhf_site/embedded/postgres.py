"""One PostgreSQL server for one data directory, reached by a socket only."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import pq, sql

from rlhf_site.embedded import processes
from rlhf_site.embedded.binaries import (
    SHARED_STATE,
    PostgresPrograms,
    make_shared_state,
    postgres_programs,
)
from rlhf_site.embedded.errors import ServiceError
from rlhf_site.embedded.places import Places
from rlhf_site.embedded.processes import Owner

NAME = "PostgreSQL"
DATABASE = "consilium"
USER = "consilium"
_NEW_CLUSTER_MIB = 300
_START_MIB = 32
_RECOVERY_SECONDS = 300
_ATTEMPTS = 12
_BUILTIN_LOCALE_SINCE = 17
_CHECKSUMS_BY_DEFAULT_SINCE = 18

# Given on the command line, so that no edited file can weaken them unnoticed.
_ALWAYS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "log_checkpoints": "off",
}
_SAFE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
# A killed server's last children hold its memory for a moment longer.
_PASSING = ("pre-existing shared memory block", "already in use", "already exists")


def is_ready(places: Places) -> bool:
    """Whether this directory's server answers and has the database."""
    if _server_pid(places) is None:
        return False
    try:
        with psycopg.connect(_conninfo(places, DATABASE)):
            return True
    except psycopg.OperationalError as error:
        # A server with no connection to spare is a running server.
        return "too many clients" in str(error) or "reserved for" in str(error)


def is_answering(places: Places) -> bool:
    """Whether the socket answers; cheaper than `is_ready`."""
    return _ping(places) is pq.Ping.OK


def start(places: Places, *, override: str, fast: bool) -> None:
    """Start or repair the server and its database. The caller holds the lock.

    Raises:
        ServiceError: with the reason, in one sentence.
    """
    _end_orphan(places)
    owner = Owner.for_postgres(places.cluster)
    places.make_sockets(owner)
    if _ping(places) is pq.Ping.NO_RESPONSE:
        programs = postgres_programs(override, owner=owner)
        cluster = _cluster(places, programs, owner=owner, fast=fast)
        _require_version(cluster, programs)
        _clear_the_way(places, cluster, owner)
        _start_server(places, programs, cluster=cluster, owner=owner, fast=fast)
    _wait_until_ready(places)
    _require_database(places)


def stop(places: Places) -> bool:
    """Stop the server if it runs; open transactions are rolled back.

    Returns:
        Whether there was one to stop.
    """
    pid = _server_pid(places)
    if pid is None or not _is_ours(pid, places.cluster):
        return False
    if not processes.end(pid, (signal.SIGINT, 30), (signal.SIGQUIT, 15)):
        raise ServiceError(
            f"PostgreSQL (process {pid}) does not stop; see {places.log('postgres')}."
        )
    return True


def remove(places: Places) -> None:
    """Delete the cluster, wherever it lies. The caller has stopped the server."""
    if places.cluster.is_symlink():
        target = places.cluster.resolve()
        if target.parent == SHARED_STATE and target.exists():
            shutil.rmtree(target)
        places.cluster.unlink()
    elif places.cluster.exists():
        shutil.rmtree(places.cluster)


def pid(places: Places) -> int | None:
    """The server's process id, if the server is this directory's own."""
    found = _server_pid(places)
    return found if found and _is_ours(found, places.cluster) else None


def _server_pid(places: Places) -> int | None:
    return processes.read_pid(places.cluster / "postmaster.pid")


def _is_ours(pid: int, cluster: Path) -> bool:
    owner = Owner(cluster.stat().st_uid, cluster.stat().st_gid)
    return processes.is_server(pid, name="postgres", cwd=cluster, owner=owner)


def _conninfo(places: Places, database: str) -> str:
    return f"host={places.sockets} user={USER} dbname={database} connect_timeout=5"


def _ping(places: Places) -> pq.Ping:
    return pq.Ping(pq.PGconn.ping(_conninfo(places, "postgres").encode()))


def _cluster(
    places: Places, programs: PostgresPrograms, *, owner: Owner, fast: bool
) -> Path:
    """The cluster's real folder, made when there is none."""
    if places.cluster.is_symlink() and not places.cluster.exists():
        raise ServiceError(
            f"{places.cluster} points to {places.cluster.readlink()}, which is gone; "
            "bring it back, or remove the link to begin with an empty database."
        )
    if not places.cluster.exists():
        _create_cluster(places, programs, owner=owner, fast=fast)
    cluster = places.cluster.resolve()
    if not owner.may_enter(cluster):
        raise ServiceError(
            f"PostgreSQL's user {owner.uid} cannot enter {cluster}: a folder above it "
            "is closed to that user; open it or set CONSILIUM_DATA_DIR."
        )
    places.require_free(_START_MIB, purpose="PostgreSQL")
    return cluster


def _create_cluster(
    places: Places, programs: PostgresPrograms, *, owner: Owner, fast: bool
) -> None:
    """Run initdb beside the final place and rename, so no half cluster stays."""
    places.require_free(_NEW_CLUSTER_MIB, purpose="a new PostgreSQL cluster")
    sys.stderr.write(f"Creating the database in {places.cluster} ...\n")
    is_reachable = owner.may_enter(places.data)
    if is_reachable:
        home = places.data
    else:
        make_shared_state()
        home = SHARED_STATE
    for leftover in places.data.glob("draft-postgres-*"):
        shutil.rmtree(leftover)
    draft = Path(tempfile.mkdtemp(prefix="draft-postgres-", dir=home))
    try:
        shutil.chown(draft, owner.uid, owner.gid)
        _initdb(draft, programs, owner=owner, fast=fast)
    except BaseException:
        shutil.rmtree(draft)
        raise
    if is_reachable:
        draft.rename(places.cluster)
        return
    final = draft.rename(draft.with_name(draft.name.removeprefix("draft-")))
    places.cluster.symlink_to(final)
    sys.stderr.write(
        f"PostgreSQL's user may not enter {places.data}, so the database lies in "
        f"{final}; {places.cluster} points there.\n"
    )


def _initdb(
    folder: Path, programs: PostgresPrograms, *, owner: Owner, fast: bool
) -> None:
    options = ["--username", USER, "--auth", "trust", "--encoding", "UTF8"]
    if programs.major >= _BUILTIN_LOCALE_SINCE:
        # The same order and case rules on each machine, whatever its locales.
        options += ["--locale", "C", "--locale-provider", "builtin"]
        options += ["--builtin-locale", "C.UTF-8"]
    else:
        options += ["--locale", "C.UTF-8"]
    if fast:
        options += ["--no-sync"]
        if programs.major >= _CHECKSUMS_BY_DEFAULT_SINCE:
            options += ["--no-data-checksums"]
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(  # noqa: S603 - our own argument list
            [programs.initdb, "--pgdata", str(folder), *options],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=processes.ENVIRONMENT,
            **owner.run_as,
        )
        output.seek(0)
        said = output.read().decode(errors="replace")
    if done.returncode:
        raise ServiceError(f"PostgreSQL could not be set up: {_reason(said)}")


def _require_version(cluster: Path, programs: PostgresPrograms) -> None:
    try:
        made_by = (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise ServiceError(
            f"{cluster} is not a PostgreSQL cluster; move it away and start again."
        ) from None
    if made_by != str(programs.major):
        raise ServiceError(
            f"{cluster} was made by PostgreSQL {made_by} and {programs.folder} is "
            f"{programs.major}; set CONSILIUM_POSTGRES_BIN to the programs of "
            f"{made_by}, or move the folder away to begin with an empty database."
        )


def _clear_the_way(places: Places, cluster: Path, owner: Owner) -> None:
    """Remove a stale pid file, or stop our server that lost its socket."""
    file = cluster / "postmaster.pid"
    pid = processes.read_pid(file)
    if pid is None or not processes.is_server(
        pid, name="postgres", cwd=cluster, owner=owner
    ):
        file.unlink(missing_ok=True)
        return
    if _ping(places) is not pq.Ping.NO_RESPONSE:
        return
    lines = file.read_text().split("\n")
    listens_in = lines[4] if len(lines) > 4 else ""  # noqa: PLR2004 - fifth line
    if listens_in and listens_in != str(places.sockets):
        raise ServiceError(
            f"Another user runs the PostgreSQL of {cluster} (process {pid}, sockets in "
            f"{listens_in}); stop it there, or set CONSILIUM_DATA_DIR."
        )
    if not processes.end(pid, (signal.SIGINT, 15), (signal.SIGQUIT, 15)):
        raise ServiceError(f"PostgreSQL (process {pid}) neither answers nor stops.")


def _end_orphan(places: Places) -> None:
    """Stop a server whose data directory was deleted under it."""
    if (places.cluster / "postmaster.pid").exists():
        return
    pid = processes.read_pid(places.sockets / ".s.PGSQL.5432.lock")
    if pid is None or _ping(places) is pq.Ping.NO_RESPONSE:
        return
    if not processes.end(pid, (signal.SIGQUIT, 15), (signal.SIGKILL, 5)):
        raise ServiceError(
            f"A PostgreSQL (process {pid}) whose files are gone does not stop."
        )


def _start_server(
    places: Places,
    programs: PostgresPrograms,
    *,
    cluster: Path,
    owner: Owner,
    fast: bool,
) -> None:
    settings = _ALWAYS | (_FAST if fast else _SAFE)
    settings["unix_socket_directories"] = str(places.sockets)
    argv = [programs.postgres, "-D", str(cluster)]
    for name, value in settings.items():
        argv += ["-c", f"{name}={value}"]
    log = places.log("postgres")
    said = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(min(0.25 * attempt, 2))
        begin = log.stat().st_size if log.exists() else 0
        pid = processes.launch(argv, log=log, cwd=Path("/"), owner=owner)
        if _answers(places, pid):
            return
        with log.open("rb") as lines:
            lines.seek(begin)
            said = lines.read().decode(errors="replace")
        if not any(passing in said for passing in _PASSING):
            break
    raise ServiceError(f"PostgreSQL did not start: {_reason(said)} See {log}.")


def _answers(places: Places, pid: int) -> bool:
    """Wait until the new server says anything on its socket, or is dead."""
    while processes.exists(pid):
        if _ping(places) is not pq.Ping.NO_RESPONSE:
            return True
        time.sleep(0.03)
    return False


def _wait_until_ready(places: Places) -> None:
    begin = time.monotonic()
    told = False
    while (answer := _ping(places)) is not pq.Ping.OK:
        waited = time.monotonic() - begin
        if answer is pq.Ping.NO_RESPONSE or waited > _RECOVERY_SECONDS:
            raise ServiceError(
                f"PostgreSQL began to start and then went silent; see "
                f"{places.log('postgres')}."
            )
        if waited > 3 and not told:  # noqa: PLR2004 - seconds
            sys.stderr.write("PostgreSQL is recovering after a crash ...\n")
            told = True
        time.sleep(0.03)


def _require_database(places: Places) -> None:
    """Create the database on the first start."""
    with psycopg.connect(_conninfo(places, "postgres"), autocommit=True) as connection:
        found = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
        ).fetchone()
        if found is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE))
            )


def _reason(said: str) -> str:
    """The line of a server's output that tells why, with what to do if known."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [
        line for line in lines if any(w in line for w in ("FATAL", "PANIC", "error:"))
    ]
    reason = (telling or lines or ["it said nothing"])[-1]
    if "No space left" in said:
        return (
            f"the disk is full ({reason}); free some space or set CONSILIUM_DATA_DIR."
        )
    return f"{reason.rstrip('.')}."
