"""Releases: two persons sign one manifest, and then nothing of it changes."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from exports import manifest
from exports.comparisons import compute_comparison
from exports.minisign import verify
from exports.models import Release, SigningKey, Signoff
from exports.releases import (
    comparison_with_newest,
    newest_release,
    proposal_for,
    withdraw_release,
)
from exports.versions import Level, Version
from feedback.accounts.permissions import Role
from feedback.accounts.proofs import FRESH, Proof, proof_by_link
from feedback.accounts.services import make_sign_in_link
from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.common.exceptions import Conflict, Forbidden, Invalid
from feedback.studies.services import enroll
from tests import builders
from tests.exports.released import KEY, make_auditor, make_release, prepare, sign


@pytest.fixture
def snapshot(judged):
    return judged.seal()


@pytest.fixture
def lead_person(judged):
    return judged.study.created_by


def test_two_persons_make_a_release_whose_signature_holds(
    judged, snapshot, lead_person, django_capture_on_commit_callbacks
):
    release = prepare(judged, snapshot)
    assert (release.version, release.state) == ("1.0.0", "draft")
    sign(judged, release, lead_person)
    assert release.state == "signed_once"
    assert (release.signature, release.key) == ("", None)
    auditor = make_auditor()
    with django_capture_on_commit_callbacks(execute=True):
        sign(judged, release, auditor)
    assert release.state == "released"
    folder = judged.folder(snapshot)
    sums = (folder / manifest.NAME).read_bytes()
    signature = (folder / manifest.SIGNATURE).read_text()
    comment = verify(sums, signature, key=KEY.public)
    assert f"study:{judged.study.uid} {judged.study.name}" in comment.split("\t")
    assert f"manifest:{snapshot.manifest_sha256}" in comment.split("\t")
    assert "version:1.0.0" in comment.split("\t")
    assert manifest.verify_folder(folder).is_intact
    assert SigningKey.objects.get() == release.key
    names = [(s.position, s.name, s.role, s.proof) for s in release.signoffs.all()]
    assert names == [
        (1, "Lena Lead", "lead", "password"),
        (2, "Audrey Auditor", "auditor", "password"),
    ]
    told = AuditEvent.objects.filter(subject_uid=release.uid).order_by("pk")
    assert [(e.action, e.actor_id) for e in told] == [
        ("release.prepared", lead_person.pk),
        ("release.signed", lead_person.pk),
        ("release.signed", auditor.pk),
        ("release.published", None),
    ]
    assert newest_release(judged.study) == release


def test_nobody_signs_twice(judged, snapshot, lead_person):
    release = prepare(judged, snapshot)
    sign(judged, release, lead_person)
    with pytest.raises(Conflict, match="You have signed release"):
        sign(judged, release, lead_person)
    first = release.signoffs.get()
    first.pk, first.position = None, 2
    first.uid = judged.study.uid
    with (
        pytest.raises(IntegrityError, match="nobody_signs_twice"),
        transaction.atomic(),
    ):
        first.save(force_insert=True)


def test_the_database_wants_two_names_for_the_same_bytes(judged, snapshot, lead_person):
    release = prepare(judged, snapshot)
    sign(judged, release, lead_person)
    publish = {
        "state": "released",
        "released_at": clock.now(),
        "signature": "forged",
        "key": SigningKey.objects.create(key_id="0", public_key="0"),
    }
    rows = Release.objects.filter(pk=release.pk)
    with pytest.raises(DatabaseError, match="signed by two"), transaction.atomic():
        rows.update(**publish)
    Signoff.objects.create(
        release=release,
        position=2,
        signer=make_auditor(),
        name="A",
        role="auditor",
        proof="password",
        manifest_sha256="0" * 64,
    )
    with pytest.raises(DatabaseError, match="signed by two"), transaction.atomic():
        rows.update(**publish)


@pytest.mark.parametrize("role", [Role.ML_ENGINEER, Role.RATER, Role.SAFETY_REVIEWER])
def test_other_roles_sign_nothing(judged, snapshot, role):
    person = builders.make_user()
    enroll(study=judged.study, user=person, role=role)
    with pytest.raises(Forbidden, match="auditor"):
        sign(judged, prepare(judged, snapshot), person)


def test_the_first_name_is_a_leads_the_second_may_be_an_administrators(
    judged, snapshot, lead_person
):
    release = prepare(judged, snapshot)
    admin = builders.make_user("Adam Admin", roles=(Role.ADMIN,))
    with pytest.raises(Conflict, match="first signature"):
        sign(judged, release, admin)
    sign(judged, release, lead_person)
    assert sign(judged, release, admin).state == "released"
    with pytest.raises(Conflict, match="does not wait"):
        sign(judged, release, make_auditor())


def test_a_proof_of_somebody_else_is_none(judged, snapshot, lead_person):
    release = prepare(judged, snapshot)
    with pytest.raises(Forbidden, match="somebody else"):
        sign(judged, release, lead_person, proof=Proof(user_id=make_auditor().pk))


def test_a_fresh_link_proves_it_once(judged, snapshot, lead_person):
    release = prepare(judged, snapshot)
    now = clock.now()
    token = make_sign_in_link(user=lead_person, now=now, valid_hours=1)
    address = f"https://consilium.example/sign-in/link/{token}/"
    assert proof_by_link(address, user=make_auditor(), now=now) is None
    assert proof_by_link(address, user=lead_person, now=now + FRESH * 2) is None
    proof = proof_by_link(address, user=lead_person, now=now)
    sign(judged, release, lead_person, proof=proof, now=now + timedelta(minutes=1))
    assert release.signoffs.get().proof == "link"
    assert proof_by_link(token, user=lead_person, now=now) is None


def test_changed_files_are_not_signed(judged, snapshot, lead_person):
    release = prepare(judged, snapshot)
    sums = judged.folder(snapshot) / manifest.NAME
    content = sums.read_bytes()
    sums.write_bytes(content.replace(content[:1], b"x", 1))
    with pytest.raises(Conflict, match="changed on the server"):
        sign(judged, release, lead_person)
    sums.unlink()
    with pytest.raises(Conflict, match="not on the server"):
        sign(judged, release, lead_person)
    assert not release.signoffs.exists()


@pytest.mark.parametrize(
    "change",
    [{"notes": "x"}, {"major": 9}, {"state": "draft"}, {"signature": "x"}],
    ids=str,
)
def test_a_release_that_is_out_is_closed(judged, snapshot, change):
    release = make_release(judged, snapshot)
    rows = Release.objects.filter(pk=release.pk)
    with pytest.raises(DatabaseError, match="is sealed: UPDATE"), transaction.atomic():
        rows.update(**change)
    with pytest.raises(DatabaseError, match="is sealed: DELETE"), transaction.atomic():
        Release.objects.filter(pk=release.pk)._raw_delete("default")


def test_withdrawing_is_the_last_word(judged, snapshot, lead_person):
    release = make_release(judged, snapshot)
    with pytest.raises(Invalid, match="Say why"):
        withdraw_release(
            release=release, because=" ", actor=lead_person, now=clock.now()
        )
    withdraw_release(
        release=release, because="Wrong dose.", actor=lead_person, now=clock.now()
    )
    assert release.state == "withdrawn"
    assert release.tombstones.get().reason == "release_withdrawn"
    assert newest_release(judged.study) is None
    with pytest.raises(Conflict, match="already"):
        withdraw_release(
            release=release, because="Again.", actor=lead_person, now=clock.now()
        )
    # The snapshot can be released again, under a number that was never used.
    again = prepare(judged, snapshot)
    assert again.version == "2.0.0"


def test_one_release_of_a_study_waits_at_a_time(judged, snapshot, lead_person):
    release = prepare(judged, snapshot)
    with pytest.raises(Conflict, match="already"):
        prepare(judged, snapshot)
    other = judged.seal()
    with pytest.raises(Conflict, match="waits for signatures"):
        prepare(judged, other)
    withdraw_release(release=release, because="No.", actor=lead_person, now=clock.now())
    assert not release.tombstones.exists()
    assert prepare(judged, other).version == "2.0.0"


def test_the_next_version_comes_from_the_difference(judged, snapshot):
    make_release(judged, snapshot)
    following = judged.seal()
    assert proposal_for(following) is None
    with pytest.raises(Conflict, match="not done yet"):
        prepare(judged, following, "1.0.1")
    compute_comparison(
        comparison=comparison_with_newest(following), directory=judged.directory
    )
    proposal = proposal_for(following)
    assert (str(proposal.version), proposal.level) == ("1.0.1", Level.PATCH)
    assert proposal.reasons == ("no row differs",)
    with pytest.raises(Invalid, match="is too low"):
        prepare(judged, following, "1.0.0")
    release = prepare(judged, following, "1.1.0")
    assert release.previous.version == "1.0.0"


@pytest.mark.parametrize("text", ["", "1", "1.2", "01.2.3", "1.2.3-rc1", "v1.2.3"])
def test_what_is_no_version_is_said(text):
    with pytest.raises(Invalid, match="three numbers"):
        Version.from_text(text)
