"""Migrations: none is missing, and each app goes back to nothing and returns."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from psycopg import sql

from tests.conftest import _url_of

ROOT = Path(__file__).resolve().parents[2]
# Whoever comes first leans on nobody who comes later.
APPS = [
    "exports", "review", "quality", "rating", "studies", "corpus", "jobs", "audit",
    "accounts",
]  # fmt: skip


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_every_app_with_migrations_is_in_the_list():
    found = {p.parts[-3] for p in ROOT.glob("feedback/*/migrations/0001_*.py")}
    assert {*found, "exports"} == set(APPS)


def test_migrations_are_named():
    for package in ("feedback", "exports"):
        for path in (ROOT / package).rglob("migrations/0*.py"):
            assert "_auto_" not in path.name, path


_SHAPE = """
    SELECT 'column', table_name, column_name,
        concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef
    FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
    FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT 'function', proname, '', prosrc
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'pgtrigger%'
    ORDER BY 1, 2, 3, 4
"""


def shape_of(name):
    with psycopg.connect(_url_of(name)) as connection:
        return set(connection.execute(_SHAPE).fetchall())


@pytest.fixture
def copy(db):
    """A migrated database of this test's own."""
    name = f"consilium_zero_and_back_{settings.DATABASES['default']['NAME'][-12:]}"
    template = settings.DATABASES["default"]["TEST"]["TEMPLATE"]
    with psycopg.connect(_url_of("postgres"), autocommit=True) as admin:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} (FORCE)").format(
            sql.Identifier(name)
        )
        admin.execute(drop)
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        yield name
        admin.execute(drop)


_ZERO_AND_BACK = """
import sys
import tests.settings
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
import django
django.setup()
from django.core.management import call_command
from django.db import connection
for app in sys.argv[2:]:
    call_command("migrate", app, "zero", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_tables WHERE tablename LIKE %s", [app + "\\_%"]
        )
        assert cursor.fetchone() == (0,), f"{app} leaves tables behind"
call_command("migrate", interactive=False, verbosity=0)
"""


@pytest.mark.slow
def test_each_app_goes_to_zero_and_all_come_back(copy):
    before = shape_of(copy)
    done = subprocess.run(
        [sys.executable, "-c", _ZERO_AND_BACK, copy, *APPS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    after = shape_of(copy)
    assert before - after == set()
    assert after - before == set()


def environment():
    import os

    return os.environ | {  # noqa: TID251 - to pass on
        "DJANGO_SETTINGS_MODULE": "tests.settings"
    }
