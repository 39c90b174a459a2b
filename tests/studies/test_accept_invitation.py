"""Accepting an invitation: once, by whom it is for, with what it says of them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.urls import reverse

from feedback.accounts.models import Credential, Rater, User
from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.common.exceptions import Conflict
from feedback.studies.invitation_lines import InvitationDraft
from feedback.studies.invitations import Newcomer, accept, invite, revoke
from feedback.studies.models import Enrollment
from tests.builders import make_rater, make_study, make_user

PASSWORD = "a long and quiet corridor"
DOCTOR = {
    "profession": "physician",
    "specialty": "cardiology",
    "tier": "specialist",
    "credential_kind": "license",
    "credential_title": "License to practice",
    "credential_issuer": "State board",
    "credential_identifier": "12 345",
}


def ask(study, email="ada@example.org", **fields):
    draft = InvitationDraft(email=email, name="Ada Example", **fields)
    return invite(
        study=study, drafts=[draft], invited_by=study.created_by, now=clock.now()
    )[0]


def join(sent, *, user=None, **newcomer):
    return accept(
        invitation=sent.invitation,
        newcomer=Newcomer(**newcomer),
        user=user,
        now=clock.now(),
    )


@pytest.mark.parametrize(
    ("needs_qualification", "stage"), [(True, "training"), (False, "ready")]
)
def test_somebody_new_becomes_a_rater(db, needs_qualification, stage):
    study = make_study()
    study.needs_qualification = needs_qualification
    study.save(update_fields=["needs_qualification"])
    sent = ask(study, **DOCTOR)
    person = join(sent, name="Dr. Ada", password=PASSWORD, about={"sex": "female"})
    assert (person.name, person.email) == ("Dr. Ada", "ada@example.org")
    assert person.check_password(PASSWORD)
    assert (person.rater.profession, person.rater.sex) == ("physician", "female")
    enrollment = study.enrollments.get(user=person)
    assert (enrollment.role, enrollment.tier) == ("rater", "specialist")
    assert enrollment.stage == stage
    credential = Credential.objects.get(rater=person.rater)
    assert (credential.title, credential.checked_at) == ("License to practice", None)
    sent.invitation.refresh_from_db()
    assert sent.invitation.accepted_by == person
    assert AuditEvent.objects.get(action="invitation.accepted").actor == person


def test_who_has_another_role_needs_no_rater(db):
    study = make_study()
    person = join(ask(study, role="ml_engineer"), name="M", password=PASSWORD)
    assert not Rater.objects.filter(user=person).exists()
    assert study.enrollments.get(user=person).stage == Enrollment.Stage.READY


def test_somebody_known_signs_in_and_keeps_who_they_are(db):
    study, rater = make_study(), make_rater()
    sent = ask(study, email=rater.user.email, **DOCTOR)
    with pytest.raises(Conflict, match="There is an account"):
        join(sent, name="X", password=PASSWORD)
    with pytest.raises(Conflict, match="you are signed in as"):
        join(sent, user=make_user())
    assert join(sent, user=rater.user) == rater.user
    rater.refresh_from_db()
    assert rater.specialty == "primary care"
    assert rater.credentials.get().checked_at is None
    # The same credential named again is not a second one.
    join(ask(make_study(), email=rater.user.email, **DOCTOR), user=rater.user)
    assert rater.credentials.count() == 1


def test_a_refusal_leaves_nobody_behind(db):
    sent = ask(make_study())
    revoke(
        invitation=sent.invitation, actor=sent.invitation.invited_by, now=clock.now()
    )
    with pytest.raises(Conflict, match="was taken back"):
        join(sent, name="Ada", password=PASSWORD)
    assert not User.objects.filter(email="ada@example.org").exists()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_eight_windows_at_once_make_one_person():
    sent = ask(make_study())
    barrier = threading.Barrier(8)

    def press(number):
        try:
            barrier.wait(timeout=30)
            join(sent, name=f"Ada {number}", password=PASSWORD)
        except Conflict:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(press, range(8))).count(True) == 1
    assert User.objects.filter(email="ada@example.org").count() == 1
    assert Enrollment.objects.filter(user__email="ada@example.org").count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_invitations_of_one_new_address_at_once_make_one_person():
    both = [ask(make_study()), ask(make_study())]
    barrier = threading.Barrier(2)

    def press(sent):
        try:
            barrier.wait(timeout=30)
            join(sent, name="Ada", password=PASSWORD)
        except Conflict:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(press, both)).count(True) == 1
    assert User.objects.filter(email="ada@example.org").count() == 1


def test_the_page_asks_joins_and_signs_in(db, client):
    study = make_study()
    url = reverse("invitation_accept", args=[(sent := ask(study, **DOCTOR)).token])
    page = client.get(url).text
    for text in (study.name, "Lena Lead", "ada@example.org", 'value="cardiology"'):
        assert text in page
    assert "never stands beside an answer" in page
    refused = client.post(url, {"name": "Ada", "password": "short", "sex": "female"})
    assert refused.status_code == 422
    assert "too short" in refused.text
    assert 'value="female" selected' in refused.text
    given = {"name": "Ada", "password": PASSWORD, "specialty": "cardiology"}
    answer = client.post(url, {**given, "language": "Finnish"})
    assert answer["Location"] == reverse("study_detail", args=[study.uid])
    person = User.objects.get(email="ada@example.org")
    assert client.get(answer["Location"]).context["user"] == person
    assert person.rater.language == "Finnish"
    assert client.get(url).status_code == 410
    assert client.post(url).status_code == 410
    sent.invitation.refresh_from_db()
    assert sent.invitation.accepted_at


def test_the_page_sends_who_is_known_to_sign_in_first(db, client, sign_in):
    rater = make_rater()
    study = make_study()
    url = reverse("invitation_accept", args=[ask(study, email=rater.user.email).token])
    page = client.get(url).text
    assert "There is an account" in page
    assert f"?next={url}" in page
    assert client.post(url, {"name": "A", "password": PASSWORD}).status_code == 409
    other = sign_in(make_user())
    assert "Sign out" in other.get(url).text
    assert other.post(url).status_code == 409
    own = sign_in(rater.user)
    assert "A password" not in own.get(url).text
    assert own.post(url).status_code == 302
    assert study.enrollments.filter(user=rater.user, role="rater").exists()


def test_a_link_of_nobody_is_spent(client, db):
    answer = client.get(reverse("invitation_accept", args=["invented"]))
    assert answer.status_code == 410
    assert "This invitation is spent" in answer.text
