"""Sealing: once, for good, resumed after a crash, refused in words."""

import pytest

from exports import services, tasks
from exports.manifest import verify_folder
from exports.models import (
    Snapshot,
    SnapshotMember,
)
from exports.rules import Rules
from exports.services import request_snapshot, seal_snapshot, write_files
from feedback.audit.models import AuditEvent
from feedback.common.exceptions import Conflict
from feedback.jobs.models import Job
from feedback.jobs.services import run_job
from feedback.rating.answers import Answer, FlagDraft
from tests import builders
from tests.exports.conftest import GOOD, contents


def test_a_second_export_is_byte_identical(judged, tmp_path):
    snapshot = judged.seal()
    first = contents(judged.folder(snapshot))
    write_files(snapshot=snapshot, directory=tmp_path / "again")
    assert contents(tmp_path / "again") == first
    assert "SHA256SUMS" in first
    assert verify_folder(tmp_path / "again").manifest_sha256 == snapshot.manifest_sha256


def test_later_judgments_do_not_change_a_sealed_snapshot(judged, tmp_path):
    snapshot = judged.seal()
    first = contents(judged.folder(snapshot))
    judged.study.overlap = 3
    late = builders.make_rater(judged.study)
    builders.judge_all(judged.study, late)
    late.specialty = "surgery"
    late.save(update_fields=["specialty"])
    write_files(snapshot=snapshot, directory=tmp_path / "later")
    assert contents(tmp_path / "later") == first


def test_a_lost_folder_comes_back_with_the_same_bytes(judged):
    snapshot = judged.seal()
    first = contents(judged.folder(snapshot))
    judged.folder(snapshot).rename(judged.directory / "lost")
    seal_snapshot(snapshot=snapshot, directory=judged.directory)
    assert contents(judged.folder(snapshot)) == first


def test_members_that_changed_after_pinning_are_not_sealed(judged, monkeypatch):
    snapshot = judged.request()
    write = services._write

    def write_and_meddle(*args, **kwargs):
        SnapshotMember.objects.filter(snapshot=snapshot).first().delete()
        return write(*args, **kwargs)

    monkeypatch.setattr(services, "_write", write_and_meddle)
    seal_snapshot(snapshot=snapshot, directory=judged.directory)
    assert snapshot.state == Snapshot.State.FAILED
    assert "changed after they were pinned" in snapshot.error


def test_the_job_seals_and_says_who_asked(judged, settings):
    snapshot = request_snapshot(
        study=judged.study, actor=judged.study.created_by, app_version="0.0.1"
    )
    assert run_job(job_id=Job.objects.get(kind="exports.write_snapshot").pk)
    snapshot.refresh_from_db()
    assert snapshot.state == Snapshot.State.SEALED
    assert snapshot.n_steps_done == services.N_STEPS
    assert verify_folder(settings.EXPORT_DIR / str(snapshot.uid)).is_intact
    actions = AuditEvent.objects.filter(subject_uid=snapshot.uid)
    assert list(actions.order_by("pk").values_list("action", flat=True)) == [
        "snapshot.requested",
        "snapshot.sealed",
    ]


def test_the_work_may_be_done_twice(judged):
    snapshot = judged.seal()
    hashes = dict(snapshot.files.values_list("path", "sha256"))
    tasks.write_snapshot(snapshot.pk)
    assert dict(snapshot.files.values_list("path", "sha256")) == hashes


def test_a_failed_attempt_says_why_and_the_next_one_seals(judged, settings, tmp_path):
    snapshot = request_snapshot(
        study=judged.study, actor=judged.study.created_by, app_version="0.0.1"
    )
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    settings.EXPORT_DIR = blocked
    job = Job.objects.get(kind=Snapshot.WRITE_JOB)
    assert not run_job(job_id=job.pk)
    snapshot.refresh_from_db()
    assert snapshot.state == Snapshot.State.FAILED
    assert "blocked" in snapshot.error
    settings.EXPORT_DIR = tmp_path / "free"
    tasks.write_snapshot(snapshot.pk)
    snapshot.refresh_from_db()
    assert (snapshot.state, snapshot.error) == (Snapshot.State.SEALED, "")


def test_nothing_to_export_is_a_failure_in_words(db, settings):
    study = builders.make_study(n_prompts=1, overlap=2)
    with pytest.raises(Conflict, match="no judgments yet"):
        request_snapshot(study=study, actor=study.created_by, app_version="0.0.1")
    rater = builders.make_rater(study)
    outside = Answer(is_outside_practice=True)
    builders.judge_all(study, rater, single=outside, pair=outside)
    snapshot = request_snapshot(
        study=study, actor=study.created_by, app_version="0.0.1", is_queued=False
    )
    seal_snapshot(snapshot=snapshot, directory=settings.EXPORT_DIR)
    assert snapshot.state == Snapshot.State.FAILED
    assert "no judgment that may be exported" in snapshot.error
    assert not (settings.EXPORT_DIR / str(snapshot.uid)).exists()


def test_a_form_sent_twice_makes_one_snapshot(judged):
    lead = judged.study.created_by
    request_snapshot(study=judged.study, actor=lead, app_version="0.0.1")
    with pytest.raises(Conflict, match=r"Snapshot 1 of study .* is being sealed"):
        request_snapshot(study=judged.study, actor=lead, app_version="0.0.1")
    assert Snapshot.objects.count() == 1


def test_stricter_rules_keep_more_out_and_are_counted(judged):
    few = judged.seal(rules=Rules(min_raters=3))
    lines = {(line["configuration"], line["rule"]): line for line in few.contract}
    assert lines["kto", "too_few_raters"]["n_out"] > 0
    assert not few.files.filter(configuration="kto").exists()
    assert few.files.filter(configuration="ratings").exists()
    assert not (judged.folder(few) / "kto").exists()


def test_without_a_test_share_there_is_no_test_split(judged):
    snapshot = request_snapshot(
        study=judged.study,
        actor=judged.study.created_by,
        app_version="0.0.1",
        test_percent=0,
        is_queued=False,
    )
    seal_snapshot(snapshot=snapshot, directory=judged.directory)
    assert not snapshot.files.filter(split="test").exists()
    assert "split: test" not in (judged.folder(snapshot) / "README.md").read_text()


def test_a_flag_from_another_study_bars_the_same_text_here(judged):
    """The same answers to the same question, imported twice, flagged there only."""
    other = builders.make_study(n_prompts=1, n_completions=1, overlap=1)
    flag = FlagDraft(category="privacy", severity="mild", rationale="Names somebody.")
    builders.judge_all(
        other,
        builders.make_rater(other),
        single=Answer(ratings=GOOD, flag=flag),
    )
    snapshot = judged.seal()
    barred = {
        e.completion.prompt.external_id: e.reasons for e in snapshot.exclusions.all()
    }
    assert barred == {"p0": ["privacy"], "p1": ["dose_error"]}
