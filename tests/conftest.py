"""Servers, the template database, and the people that every test may ask for."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import OperationalError
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client
from psycopg import sql

from rlhf_site import local_services
from tests import builders

REPOSITORY = Path(__file__).resolve().parent.parent
# Any number: whoever builds the template database holds this lock.
_TEMPLATE_LOCK = 7_302_026
# One deadlock is a race with a last request; a third would be a fault.
_FLUSHES = 3


@pytest.fixture(scope="session")
def servers() -> None:
    """PostgreSQL and the broker, unless the environment names others."""
    local_services.ensure_started(fast=True)


def _schema_digest() -> str:
    """Changes with whatever `migrate` would do differently."""
    digest = hashlib.sha256()
    files = [REPOSITORY / "requirements.txt"]
    for app in ("feedback", "exports"):
        files += sorted((REPOSITORY / app).rglob("migrations/*.py"))
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _url_of(name: str) -> str:
    """The connection string of a database on the tests' server."""
    database = django_settings.DATABASES["default"]
    given = {
        "dbname": name,
        "host": database.get("HOST"),
        "port": database.get("PORT"),
        "user": database.get("USER"),
        "password": database.get("PASSWORD"),
    }
    return psycopg.conninfo.make_conninfo(**{k: v for k, v in given.items() if v})


def _build_template(admin: psycopg.Connection, name: str) -> None:
    """Migrate an empty database once; every worker copies it."""
    building = sql.Identifier(f"{name}_building")
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(building))
    admin.execute(sql.SQL("CREATE DATABASE {}").format(building))
    clean = dict(os.environ)  # noqa: TID251 - to pass on
    subprocess.run(
        [sys.executable, "-m", "tests.migrate", f"{name}_building"],
        cwd=REPOSITORY,
        env=clean,
        check=True,
    )
    admin.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(building, sql.Identifier(name))
    )


def _template_database() -> str:
    """The name of a migrated database, built by the first who asks."""
    name = f"consilium_template_{_schema_digest()}"
    with psycopg.connect(_url_of("postgres"), autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [_TEMPLATE_LOCK])
        known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if known.fetchone() is None:
            _build_template(admin, name)
    return name


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    servers: None, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Copy the template instead of migrating in every worker."""
    django_settings.DATABASES["default"]["TEST"]["TEMPLATE"] = _template_database()


@pytest.fixture(scope="session", autouse=True)
def flush_with_leave() -> Iterator[None]:
    """Let the flush after a transactional test empty the append-only tables too.

    On the class, because a test with a running event loop has a connection of its own.
    """
    flush = DatabaseOperations.sql_flush
    execute = DatabaseOperations.execute_sql_flush

    def with_leave(*args: object, **kwargs: object) -> list[str]:
        leave = "SELECT set_config('consilium.erasure', 'flush of the tests', true)"
        return [leave, *flush(*args, **kwargs)]

    def until_free(operations: DatabaseOperations, statements: list[str]) -> None:
        """A closing browser's last request may hold a table that the flush wants."""
        for _ in range(_FLUSHES - 1):
            try:
                return execute(operations, statements)
            except OperationalError as error:
                if not isinstance(error.__cause__, psycopg.errors.DeadlockDetected):
                    raise
        return execute(operations, statements)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", with_leave)
        patch.setattr(DatabaseOperations, "execute_sql_flush", until_free)
        yield


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path: Path) -> None:
    """No test reads what another one uploaded or exported."""
    settings.UPLOAD_DIR = tmp_path / "uploads"
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture
def cast(db) -> builders.Cast:
    """A small study and one person for each role."""
    return builders.make_cast()


@pytest.fixture
def sign_in() -> Callable[..., Client]:
    """Return a browser in which a person is signed in."""

    def enter(user, **options) -> Client:
        client = Client(**options)
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return enter
