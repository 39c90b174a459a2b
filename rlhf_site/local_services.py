"""The door to the embedded PostgreSQL and Valkey.

Used when DATABASE_URL or BROKER_URL is not set. Importable without Django, because
entry points start the services before the settings are read.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlencode

from rlhf_site.embedded import postgres, valkey
from rlhf_site.embedded.errors import ServiceError, from_os_error
from rlhf_site.embedded.places import Places

__all__ = [
    "ServiceError",
    "Status",
    "broker_url",
    "data_dir",
    "database_url",
    "ensure_started",
    "is_embedded",
    "is_running",
    "remove",
    "status",
    "stop",
]

_environ = os.environ  # noqa: TID251 - the one place besides env.py that reads it
_REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Status:
    """One service as it is now."""

    name: str
    is_embedded: bool
    is_running: bool
    pid: int | None
    where: str


def data_dir() -> Path:
    """Where everything that must outlive a restart is kept."""
    chosen = _environ.get("CONSILIUM_DATA_DIR")
    return Path(chosen).expanduser().absolute() if chosen else _REPOSITORY / "var"


def is_embedded(variable: str) -> bool:
    """Whether the service that `variable` would name is ours to run."""
    return not (_environ.get(variable) or _environ.get(f"{variable}_FILE"))


def database_url(data: Path | None = None) -> str:
    """The URL of the embedded database; computed, so it need not run yet."""
    query = {"host": str(_places(data).sockets), "user": postgres.USER}
    return f"postgresql:///{postgres.DATABASE}?{urlencode(query, safe='/')}"


def broker_url(data: Path | None = None) -> str:
    """The URL of the embedded broker, as Celery wants it."""
    return f"redis+socket://{quote(str(_places(data).valkey_socket))}"


def ensure_started(*, data: Path | None = None, fast: bool = False) -> None:
    """Start what is embedded and not running; attach to what runs.

    Args:
        data: the data directory; `data_dir()` by default.
        fast: settings for tests, which trade crash safety for speed. They hold for
            a server that this call starts, so tests use a directory of their own.

    Raises:
        ServiceError: one sentence with what failed, why, and what to do.
    """
    places = _places(data)
    wants_database = is_embedded("DATABASE_URL")
    wants_broker = is_embedded("BROKER_URL")
    try:
        if _is_up(places, database=wants_database, broker=wants_broker):
            return
        with places.lock():
            if wants_database and not postgres.is_ready(places):
                override = _environ.get("CONSILIUM_POSTGRES_BIN", "")
                postgres.start(places, override=override, fast=fast)
            if wants_broker and not valkey.is_ready(places):
                valkey.start(places)
    except OSError as error:
        raise from_os_error(error, doing="start the embedded services") from error


def is_running(*, data: Path | None = None) -> bool:
    """Whether all that is embedded answers; cheap enough to ask each second."""
    places = _places(data)
    return (not is_embedded("DATABASE_URL") or postgres.is_answering(places)) and (
        not is_embedded("BROKER_URL") or valkey.is_answering(places)
    )


def stop(*, data: Path | None = None) -> list[str]:
    """Stop the embedded services.

    Returns:
        The names of those that ran.
    """
    places = _places(data)
    if not places.data.exists():
        return []
    stopped = []
    try:
        with places.lock():
            if valkey.stop(places):
                stopped.append(valkey.NAME)
            if postgres.stop(places):
                stopped.append(postgres.NAME)
    except OSError as error:
        raise from_os_error(error, doing="stop the embedded services") from error
    return stopped


def remove(*, data: Path | None = None) -> None:
    """Stop the embedded services and delete all that they hold."""
    stop(data=data)
    places = _places(data)
    try:
        postgres.remove(places)
        valkey.remove(places)
        places.remove_sockets()
    except OSError as error:
        raise from_os_error(error, doing="delete the embedded data") from error


def status(*, data: Path | None = None) -> list[Status]:
    """Both services as they are now; starts nothing."""
    places = _places(data)
    database, broker = database_url(data), broker_url(data)
    return [
        _status(postgres, places, variable="DATABASE_URL", url=database),
        _status(valkey, places, variable="BROKER_URL", url=broker),
    ]


class _Service(Protocol):
    """What both service modules offer."""

    NAME: str

    def is_answering(self, places: Places) -> bool: ...

    def pid(self, places: Places) -> int | None: ...


def _status(service: _Service, places: Places, *, variable: str, url: str) -> Status:
    ours = is_embedded(variable)
    return Status(
        name=service.NAME,
        is_embedded=ours,
        is_running=ours and service.is_answering(places),
        pid=service.pid(places) if ours else None,
        where=url if ours else f"named by {variable}",
    )


def _places(data: Path | None) -> Places:
    return Places.of(data or data_dir())


def _is_up(places: Places, *, database: bool, broker: bool) -> bool:
    return (not database or postgres.is_ready(places)) and (
        not broker or valkey.is_ready(places)
    )
