"""Snapshots that a study seals by itself: when, under which rules, and why not."""

from datetime import timedelta

from django.urls import reverse

from exports.catching_up import catch_up
from exports.models import Snapshot, SnapshotSchedule
from exports.rules import Rules
from exports.schedules import has_news, set_schedule
from feedback.common import clock
from feedback.jobs.models import Job
from feedback.jobs.services import run_job
from feedback.rating.models import Judgment
from feedback.studies.models import Task
from tests.exports.test_snapshot_pages import THRESHOLDS

DAY = timedelta(days=1)


def schedule_of(judged, every="day", **options):
    return set_schedule(
        study=judged.study,
        every=SnapshotSchedule.Every(every),
        test_percent=25,
        rules=Rules(),
        actor=judged.study.created_by,
        now=clock.now(),
        **options,
    )


def sweep(now=None):
    catch_up(now=now or clock.now(), app_version="0.0.1")


def seal():
    assert run_job(job_id=Job.objects.get(kind=Snapshot.WRITE_JOB, state="waiting").pk)


def test_it_seals_under_its_own_thresholds_and_names_who_set_it(judged):
    schedule = schedule_of(judged)
    sweep()
    seal()
    snapshot = Snapshot.objects.get()
    assert snapshot.state == "sealed"
    assert (snapshot.test_percent, snapshot.rules) == (25, Rules().as_json())
    assert snapshot.requested_by == judged.study.created_by
    schedule.refresh_from_db()
    assert schedule.last_note == "Snapshot 1 was asked for."
    assert schedule.due_at - schedule.last_run_at == DAY


def test_it_does_not_seal_twice_in_one_day(judged):
    schedule_of(judged)
    sweep()
    sweep()
    seal()
    sweep(clock.now() + DAY / 2)
    assert Snapshot.objects.count() == 1


def test_without_news_it_notes_so_and_seals_nothing(judged):
    schedule = schedule_of(judged)
    sweep()
    seal()
    sweep(clock.now() + DAY)
    schedule.refresh_from_db()
    assert schedule.last_note == "Nothing has changed since snapshot 1."
    assert Snapshot.objects.count() == 1


def test_a_judgment_that_came_later_is_news(judged):
    schedule_of(judged)
    sweep()
    seal()
    snapshot = Snapshot.objects.get()
    last = Judgment.objects.filter(study=judged.study).latest("created_at")
    assert not has_news(judged.study, newest=snapshot, since=last.created_at)
    before = last.created_at - timedelta(microseconds=1)
    assert has_news(judged.study, newest=snapshot, since=before)


def test_a_task_that_was_taken_back_is_news(judged):
    schedule_of(judged)
    sweep()
    seal()
    task = Judgment.objects.filter(study=judged.study, outcome="answered").first().task
    Task.objects.filter(pk=task.pk).update(state=Task.State.WITHDRAWN)
    sweep(clock.now() + DAY)
    assert Snapshot.objects.count() == 2


def test_other_thresholds_are_news(judged):
    schedule_of(judged)
    sweep()
    seal()
    SnapshotSchedule.objects.update(test_percent=10)
    sweep(clock.now() + DAY)
    assert Snapshot.objects.count() == 2


def test_who_may_not_seal_any_more_seals_nothing_by_schedule(judged):
    schedule = schedule_of(judged)
    judged.study.enrollments.filter(user=judged.study.created_by).update(
        ended_at=clock.now()
    )
    sweep()
    schedule.refresh_from_db()
    assert "may not seal any more" in schedule.last_note
    assert not Snapshot.objects.exists()


def test_off_is_off(judged):
    schedule_of(judged, "off")
    sweep(clock.now() + 30 * DAY)
    assert not Snapshot.objects.exists()


def test_a_missed_week_is_not_made_up_for(judged):
    schedule = schedule_of(judged, "week")
    late = clock.now() + 30 * DAY
    sweep(late)
    schedule.refresh_from_db()
    assert schedule.due_at == late + 7 * DAY
    assert Snapshot.objects.count() == 1


def test_the_lead_sets_it_on_a_page(judged, lead):
    url = reverse("snapshot_schedule", args=[judged.study.uid])
    form = lead.get(url).context["form"]
    assert form["every"].value() == "off"
    defaults = {name: field.initial for name, field in form.fields.items()}
    sent = {k: v for k, v in (defaults | THRESHOLDS).items() if v is not None}
    assert lead.post(url, sent | {"every": "week"}).status_code == 302
    schedule = SnapshotSchedule.objects.get()
    assert (schedule.every, schedule.test_percent) == ("week", 25)
    page = lead.get(url)
    assert page.context["form"]["safety_floor"].value() == 2.5
    assert "not yet" in page.content.decode()
    assert lead.post(url, sent | {"every": "hour"}).status_code == 422
