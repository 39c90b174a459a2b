"""Releases on pages and by API: prepare, sign, withdraw, compare, ask what changed."""

import pytest
from django.urls import reverse
from django.utils.html import escape

from exports.comparisons import compute_comparison
from exports.dossier import GUARDS
from exports.manifest import SIGNATURE
from exports.minisign import PublicKey, verify
from exports.models import Comparison, Release, SigningKey, Tombstone
from exports.tombstones import _withdraw
from feedback.accounts.permissions import Role
from feedback.accounts.services import make_sign_in_link
from feedback.common import clock
from feedback.jobs.models import Job
from tests import builders
from tests.exports.conftest import body
from tests.exports.released import make_auditor, make_release, prepare
from tests.foundation.test_layers import ROOT

PASSWORD = "correct horse battery staple"


@pytest.fixture
def snapshot(judged, settings, tmp_path):
    settings.SIGNING_KEY = ""
    settings.SIGNING_KEY_FILE = tmp_path / "signing.key"
    return judged.seal()


def at(name, row):
    return reverse(name, args=[row.uid])


def test_two_persons_sign_on_the_page(
    judged, snapshot, lead, sign_in, django_capture_on_commit_callbacks
):
    page = lead.get(at("release_create", snapshot))
    assert b"1.0.0" in page.content
    assert (
        lead.post(at("release_create", snapshot), {"version": "0.9.0"}).status_code
        == 422
    )
    made = lead.post(at("release_create", snapshot), {"version": "1.0.0", "notes": "N"})
    release = Release.objects.get()
    assert made["Location"] == at("release_detail", release)
    # Looking again leads to the release that there is.
    again = lead.get(at("release_create", snapshot))
    assert again["Location"] == at("release_detail", release)
    wrong = lead.post(at("release_sign", release), {"password": "guess"})
    assert wrong.status_code == 422
    assert b"Nothing was signed" in wrong.content
    assert not release.signoffs.exists()
    signed = lead.post(at("release_sign", release), {"password": PASSWORD}, follow=True)
    assert b"another person signs" in signed.content
    assert b"You have signed" in lead.get(at("release_detail", release)).content
    second = sign_in(make_auditor())
    with django_capture_on_commit_callbacks(execute=True):
        done = second.post(
            at("release_sign", release), {"password": PASSWORD}, follow=True
        )
    assert b"published and signed" in done.content
    release.refresh_from_db()
    file = lead.get(at("release_signature", release)).content.decode()
    key = lead.get(
        reverse("signing_key_file", args=[release.key.key_id])
    ).content.decode()
    sums = (judged.folder(snapshot) / "SHA256SUMS").read_bytes()
    assert "version:1.0.0" in verify(sums, file, key=PublicKey.from_text(key))
    assert SIGNATURE.encode() in body(lead.get(at("snapshot_archive", snapshot)))
    for name in ("snapshot_detail",):
        assert b"1.0.0" in lead.get(at(name, snapshot)).content
    assert b"1.0.0" in lead.get(at("snapshot_list", judged.study)).content
    assert b"1.0.0" in second.get(at("release_list", judged.study)).content


def test_somebody_without_a_password_signs_by_a_fresh_link(judged, snapshot, sign_in):
    person = judged.study.created_by
    person.set_unusable_password()
    person.save()
    browser = sign_in(person)
    release = prepare(judged, snapshot)
    page = browser.get(at("release_detail", release)).content
    assert b'name="password"' not in page
    token = make_sign_in_link(user=person, now=clock.now(), valid_hours=1)
    link = f"http://testserver{reverse('sign_in_link', args=[token])}"
    assert browser.post(at("release_sign", release), {"link": "x"}).status_code == 422
    assert browser.post(at("release_sign", release), {"link": link}).status_code == 302
    assert release.signoffs.get().proof == "link"


def test_guessing_at_the_form_locks_as_at_the_door(judged, snapshot, lead, settings):
    settings.AXES_FAILURE_LIMIT = 2
    release = prepare(judged, snapshot)
    answers = [
        lead.post(at("release_sign", release), {"password": f"guess {n}"}).status_code
        for n in range(3)
    ]
    assert answers[-1] == 429
    right = lead.post(at("release_sign", release), {"password": PASSWORD})
    assert right.status_code == 429
    assert not release.signoffs.exists()


def test_withdrawing_on_the_page(judged, snapshot, lead, engineer):
    release = make_release(judged, snapshot)
    assert engineer.post(at("release_withdraw", release)).status_code == 404
    assert lead.post(at("release_withdraw", release)).status_code == 422
    lead.post(at("release_withdraw", release), {"because": "Wrong <dose>."})
    page = engineer.get(at("release_detail", release)).content.decode()
    assert escape("Wrong <dose>.") in page
    (change,) = engineer.get(at("api_study_changes", judged.study)).json()["changes"]
    assert (change["reason"], change["example_id"]) == ("release_withdrawn", "*")


