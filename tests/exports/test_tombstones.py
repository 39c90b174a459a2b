"""Rows whose ground vanishes after a release: named once, within a minute."""

import time
import uuid
from io import StringIO

import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from django.db import connection

from exports.comparing import files_by_configuration, key_of
from exports.events import RowsWithdrawn
from exports.models import ConsentWithdrawal, ReleaseWatch, SnapshotMember, Tombstone
from exports.reactions import after_flag, after_judgment
from exports.tombstones import ask_to_watch, standing_releases, watch_release
from feedback.common import clock
from feedback.jobs.models import Job
from feedback.jobs.services import run_job
from feedback.rating.events import JudgmentSubmitted, SafetyFlagRaised
from feedback.rating.models import CriterionRating, Judgment, SafetyFlag
from feedback.rating.services import revise_judgment
from feedback.rating.shown import shown_of
from feedback.review.evidence import supersede_edition
from feedback.studies.models import Task
from tests import builders
from tests.exports.conftest import Judged
from tests.exports.released import make_release
from tests.review.conftest import make_edition, make_scene, settle

Reason = Tombstone.Reason


@pytest.fixture
def release(judged):
    return make_release(judged, judged.seal())


def exported(judged, release, configuration):
    """The rows of a configuration."""
    paths = files_by_configuration(judged.folder(release.snapshot))[configuration]
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def watch(judged, release):
    return watch_release(release=release, directory=judged.directory, now=clock.now())


def named(release, configuration):
    return dict(
        release.tombstones.filter(configuration=configuration).values_list(
            "example_id", "reason"
        )
    )


def flag(judgment, completion):
    return SafetyFlag.objects.create(
        judgment=judgment,
        completion=completion,
        category="dose_error",
        severity="severe",
        rationale="Ten times.",
    )


def revise(judgment):
    """The rater changes an answer, as the page would."""
    judgment.assignment.refresh_from_db()
    shown = shown_of(judgment.assignment)
    return revise_judgment(
        judgment=judgment,
        answer=builders.GOOD,
        shown=shown,
        idempotency_key=uuid.uuid4(),
        shown_sha256_seen=shown.sha256,
        active_seconds=5,
        now=clock.now(),
    )


def chosen(judged, release):
    """An exported pair that was asked, a judgment of it and the chosen completion."""
    rows = exported(judged, release, "preference")
    row = next(row for row in rows if row["pair_source"] == "asked")
    judgment = Judgment.objects.get(uid=row["judgment_uids"][0])
    text = row["chosen"][-1]["content"]
    completion = judgment.task.prompt.completions.get(content=text)
    return row, judgment, completion


def test_nothing_vanished_names_nothing(judged, release):
    assert watch(judged, release) == 0
    assert ReleaseWatch.objects.get(release=release).checked_at
    assert ask_to_watch([release]) == []


def test_a_flagged_text_is_named_where_it_is_taught_and_nowhere_else(judged, release):
    row, judgment, completion = chosen(judged, release)
    flag(judgment, completion)
    n = watch(judged, release)
    assert n == release.tombstones.count() > 0
    preference = named(release, "preference")
    assert preference[row["example_id"]] == Reason.SAFETY_FLAG
    for one in exported(judged, release, "preference"):
        is_taught = (
            one["prompt_uid"] == row["prompt_uid"]
            and one["chosen"][-1]["content"] == completion.content
        )
        assert is_taught is (key_of(one) in preference)
    for one in exported(judged, release, "kto"):
        if one["completion"][-1]["content"] == completion.content:
            is_named = key_of(one) in named(release, "kto")
            assert is_named is one["label"]
    # What raters said stays said.
    assert named(release, "ratings") == {}


def test_a_flag_in_another_study_counts_for_the_same_text(judged, release):
    row, _judgment, completion = chosen(judged, release)
    elsewhere = builders.make_study(n_prompts=1, overlap=1)
    (other, *_) = builders.judge_all(elsewhere, builders.make_rater(elsewhere))
    raised = flag(other, completion)
    after_flag(SafetyFlagRaised(flag_id=raised.pk))
    assert Job.objects.get(kind="exports.watch_release").subject_id == release.pk
    watch(judged, release)
    assert row["example_id"] in named(release, "preference")


