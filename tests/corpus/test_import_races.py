"""Two workers, two files, and a worker that is killed: never twice, never half."""

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection

from feedback.common import events
from feedback.corpus.models import Completion, ImportBatch, Prompt
from feedback.corpus.services import read_batch

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]

# Reads a batch in a process of its own, against the test database.
READER = """
import sys
from pathlib import Path
import django
from django.conf import settings
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from feedback.corpus import services
from feedback.corpus.models import ImportBatch
services._SECONDS_BETWEEN_REPORTS = 0
services.read_batch(batch=ImportBatch.objects.get(pk=sys.argv[2]), directory=Path(sys.argv[3]))
"""


@pytest.fixture(autouse=True)
def nobody_listens(monkeypatch):
    """No broker to nudge: these tests do the work themselves."""
    monkeypatch.setattr(events, "_reactions", {})


@pytest.fixture
def rows(lines):
    return lines(
        *(
            {"prompt_id": f"p{n}", "prompt": f"q{n}", "completions": [{"content": "a", "model": "m"}]}
            for n in range(3000)
        )
    )  # fmt: skip


def in_threads(*jobs):
    """Run the jobs at once and return what went wrong."""

    def run(job):
        try:
            job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        running = [pool.submit(run, job) for job in jobs]
    return [error for future in running if (error := future.exception())]


def test_two_workers_on_one_batch_take_it_in_once(begin, rows, uploads):
    batch = begin(rows)
    again = ImportBatch.objects.get(pk=batch.pk)
    errors = in_threads(
        lambda: read_batch(batch=batch, directory=uploads),
        lambda: read_batch(batch=again, directory=uploads),
    )
    assert errors == []
    batch.refresh_from_db()
    assert (batch.state, batch.n_prompts_new) == (ImportBatch.State.DONE, 3000)
    assert (Prompt.objects.count(), Completion.objects.count()) == (3000, 3000)


def test_one_file_imported_twice_at_once_is_in_once(begin, rows, uploads):
    backwards = b"".join(reversed(rows.splitlines(keepends=True)))
    first, second = begin(rows), begin(backwards)
    errors = in_threads(
        lambda: read_batch(batch=first, directory=uploads),
        lambda: read_batch(batch=second, directory=uploads),
    )
    assert errors == []
    first.refresh_from_db()
    second.refresh_from_db()
    assert {first.state, second.state} == {ImportBatch.State.DONE}
    assert {first.n_prompts_new, second.n_prompts_new} == {0, 3000}
    assert {first.n_known, second.n_known} == {0, 3000}
    assert Completion.objects.count() == 3000


@pytest.mark.fault
def test_a_worker_killed_while_reading_leaves_nothing_and_can_be_followed(
    begin, lines, uploads
):
    batch = begin(
        lines(*({"prompt": f"q{n}", "completion": "a"} for n in range(20_000)))
    )
    name = str(connection.settings_dict["NAME"])
    worker = subprocess.Popen(
        [sys.executable, "-c", READER, name, str(batch.pk), str(uploads)],
        cwd=ROOT,
    )
    deadline = time.monotonic() + 60
    while not batch.n_rows_read and time.monotonic() < deadline:
        time.sleep(0.05)
        batch.refresh_from_db()
    worker.send_signal(signal.SIGKILL)
    assert worker.wait() == -signal.SIGKILL
    assert 0 < batch.n_rows_read < 20_000
    assert batch.state == ImportBatch.State.READING
    assert not Prompt.objects.exists()
    read_batch(batch=batch, directory=uploads)
    batch.refresh_from_db()
    assert (batch.state, batch.n_prompts_new) == (ImportBatch.State.DONE, 20_000)


def test_progress_can_be_watched_while_the_file_is_read(
    begin, rows, uploads, monkeypatch
):
    seen = []
    batch = begin(rows)

    def look():
        deadline = time.monotonic() + 30
        while not is_over.is_set() and time.monotonic() < deadline:
            seen.append(ImportBatch.objects.get(pk=batch.pk).n_rows_read)
            time.sleep(0.01)

    def read():
        try:
            read_batch(batch=batch, directory=uploads)
        finally:
            is_over.set()

    is_over = threading.Event()
    monkeypatch.setattr("feedback.corpus.services._SECONDS_BETWEEN_REPORTS", 0)
    assert in_threads(look, read) == []
    assert any(0 < n < 3000 for n in seen)