def test_the_feed_is_read_by_cursor_in_a_stable_order(
    judged, snapshot, engineer, monkeypatch
):
    monkeypatch.setattr("exports.release_selectors.CHANGES_A_PAGE", 2)
    release = make_release(judged, snapshot)
    url = at("api_study_changes", judged.study)
    empty = engineer.get(url).json()
    assert empty == {"changes": [], "next": "0", "has_more": False}
    reason = Tombstone.Reason.SAFETY_FLAG
    _withdraw(release, {("sft", f"row {n}"): reason for n in range(5)})
    seen, since, has_more = [], "", True
    while has_more:
        page = engineer.get(url, {"since": since} if since else {}).json()
        seen += [change["example_id"] for change in page["changes"]]
        since, has_more = page["next"], page["has_more"]
    assert seen == [f"row {n}" for n in range(5)]
    assert engineer.get(url, {"since": since}).json()["next"] == since
    assert _withdraw(release, {("sft", "row 1"): reason}) == 0
    assert engineer.get(url, {"since": since}).json()["changes"] == []
    page = engineer.get(at("release_detail", release)).content.decode()
    assert "5 rows withdrawn since" in " ".join(page.split())


@pytest.mark.parametrize("query", [{"since": "x"}, {"since": "-1"}, {"after": "1"}])
def test_a_wrong_cursor_is_a_problem(judged, engineer, query):
    answer = engineer.get(at("api_study_changes", judged.study), query)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["next_step"]


def test_comparing_waits_for_its_job_and_then_shows(judged, snapshot, engineer, lead):
    newer = judged.seal()
    make_release(judged, snapshot)
    page = engineer.get(at("snapshot_compare", newer)).content
    assert b"row by row" in page
    assert b'hx-trigger="every 1s"' in page
    waiting = lead.get(at("release_create", newer))
    assert b"as soon as it is known" in waiting.content
    url = at("api_snapshot_compare", newer)
    assert engineer.get(url).json()["computed_at"] is None
    assert Job.objects.filter(kind="exports.compare_snapshots").count() == 1
    compute_comparison(comparison=Comparison.objects.get(), directory=judged.directory)
    answer = engineer.get(url, {"with": str(snapshot.number)}).json()
    assert answer["configurations"]["sft"]["added"] == 0
    fragment = engineer.get(
        at("snapshot_compare", newer), headers={"HX-Request": "true"}
    )
    assert b"<html" not in fragment.content
    assert b"Changed by a verdict" in fragment.content
    assert b"1.0.1" in lead.get(at("release_create", newer)).content
    for given in ("99", "x", str(newer.number)):
        assert engineer.get(url, {"with": given}).status_code == 422


def test_a_lonely_snapshot_has_nothing_to_compare_with(snapshot, engineer):
    assert b"no other sealed" in engineer.get(at("snapshot_compare", snapshot)).content
    assert engineer.get(at("api_snapshot_compare", snapshot)).status_code == 422


def test_keys_are_shown_and_an_old_one_stays(
    judged, snapshot, engineer, settings, tmp_path
):
    (first,) = engineer.get(reverse("api_signing_key_list")).json()["keys"]
    settings.SIGNING_KEY_FILE = tmp_path / "another.key"
    keys = engineer.get(reverse("api_signing_key_list")).json()["keys"]
    assert [key["is_current"] for key in keys] == [True, False]
    assert keys[1]["public_key"] == first["public_key"]
    page = engineer.get(reverse("signing_key_list")).content.decode()
    for key in SigningKey.objects.all():
        assert key.public_key in page
    assert engineer.get(reverse("signing_key_file", args=["0"])).status_code == 404
    secret = settings.SIGNING_KEY_FILE.read_text().splitlines()[1]
    assert secret not in page


def test_an_administrator_sees_and_signs_without_pulling(judged, snapshot, sign_in):
    release = make_release(judged, snapshot)
    admin = sign_in(builders.make_user("Adam Admin", roles=(Role.ADMIN,)))
    page = admin.get(at("release_detail", release)).content.decode()
    assert at("snapshot_detail", snapshot) not in page
    assert admin.get(at("release_dossier", release)).status_code == 200


def test_the_dossier_is_made_of_data(judged, snapshot, engineer):
    release = make_release(judged, snapshot)
    page = engineer.get(at("release_dossier", release)).content.decode()
    text = engineer.get(at("release_dossier_text", release)).content.decode()
    for one in (
        snapshot.manifest_sha256,
        "Lena Lead",
        "Audrey Auditor",
        release.key.key_id,
        "CC0-1.0",
        "Not for clinical use",
    ):
        assert one in page
        assert one in text
    assert "missing" not in text


@pytest.mark.parametrize(
    "test", sorted({t for tests in GUARDS.values() for t in tests})
)
def test_every_test_that_the_dossier_names_exists(test):
    path, _, name = test.partition("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    assert f"def {name}(" in source if name else "def test_" in source
