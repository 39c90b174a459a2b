"""Each system check says what it is there to say, and nothing when all is well."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection, transaction

from rlhf_site import checks

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def production(settings):
    """A deployment that has nothing wrong with it."""
    settings.ENVIRONMENT = "production"
    settings.IS_PRODUCTION = True
    settings.DEBUG = False
    settings.IS_DEMO = False
    settings.ALLOWED_HOSTS = ["consilium.example"]
    return settings


def ids(found):
    return [message.id for message in found]


def test_a_closed_deployment_passes(production):
    assert checks.production_is_closed(None) == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ENVIRONMENT", "prod", "rlhf.E001"),
        ("DEBUG", True, "rlhf.E002"),
        ("ALLOWED_HOSTS", ["consilium.example", "*"], "rlhf.E003"),
        ("IS_DEMO", True, "rlhf.E004"),
    ],
)
def test_what_leaves_it_open_is_an_error(name, value, expected, production):
    setattr(production, name, value)
    (message,) = checks.production_is_closed(None)
    assert message.id == expected
    assert message.is_serious()
    assert message.hint


def test_on_a_laptop_it_is_allowed(production):
    production.ENVIRONMENT = "local"
    production.IS_PRODUCTION = False
    production.DEBUG = production.IS_DEMO = True
    assert checks.production_is_closed(None) == []


@pytest.mark.django_db
def test_a_server_that_forgets_is_refused(production):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        found = checks.database_keeps_promises(None, databases=["default"])
    (message,) = [m for m in found if "synchronous_commit=off" in m.msg]
    assert message.id == "rlhf.E005"
    assert message.is_serious()


@pytest.mark.django_db
def test_an_old_server_is_refused(production, monkeypatch):
    monkeypatch.setattr(checks, "_OLDEST_POSTGRES", 10**7)
    found = checks.database_keeps_promises(None, databases=["default"])
    assert "rlhf.E006" in ids(found)


@pytest.mark.django_db
def test_the_tests_own_server_may_be_quick_rather_than_safe(production):
    production.ENVIRONMENT = "test"
    assert checks.database_keeps_promises(None, databases=["default"]) == []


def test_without_a_database_to_ask_nothing_is_asked(production):
    assert checks.database_keeps_promises(None, databases=None) == []


def start(code, tmp_path, **variables):
    """Run a process as a deployment that names no database that answers."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            **os.environ,  # noqa: TID251 - to pass on
            "DJANGO_SETTINGS_MODULE": "rlhf_site.settings",
            "CONSILIUM_DATA_DIR": str(tmp_path),
            "CONSILIUM_ENV": "production",
            "CONSILIUM_SECRET_KEY": "x1y2" * 20,
            "CONSILIUM_ALLOWED_HOSTS": "consilium.example",
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "BROKER_URL": "redis://127.0.0.1:1/0",
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_web_server_starts_when_nothing_is_wrong(tmp_path):
    done = start("import rlhf_site.wsgi", tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"CONSILIUM_DEBUG": "1"}, "rlhf.E002"),
        ({"CONSILIUM_ALLOWED_HOSTS": "*"}, "rlhf.E003"),
        ({"CONSILIUM_DEMO": "1"}, "rlhf.E004"),
        ({"CONSILIUM_ENV": "prod"}, "rlhf.E001"),
    ],
)
def test_an_open_deployment_does_not_start(variables, expected, tmp_path):
    done = start("import rlhf_site.wsgi", tmp_path, **variables)
    assert done.returncode != 0
    assert expected in done.stderr
