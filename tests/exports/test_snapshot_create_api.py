"""Asking for a snapshot by HTTP: the form's rules, and one snapshot per key."""

import pytest
from django.urls import reverse

from exports.models import Snapshot, SnapshotRequest
from exports.rules import Rules
from feedback.accounts.models import Scope
from feedback.jobs.models import Job
from feedback.jobs.services import run_job
from tests.exports.test_tokens import bearer, token_for

KEY = {"Idempotency-Key": "nightly-2026-11-24"}


@pytest.fixture
def program(judged):
    text = token_for(judged.study.created_by, Scope.EXPORTS_READ, Scope.EXPORTS_CREATE)[
        1
    ]
    return bearer(text)


def ask(program, study, fields=None, **headers):
    url = reverse("api_study_snapshots", args=[study.uid])
    return program.post(
        url, fields or {}, content_type="application/json", headers=headers
    )


def test_a_snapshot_is_asked_for_and_watched_until_it_is_sealed(judged, program):
    answer = ask(program, judged.study, {"test_percent": 25, "safety_floor": 2.5})
    assert answer.status_code == 202
    row = answer.json()
    assert (row["state"], row["test_percent"]) == ("building", 25)
    assert row["rules"] == Rules(safety_floor=2.5).as_json()
    job = Job.objects.get(kind=Snapshot.WRITE_JOB)
    assert job.actor_id == judged.study.created_by_id
    assert run_job(job_id=job.pk)
    row = program.get(answer["Location"]).json()
    assert row["state"] == "sealed"
    assert row["release"] is None
    listed = program.get(reverse("api_study_snapshots", args=[judged.study.uid]))
    assert [one["uid"] for one in listed.json()["results"]] == [row["uid"]]


def test_the_same_key_makes_one_snapshot(judged, program):
    first = ask(program, judged.study, **KEY)
    second = ask(program, judged.study, **KEY)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["uid"] == second.json()["uid"]
    assert Snapshot.objects.count() == SnapshotRequest.objects.count() == 1
    other = ask(program, judged.study, {"test_percent": 20}, **KEY)
    assert other.status_code == 422
    assert "something else" in other.json()["detail"]


def test_without_a_key_a_second_one_waits_for_the_first(judged, program):
    assert ask(program, judged.study).status_code == 202
    assert ask(program, judged.study).status_code == 409


def test_a_key_of_somebody_else_does_not_count(judged, program):
    SnapshotRequest.objects.create(
        user=judged.raters[0].user,
        key=KEY["Idempotency-Key"],
        request_sha256="0" * 64,
        snapshot=judged.seal(),
    )
    assert ask(program, judged.study, **KEY).json()["number"] == 2


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"test_percent": 51}, "test_percent"),
        ({"min_raters": "many"}, "min_raters"),
        ({"bad_below": 0.9, "good_from": 0.5}, "bad_below"),
        ({"test_percent": None}, "test_percent"),
    ],
)
def test_thresholds_are_refused_as_the_page_refuses_them(
    judged, program, fields, named
):
    answer = ask(program, judged.study, fields)
    assert answer.status_code == 422
    assert answer.json()["errors"].keys() == {named}
    assert not Snapshot.objects.exists()


@pytest.mark.parametrize("body", ['{"floor": 1}', "[1]", '"x"', "5"])
def test_a_body_that_is_no_threshold_is_a_problem(judged, program, body):
    url = reverse("api_study_snapshots", args=[judged.study.uid])
    answer = program.post(url, body, content_type="application/json")
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("key", ["x" * 101, "a\u0085b"])
def test_a_key_that_cannot_be_kept_is_refused(judged, program, key):
    assert ask(program, judged.study, **{"Idempotency-Key": key}).status_code == 422


def test_a_page_of_another_site_cannot_seal_with_the_browsers_session(judged, sign_in):
    browser = sign_in(judged.study.created_by, enforce_csrf_checks=True)
    assert ask(browser, judged.study).status_code == 403
    assert not Snapshot.objects.exists()


def test_studies_are_listed_by_name(judged, program):
    (row,) = program.get("/api/v1/studies/").json()["results"]
    assert row["name"] == judged.study.name
    assert row["uid"] == str(judged.study.uid)
    assert program.get(row["snapshots"]).status_code == 200
    assert program.get("/api/v1/studies/?name=x").status_code == 422
