"""A job is a row: enqueued once, leased by one, repeated, and at last buried."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from feedback.common import clock
from feedback.common.context import current_acting
from feedback.jobs import registry
from feedback.jobs.models import Job
from feedback.jobs.services import (
    LEASE,
    MAX_ATTEMPTS,
    due_job_ids,
    enqueue,
    revive,
    run_job,
)
from rlhf_site import wiring
from tests.builders import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def calls():
    """What the work was called with; the real wiring comes back afterwards."""
    made: list[int] = []
    registry.install({"tests.note": made.append, "tests.break": _break})
    yield made
    wiring.install()


def _break(subject_id: int) -> None:
    raise ValueError(f"cannot do {subject_id}")


@pytest.fixture
def subject():
    return make_user()


def due_now(job):
    """Let a job's waiting time be over."""
    Job.objects.filter(pk=job.pk).update(due_at=clock.now() - timedelta(seconds=1))


def test_same_key_twice_is_one_job(subject, calls):
    first = enqueue(kind="tests.note", subject=subject)
    second = enqueue(kind="tests.note", subject=subject)

    assert first == second
    assert Job.objects.count() == 1


def test_job_runs_once_however_often_it_is_delivered(subject, calls):
    job = enqueue(kind="tests.note", subject=subject)

    assert run_job(job_id=job.pk) is True
    assert run_job(job_id=job.pk) is False

    assert calls == [subject.pk]
    job.refresh_from_db()
    assert job.state == Job.State.DONE
    assert job.done_at is not None


def test_failure_waits_longer_each_time_and_is_buried_at_last(subject, calls, caplog):
    job = enqueue(kind="tests.break", subject=subject)
    waits = []

    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert run_job(job_id=job.pk) is False
        job.refresh_from_db()
        assert job.attempts == attempt
        waits.append(job.due_at - clock.now())
        due_now(job)

    assert job.state == Job.State.DEAD
    assert f"cannot do {subject.pk}" in job.last_error
    assert waits[:4] == sorted(waits[:4])
    assert run_job(job_id=job.pk) is False


def test_dead_job_is_revived_by_a_person(subject, calls, caplog):
    job = enqueue(kind="tests.break", subject=subject)
    for _ in range(MAX_ATTEMPTS):
        due_now(job)
        run_job(job_id=job.pk)
    registry.install({"tests.break": calls.append})

    job.refresh_from_db()
    revive(job=job, now=clock.now())

    assert run_job(job_id=job.pk) is True
    assert calls == [subject.pk]


def test_job_whose_worker_vanished_is_taken_up_again(subject, calls):
    job = enqueue(kind="tests.note", subject=subject)
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.RUNNING,
        attempts=1,
        lease_no=1,
        leased_until=clock.now() - timedelta(seconds=1),
    )

    assert run_job(job_id=job.pk) is True
    assert calls == [subject.pk]


def test_job_in_somebodys_hands_is_left_alone(subject, calls):
    job = enqueue(kind="tests.note", subject=subject)
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.RUNNING, attempts=1, leased_until=clock.now() + LEASE
    )

    assert run_job(job_id=job.pk) is False
    assert calls == []
    assert due_job_ids(now=clock.now(), older_than=timedelta()) == []


def test_worker_that_died_five_times_buries_the_job(subject, calls):
    job = enqueue(kind="tests.note", subject=subject)
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.RUNNING,
        attempts=MAX_ATTEMPTS,
        leased_until=clock.now() - timedelta(seconds=1),
    )

    assert run_job(job_id=job.pk) is False
    job.refresh_from_db()
    assert job.state == Job.State.DEAD
    assert calls == []


def test_kind_that_nobody_does_says_what_there_is(subject, calls, caplog):
    job = enqueue(kind="tests.unknown", subject=subject)

    run_job(job_id=job.pk)

    job.refresh_from_db()
    assert "rlhf_site/wiring.py has ['tests.break', 'tests.note']" in job.last_error


def test_work_is_done_in_the_name_of_who_asked(subject, calls):
    seen = []
    registry.install({"tests.note": lambda _pk: seen.append(current_acting())})
    job = enqueue(kind="tests.note", subject=subject)
    Job.objects.filter(pk=job.pk).update(actor_id=subject.pk)

    run_job(job_id=job.pk)

    assert seen[0].user_id == subject.pk
    assert seen[0].request_id == str(job.uid)


@pytest.mark.parametrize("is_broker_there", [True, False])
def test_sweep_starts_what_is_overdue(subject, calls, monkeypatch, is_broker_there):
    job = enqueue(kind="tests.note", subject=subject)
    Job.objects.filter(pk=job.pk).update(due_at=clock.now() - timedelta(minutes=1))
    nudged = []
    monkeypatch.setattr(
        "rlhf_site.management.commands.sweep.nudge",
        lambda job_id: nudged.append(job_id) or is_broker_there,
    )

    call_command("sweep", "--once")

    assert nudged == [job.pk]
    assert calls == ([] if is_broker_there else [subject.pk])


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_many_workers_at_once_do_a_job_once(calls):
    job = enqueue(kind="tests.note", subject=make_user())
    barrier = threading.Barrier(8)

    def work(_):
        try:
            barrier.wait(timeout=30)
            return run_job(job_id=job.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))

    assert results.count(True) == 1
    assert len(calls) == 1
