"""A worker is killed in the middle: its job is run again, once, by the next one."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from feedback.common import clock
from feedback.jobs import registry
from feedback.jobs.models import Job
from feedback.jobs.services import due_job_ids, enqueue, run_job
from rlhf_site import wiring
from tests.builders import make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]

ROOT = Path(__file__).resolve().parents[2]
_WORKER = """
import sys, time
import tests.settings
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
import django
django.setup()
from feedback.accounts.models import User
from feedback.jobs import registry
from feedback.jobs.services import run_job

def half(pk):
    User.objects.filter(pk=pk).update(name="half done")
    print("at work", flush=True)
    time.sleep(600)

registry.install({"tests.half": half})
run_job(job_id=int(sys.argv[2]))
"""


@pytest.fixture
def calls():
    """What this process is asked to do."""
    made = []
    registry.install({"tests.half": made.append})
    yield made
    wiring.install()


@pytest.fixture
def worker():
    """Start a worker that says when it is in the middle of the job."""
    started = []

    def start(job):
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                _WORKER,
                settings.DATABASES["default"]["NAME"],
                str(job.pk),
            ],
            cwd=ROOT,
            env=os.environ  # noqa: TID251 - to pass on
            | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "at work\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_job_of_a_killed_worker_is_done_by_the_next(worker, calls):
    job = enqueue(kind="tests.half", subject=make_user())
    process = worker(job)

    # While it lives, nobody else takes it, whoever asks.
    assert run_job(job_id=job.pk) is False
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert run_job(job_id=job.pk) is False

    # Its lease runs out, because nobody extends it any more.
    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease_no) == (Job.State.RUNNING, 1, 1)
    assert job.leased_until < clock.now() + timedelta(seconds=31)
    Job.objects.filter(pk=job.pk).update(leased_until=clock.now())

    assert due_job_ids(now=clock.now(), older_than=timedelta()) == [job.pk]
    assert run_job(job_id=job.pk) is True
    assert run_job(job_id=job.pk) is False
    assert calls == [job.subject_id]
    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease_no) == (Job.State.DONE, 2, 2)


def test_a_worker_that_comes_back_too_late_closes_nothing(calls):
    """A paused process wakes up after its job went elsewhere."""
    job = enqueue(kind="tests.half", subject=make_user())

    def outlived(_pk):
        Job.objects.filter(pk=job.pk).update(lease_no=7, attempts=2)

    registry.install({"tests.half": outlived})
    run_job(job_id=job.pk)

    job.refresh_from_db()
    assert (job.state, job.lease_no) == (Job.State.RUNNING, 7)
    assert job.done_at is None


def test_a_late_failure_changes_nothing_either(calls, caplog):
    job = enqueue(kind="tests.half", subject=make_user())

    def outlived(_pk):
        Job.objects.filter(pk=job.pk).update(lease_no=7, attempts=2)
        raise ValueError("too late")

    registry.install({"tests.half": outlived})
    run_job(job_id=job.pk)

    job.refresh_from_db()
    assert (job.state, job.lease_no, job.last_error) == (Job.State.RUNNING, 7, "")


def test_the_same_nudge_twice_runs_once_through_celery(calls):
    from rlhf_site.tasks import wake

    job = enqueue(kind="tests.half", subject=make_user())
    wake(job.pk)
    wake(job.pk)
    assert calls == [job.subject_id]


def test_the_lease_of_long_work_is_extended_while_it_runs(calls, monkeypatch):
    monkeypatch.setattr("feedback.jobs.services._HEARTBEAT_SECONDS", 0.02)
    job = enqueue(kind="tests.half", subject=make_user())

    def long(_pk):
        Job.objects.filter(pk=job.pk).update(leased_until=clock.now())
        deadline = clock.now() + timedelta(seconds=20)
        while clock.now() < deadline:
            job.refresh_from_db()
            if job.leased_until > clock.now() + timedelta(seconds=20):
                calls.append("extended")
                return

    registry.install({"tests.half": long})
    assert run_job(job_id=job.pk) is True
    assert calls == ["extended"]