def test_a_revised_judgment_takes_its_rows_along(judged, release):
    single = CriterionRating.objects.filter(
        judgment__study=judged.study, judgment__task__kind=Task.Kind.SINGLE
    )
    judgment = Judgment.objects.get(pk=single.latest("pk").judgment_id)
    fresh = revise(judgment)
    after_judgment(JudgmentSubmitted(judgment_id=fresh.pk))
    assert Job.objects.filter(kind="exports.watch_release").count() == 1
    watch(judged, release)
    uid = str(judgment.uid)
    for configuration in files_by_configuration(judged.folder(release.snapshot)):
        rows = exported(judged, release, configuration)
        expected = {
            key_of(row)
            for row in rows
            if uid in (row.get("judgment_uids") or [row.get("judgment_uid")])
        }
        assert set(named(release, configuration)) == expected
    assert named(release, "ratings") == {uid: Reason.JUDGMENT_SUPERSEDED}


def test_a_withdrawn_task_and_a_withdrawn_consent_take_theirs(judged, release):
    row, judgment, _completion = chosen(judged, release)
    Task.objects.filter(pk=judgment.task_id).update(state="withdrawn")
    watch(judged, release)
    assert named(release, "preference")[row["example_id"]] == Reason.TASK_WITHDRAWN
    other = next(
        one
        for one in exported(judged, release, "preference")
        if one["prompt_uid"] != row["prompt_uid"]
    )
    prompt = Judgment.objects.get(uid=other["judgment_uids"][0]).task.prompt
    ConsentWithdrawal.objects.create(
        prompt=prompt, reason="Asked by letter.", recorded_by=judged.study.created_by
    )
    watch(judged, release)
    reason = named(release, "preference")[other["example_id"]]
    assert reason == Reason.CONSENT_WITHDRAWN
    ConsentWithdrawal.objects.create(
        rater=judged.raters[0], reason="Left.", recorded_by=judged.study.created_by
    )
    watch(judged, release)
    mine = {
        str(uid)
        for uid in Judgment.objects.filter(rater=judged.raters[0]).values_list(
            "uid", flat=True
        )
    }
    for one in exported(judged, release, "ratings"):
        if one["judgment_uid"] in mine:
            assert one["judgment_uid"] in named(release, "ratings")


def test_what_was_erased_is_named(judged, release):
    row, judgment, _completion = chosen(judged, release)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('consilium.erasure', 'asked', true)")
        SnapshotMember.objects.filter(judgment=judgment).delete()
        cursor.execute("SELECT set_config('consilium.erasure', '', true)")
    watch(judged, release)
    assert named(release, "preference")[row["example_id"]] == Reason.ERASED


def test_a_superseded_edition_takes_what_its_verdict_settled(db, settings):
    scene = make_scene()
    judged = Judged(scene.study, scene.raters, settings.EXPORT_DIR)
    settle(scene)
    old, new = make_edition(scene.study), make_edition(scene.study, "2024", year=2024)
    release = make_release(judged, judged.seal())
    supersede_edition(
        edition=old, by=new, actor=scene.study.created_by, now=clock.now()
    )
    watch(judged, release)
    aggregated = release.tombstones.exclude(configuration="ratings")
    assert {one.reason for one in aggregated} <= {Reason.STALE_EVIDENCE}
    assert named(release, "ratings") == {}


def test_never_twice(judged, release, monkeypatch):
    _row, judgment, completion = chosen(judged, release)
    flag(judgment, completion)
    told = []
    monkeypatch.setattr("exports.tombstones.emit", told.append)
    n = watch(judged, release)
    assert told == [RowsWithdrawn(study_id=judged.study.pk, n=n)]
    assert watch(judged, release) == 0
    # The same state of things asks for no second job, another state for one.
    ReleaseWatch.objects.all().delete()
    assert watch(judged, release) == 0
    Task.objects.filter(pk=judgment.task_id).update(state="withdrawn")
    watch(judged, release)
    ids = list(release.tombstones.values_list("configuration", "example_id"))
    assert len(ids) == len(set(ids))


def test_the_sweep_finds_what_no_event_told_within_a_minute(judged, release):
    """The real clock, the real command, the real job."""
    watch(judged, release)
    row, judgment, _completion = chosen(judged, release)
    began = time.monotonic()
    Task.objects.filter(pk=judgment.task_id).update(state="withdrawn")
    for _ in range(2):
        for job in ask_to_watch(standing_releases()):
            assert run_job(job_id=job.pk)
        call_command("sweep", "--once", stdout=StringIO())
    assert time.monotonic() - began < 60
    assert row["example_id"] in named(release, "preference")
    assert Job.objects.filter(kind="exports.watch_release").count() == 1
