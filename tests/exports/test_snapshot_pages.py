"""The pages and downloads of exports: what they show, whom they let in."""

import hashlib
import io
import zipfile

import pytest
from django.urls import reverse

from exports.models import Snapshot
from exports.rules import Rules
from feedback.accounts.permissions import Role
from feedback.audit.models import AuditEvent
from feedback.jobs.models import Job
from feedback.jobs.services import run_job
from feedback.studies.services import enroll
from tests import builders
from tests.exports.conftest import body, contents

HTMX = {"HX-Request": "true"}
THRESHOLDS = {
    "test_percent": 25,
    "benchmark_percent": 5,
    "min_raters": 2,
    "min_agreement": 0.6,
    "only_blind": True,
    "safety_floor": 2.5,
    "good_from": 0.7,
    "bad_below": 0.4,
    "correction_margin": 0.7,
    "best_over_worst_from": 0.5,
    "near_duplicate_from": 0.9,
}


def list_url(study):
    return reverse("snapshot_list", args=[study.uid])


def seal_url(study):
    return reverse("snapshot_seal", args=[study.uid])


def page_url(snapshot):
    return reverse("snapshot_detail", args=[snapshot.uid])


def file_url(snapshot, path):
    return reverse("snapshot_file", args=[snapshot.uid, path])


def archive_url(snapshot):
    return reverse("snapshot_archive", args=[snapshot.uid])


@pytest.fixture
def snapshot(judged):
    return judged.seal()


def test_the_page_counts_what_a_snapshot_would_hold(judged, lead):
    page = lead.get(list_url(judged.study))
    preview = page.context["preview"]
    assert preview.n_judgments == 14 * 3 * 2 - 3
    assert (preview.n_raters, preview.n_prompts, preview.n_flagged) == (2, 14, 1)
    # The two raters' corrections of three completions.
    assert preview.n_corrections == 6
    assert preview.n_pairs == 14
    assert preview.kept_out == (
        ("The rater said that the question is outside their practice.", 3),
    )
    snapshot = judged.seal()
    assert snapshot.n_judgments == preview.n_judgments
    assert (
        f'href="{page_url(snapshot)}"'
        in lead.get(list_url(judged.study)).content.decode()
    )


def test_the_lead_seals_with_the_form_and_watches(judged, lead):
    answer = lead.post(seal_url(judged.study), THRESHOLDS)
    snapshot = Snapshot.objects.get()
    assert answer.status_code == 302
    assert answer.url == page_url(snapshot)
    assert snapshot.requested_by == judged.study.created_by
    assert snapshot.test_percent == 25
    assert snapshot.rules == {
        k: v for k, v in THRESHOLDS.items() if k != "test_percent"
    }

    waiting = lead.get(page_url(snapshot))
    assert f'hx-get="{page_url(snapshot)}"' in waiting.content.decode()
    assert "Waiting for a worker" in waiting.content.decode()
    assert run_job(job_id=Job.objects.get(kind=Snapshot.WRITE_JOB).pk)

    fragment = lead.get(page_url(snapshot), headers=HTMX)
    text = fragment.content.decode()
    assert fragment["Vary"].count("HX-Request") == 1
    assert text.lstrip().startswith('<div id="snapshot"')
    assert "hx-get" not in text
    snapshot.refresh_from_db()
    for file in snapshot.files.all():
        assert file.sha256 in text
        assert file_url(snapshot, file.path) in text
    assert snapshot.manifest_sha256 in text
    assert "load_dataset(&quot;snapshot-1&quot;, &quot;kto&quot;)" in text or (
        'load_dataset("snapshot-1", "kto")' in text
    )
    assert "outside their practice" in text


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("test_percent", "51", "less than or equal to 50"),
        ("min_raters", "0", "greater than or equal to 1"),
        ("good_from", "much", "Enter a number"),
        ("safety_floor", "nan", "Enter a number"),
        ("bad_below", "0.9", "0.9 is above 0.7"),
        ("correction_margin", "0", "greater than or equal to 0.01"),
    ],
)
def test_thresholds_that_cannot_be_are_refused_at_their_field(
    judged, lead, field, value, message
):
    page = lead.post(seal_url(judged.study), THRESHOLDS | {field: value})
    assert page.status_code == 422
    assert message in page.content.decode()
    assert not Snapshot.objects.exists()


def test_the_form_starts_with_the_defaults(judged, lead):
    form = lead.get(list_url(judged.study)).context["form"]
    initial = {name: field.initial for name, field in form.fields.items()}
    assert initial.pop("test_percent") == 10
    assert initial == Rules().as_json()


def test_a_failure_is_shown_with_its_reason_and_repeated(
    judged, lead, settings, tmp_path
):
    lead.post(seal_url(judged.study), THRESHOLDS)
    snapshot = Snapshot.objects.get()
    settings.EXPORT_DIR = tmp_path / "blocked"
    settings.EXPORT_DIR.write_text("a file where a folder should be")
    job = Job.objects.get(kind=Snapshot.WRITE_JOB)
    run_job(job_id=job.pk)
    page = lead.get(page_url(snapshot)).content.decode()
    assert "Attempt 1 failed and will be repeated" in page
    assert "hx-get" in page
    Job.objects.filter(pk=job.pk).update(state=Job.State.DEAD)
    page = lead.get(page_url(snapshot)).content.decode()
    assert "This snapshot was not sealed." in page
    assert "blocked" in page
    assert "hx-get" not in page


def test_a_writer_that_vanished_is_not_waited_for(judged, lead):
    snapshot = judged.request()
    page = lead.get(page_url(snapshot)).content.decode()
    assert "Whoever worked on it was stopped" in page


