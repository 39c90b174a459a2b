"""Data directories and processes that end with the test."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from rlhf_site import local_services

REPOSITORY = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def only_embedded(monkeypatch):
    """Whatever the machine offers, these tests are about the embedded servers."""
    for name in ("DATABASE_URL", "BROKER_URL", "CONSILIUM_POSTGRES_BIN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def make_data() -> Iterator[Callable[[str], Path]]:
    """Data directories that PostgreSQL's user can reach, also when root runs us."""
    root = Path(tempfile.mkdtemp(prefix="consilium-test-"))
    root.chmod(0o755)
    made: list[Path] = []

    def make(name: str = "data") -> Path:
        folder = root / name
        made.append(folder)
        return folder

    yield make
    for folder in made:
        if folder.is_dir():
            local_services.remove(data=folder)
    shutil.rmtree(root)


@pytest.fixture
def data(make_data) -> Path:
    return make_data("data")


@pytest.fixture
def ask() -> Callable[..., object]:
    """Run one statement and return its first value."""

    def run(data: Path, statement: str) -> object:
        url = local_services.database_url(data)
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None

    return run


@pytest.fixture
def python() -> Callable[..., subprocess.Popen[str]]:
    """Start a Python process in the repository and end it with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: str) -> subprocess.Popen[str]:
        clean = {
            name: value
            for name, value in os.environ.items()  # noqa: TID251 - to pass on
            if name not in {"DATABASE_URL", "BROKER_URL"}
        }
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=REPOSITORY,
            env=clean,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
