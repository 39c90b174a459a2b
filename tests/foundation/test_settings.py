"""The environment is read loudly, and production is closed without being asked."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from rlhf_site import env

ROOT = Path(__file__).resolve().parents[2]
SECRET = "x" * 50


@pytest.fixture
def given(monkeypatch):
    """Set variables of the environment for this test."""

    def given(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return given


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("1", True), ("On", True), (" yes ", True), ("0", False), ("FALSE", False)],
)
def test_yes_and_no_have_their_usual_spellings(value, meaning, given):
    given(A_SWITCH=value)
    assert env.boolean("A_SWITCH", default=not meaning) is meaning


@pytest.mark.parametrize("default", [True, False])
def test_nothing_said_is_the_default(default, given):
    assert env.boolean("A_SWITCH", default=default) is default
    given(A_SWITCH="")
    assert env.boolean("A_SWITCH", default=default) is default


@pytest.mark.parametrize("value", ["maybe", "2", "y"])
def test_a_switch_that_is_neither_names_what_is_allowed(value, given):
    given(A_SWITCH=value)
    with pytest.raises(ImproperlyConfigured, match=f"A_SWITCH='{value}'.*true"):
        env.boolean("A_SWITCH", default=True)


def test_numbers(given):
    assert env.integer("A_NUMBER", default=7) == 7
    given(A_NUMBER=" 12 ")
    assert env.integer("A_NUMBER", default=7) == 12
    given(A_NUMBER="12.5")
    with pytest.raises(ImproperlyConfigured, match=r"A_NUMBER='12.5' is not a whole"):
        env.integer("A_NUMBER", default=7)
    given(A_NUMBER="2")
    with pytest.raises(ImproperlyConfigured, match="A_NUMBER=2 is below 3"):
        env.integer("A_NUMBER", default=7, minimum=3)


def test_words(given):
    assert env.words("SOME_WORDS", default=("a",)) == ["a"]
    given(SOME_WORDS=" b, c ,,")
    assert env.words("SOME_WORDS", default=("a",)) == ["b", "c"]


def test_a_value_may_stand_in_a_file(given, tmp_path):
    file = tmp_path / "value"
    file.write_text("from the file\n")
    given(A_VALUE="from the variable", A_VALUE_FILE=str(file))
    assert env.text("A_VALUE") == "from the file"
    file.unlink()
    with pytest.raises(ImproperlyConfigured, match=r"A_VALUE_FILE=.*No such file"):
        env.text("A_VALUE")


def test_a_secret_is_made_once_and_private(tmp_path):
    file = tmp_path / "new" / "secret_key"
    first = env.secret("A_SECRET", file=file)
    assert env.secret("A_SECRET", file=file) == first
    assert len(first) >= 50
    assert file.stat().st_mode & 0o777 == 0o600
    assert env.secret("A_SECRET", file=tmp_path / "other") != first
    assert sorted(p.name for p in file.parent.iterdir()) == ["secret_key"]


def test_a_short_secret_is_refused_wherever_it_comes_from(given, tmp_path):
    file = tmp_path / "secret_key"
    file.write_text("short")
    with pytest.raises(ImproperlyConfigured, match="holds no usable secret"):
        env.secret("A_SECRET", file=file)
    given(A_SECRET="x" * 49)
    with pytest.raises(ImproperlyConfigured, match="has 49 characters; use at least"):
        env.secret("A_SECRET", file=file)
    given(A_SECRET=SECRET)
    assert env.secret("A_SECRET", file=file) == SECRET


def test_a_database_on_the_network():
    got = env.database("postgresql://me:p%40ss@db.example:5433/da%20ta?sslmode=require")
    assert got["ENGINE"] == "django.db.backends.postgresql"
    assert (got["USER"], got["PASSWORD"]) == ("me", "p@ss")
    assert (got["HOST"], got["PORT"], got["NAME"]) == ("db.example", "5433", "da ta")
    assert got["OPTIONS"] == {"sslmode": "require"}


def test_a_database_behind_a_socket():
    got = env.database("postgresql:///data?host=/run/some%20where&user=me")
    assert (got["HOST"], got["USER"], got["NAME"]) == ("/run/some where", "me", "data")
    assert got["OPTIONS"] == {}


@pytest.mark.parametrize("url", ["sqlite:///db", "mysql://h/db", "db"])
def test_no_other_database(url):
    with pytest.raises(ImproperlyConfigured, match="PostgreSQL only"):
        env.database(url)


def started(expression="None", **variables):
    """Read the settings in a process of its own, as a deployment would."""
    clean = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - to pass on
        if not name.startswith("CONSILIUM_") and name != "DJANGO_SETTINGS_MODULE"
    }
    code = f"from rlhf_site import settings as s; print(repr({expression}))"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=clean | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONSILIUM_DEBUG", "maybe"),
        ("CONSILIUM_DEMO", "perhaps"),
        ("CONSILIUM_SECRET_KEY", "short"),
        ("CONSILIUM_MAX_IMPORT_BYTES", "4 GB"),
        ("CONSILIUM_SIGN_IN_LINK_HOURS", "0"),
        ("CONSILIUM_PROXY_COUNT", "-1"),
        ("DATABASE_URL", "sqlite:///db.sqlite3"),
    ],
)
def test_a_bad_value_stops_the_start_and_is_named(name, value, tmp_path):
    done = started(CONSILIUM_DATA_DIR=str(tmp_path), **{name: value})
    assert done.returncode != 0
    assert name in done.stderr.splitlines()[-1]


def read(names, tmp_path, **variables):
    expression = "{" + ", ".join(f"{name!r}: s.{name}" for name in names) + "}"
    done = started(expression, CONSILIUM_DATA_DIR=str(tmp_path), **variables)
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)


# What production must be and a laptop need not be.
CLOSED = {
    "DEBUG": False,
    "IS_DEMO": False,
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 365 * 24 * 3600,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "SESSION_COOKIE_HTTPONLY": True,
    "SECURE_PROXY_SSL_HEADER": None,
    "CELERY_ACCEPT_CONTENT": ["json"],
    "CELERY_TASK_ACKS_LATE": True,
    "CELERY_TASK_REJECT_ON_WORKER_LOST": True,
    "CELERY_WORKER_PREFETCH_MULTIPLIER": 1,
}


def test_production_is_closed_without_being_asked(tmp_path):
    got = read(
        CLOSED, tmp_path, CONSILIUM_ENV="production", CONSILIUM_SECRET_KEY=SECRET
    )
    assert got == CLOSED


def test_headers_of_a_proxy_count_only_if_there_is_one(tmp_path):
    names = ["SECURE_PROXY_SSL_HEADER", "AXES_IPWARE_META_PRECEDENCE_ORDER"]
    assert read(names, tmp_path) == {names[0]: None, names[1]: ["REMOTE_ADDR"]}
    behind = read(names, tmp_path, CONSILIUM_PROXY_COUNT="1")
    assert behind[names[0]] == ("HTTP_X_FORWARDED_PROTO", "https")
    assert behind[names[1]][0] == "HTTP_X_FORWARDED_FOR"


def test_everything_is_kept_below_the_data_directory(tmp_path):
    names = ["UPLOAD_DIR", "EXPORT_DIR", "FILE_UPLOAD_TEMP_DIR", "STATIC_ROOT"]
    expression = "[" + ", ".join(f"str(s.{name})" for name in names) + "]"
    done = started(expression, CONSILIUM_DATA_DIR=str(tmp_path))
    for folder in ast.literal_eval(done.stdout):
        assert folder.startswith(f"{tmp_path}/"), folder