def test_a_file_is_sent_as_it_was_sealed_and_the_pull_is_logged(snapshot, engineer):
    for file in snapshot.files.all():
        answer = engineer.get(file_url(snapshot, file.path))
        assert answer.status_code == 200
        assert hashlib.sha256(body(answer)).hexdigest() == file.sha256
        assert answer["ETag"] == f'"{file.sha256}"'
        assert answer["X-Content-Type-Options"] == "nosniff"
        name = file.path.replace("/", "-")
        assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
        assert "html" not in answer["Content-Type"]
    pulls = AuditEvent.objects.filter(action="snapshot.file_pulled")
    assert set(pulls.values_list("details__path", flat=True)) == set(
        snapshot.files.values_list("path", flat=True)
    )


@pytest.mark.parametrize(
    "path",
    [
        "../secret_key",
        "../../../../../etc/passwd",
        "..%2f..%2fsecret_key",
        "kto/../../secret_key",
        "/etc/passwd",
        "README.md/",
        "./README.md",
        "kto",
        ".",
        "readme.md",
        "README.md\\",
        "README.md%00",
    ],
)
def test_a_path_that_the_snapshot_does_not_list_is_not_found(
    snapshot, judged, engineer, path
):
    (judged.directory.parent / "secret_key").write_text("secret")
    (judged.directory / "secret_key").write_text("secret")
    answer = engineer.get(f"/snapshots/{snapshot.uid}/files/{path}")
    assert answer.status_code == 404


def test_a_file_that_lies_in_the_folder_but_is_not_listed_is_not_served(
    snapshot, judged, engineer
):
    (judged.folder(snapshot) / "extra.html").write_text("<script>")
    assert engineer.get(file_url(snapshot, "extra.html")).status_code == 404


@pytest.mark.parametrize("harm", ["lost", "cut"])
def test_a_harmed_folder_is_refused_with_what_to_do(snapshot, judged, engineer, harm):
    path = judged.folder(snapshot) / "README.md"
    path.unlink() if harm == "lost" else path.write_text("cut")
    for url in (file_url(snapshot, "README.md"), archive_url(snapshot)):
        answer = engineer.get(url)
        assert answer.status_code == 409
        assert "--number 1 --restore" in answer.content.decode()


def test_the_archive_holds_the_folder_and_has_the_same_bytes_twice(
    snapshot, judged, engineer
):
    answer = engineer.get(archive_url(snapshot))
    first = body(answer)
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"].endswith('-snapshot-1.zip"')
    assert body(engineer.get(archive_url(snapshot))) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.testzip() is None
        held = {
            name.removeprefix("snapshot-1/"): archive.read(name)
            for name in archive.namelist()
        }
    assert held == contents(judged.folder(snapshot))


def test_nothing_is_pulled_before_it_is_sealed(judged, engineer):
    snapshot = judged.request()
    assert engineer.get(archive_url(snapshot)).status_code == 409
    assert engineer.get(file_url(snapshot, "README.md")).status_code == 404


@pytest.mark.parametrize(
    ("role", "may_pull", "may_seal"),
    [
        (Role.RATER, False, False),
        (Role.SAFETY_REVIEWER, False, False),
        (Role.LEAD, True, True),
        (Role.ML_ENGINEER, True, False),
        (None, False, False),
    ],
)
def test_who_may_pull_and_who_may_seal(
    judged, snapshot, sign_in, role, may_pull, may_seal
):
    person = builders.make_user()
    if role is not None:
        enroll(study=judged.study, user=person, role=role)
    browser = sign_in(person)
    for url in (
        list_url(judged.study),
        page_url(snapshot),
        file_url(snapshot, "README.md"),
        archive_url(snapshot),
        reverse("api_snapshot_detail", args=[snapshot.uid]),
    ):
        answer = browser.get(url)
        if answer.streaming:
            body(answer)
        assert answer.status_code == (200 if may_pull else 404), url
    if may_pull:
        form = "Seal a snapshot" in browser.get(list_url(judged.study)).content.decode()
        assert form == may_seal
    answer = browser.post(seal_url(judged.study), THRESHOLDS)
    assert answer.status_code == (302 if may_seal else 404)
    assert Snapshot.objects.count() == (2 if may_seal else 1)


def test_somebody_elses_lead_sees_nothing(snapshot, sign_in):
    other = builders.make_study(n_prompts=1)
    browser = sign_in(other.created_by)
    for url in (page_url(snapshot), archive_url(snapshot)):
        assert browser.get(url).status_code == 404
    listed = browser.get(reverse("api_snapshot_list")).json()
    assert listed["results"] == []


def test_without_sign_in_there_is_the_sign_in_page(snapshot, client):
    assert client.get(page_url(snapshot)).status_code == 302
    assert client.get(file_url(snapshot, "README.md")).status_code == 302
    assert client.get(reverse("api_snapshot_list")).status_code in {401, 403}


def test_markup_in_names_is_shown_as_text(judged, lead):
    judged.study.name = "<script>alert(1)</script>"
    judged.study.save(update_fields=["name"])
    snapshot = judged.seal()
    for url in (list_url(judged.study), page_url(snapshot)):
        assert "<script>alert(1)" not in lead.get(url).content.decode()
    assert "\\<script\\>" in (judged.folder(snapshot) / "README.md").read_text()


def test_the_pages_take_the_same_number_of_queries_for_more_snapshots(
    judged, lead, django_assert_max_num_queries
):
    judged.seal()
    lead.get(list_url(judged.study))
    with django_assert_max_num_queries(25) as one:
        lead.get(list_url(judged.study))
    judged.seal()
    judged.seal()
    with django_assert_max_num_queries(len(one)):
        lead.get(list_url(judged.study))
