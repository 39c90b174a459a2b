"""The people of a study: tier, stage, credentials, and the end of a role."""

import pytest
from django.urls import reverse

from feedback.accounts.permissions import Role
from feedback.accounts.services import create_rater
from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.common.exceptions import Conflict, Forbidden, Invalid
from feedback.studies.models import Enrollment
from feedback.studies.people import (
    add_credential,
    check_credential,
    end_enrollment,
    set_practice,
    set_stage,
    set_tier,
)
from feedback.studies.services import enroll
from tests.builders import make_rater


@pytest.fixture
def enrollment(cast):
    return cast.study.enrollments.get(user=cast.rater.user)


@pytest.fixture
def license_(cast):
    return add_credential(
        rater=cast.rater, kind="license", title="License", actor=cast.lead
    )


def test_a_lead_of_one_study_does_not_change_a_practice_in_another(cast, enrollment):
    enroll(study=cast.other_study, user=cast.rater.user, role=Role.RATER)
    given = {"profession": "nurse", "specialty": "oncology"}

    with pytest.raises(Conflict, match="Ada Rater rates in another study"):
        set_practice(enrollment=enrollment, actor=cast.lead, **given)

    cast.rater.refresh_from_db()
    assert cast.rater.profession == "physician"
    assert actions(enrollment) == ["rater.practice_refused"]
    # Who may change it everywhere may.
    set_practice(enrollment=enrollment, actor=cast.admin, **given)
    cast.other_study.enrollments.filter(user=cast.rater.user).update(
        ended_at=clock.now()
    )
    set_practice(enrollment=enrollment, actor=cast.lead, **given | {"specialty": "x"})
    assert actions(cast.rater) == ["rater.practice_set"] * 2


def test_nobody_decides_about_their_own_practice(cast):
    own = enroll(study=cast.study, user=cast.lead, role=Role.RATER)
    create_rater(user=cast.lead, profession="physician", specialty="")
    with pytest.raises(Forbidden, match="Nobody decides this about themselves"):
        set_practice(enrollment=own, profession="", specialty="x", actor=cast.lead)


@pytest.fixture
def lead(cast, sign_in):
    return sign_in(cast.lead)


def actions(subject):
    rows = AuditEvent.objects.filter(subject_uid=subject.uid).order_by("pk")
    return list(rows.values_list("action", flat=True))


def test_a_rater_becomes_a_specialist(cast, enrollment, lead):
    url = reverse("enrollment_detail", args=[enrollment.uid])
    answer = lead.post(url, {"change": "tier", "tier": "specialist"}, follow=True)
    assert "Ada Rater is specialist now." in answer.text
    enrollment.refresh_from_db()
    assert enrollment.tier == "specialist"
    set_tier(enrollment=enrollment, tier="specialist", actor=cast.lead)
    assert actions(enrollment) == ["enrollment.tier_set"]
    with pytest.raises(Invalid, match="not one of"):
        set_tier(enrollment=enrollment, tier="wizard", actor=cast.lead)


def test_a_lead_corrects_what_a_rater_is_noted_as(cast, enrollment, lead):
    url = reverse("enrollment_detail", args=[enrollment.uid])
    given = {"profession": "nurse", "specialty": " oncology "}
    lead.post(url, {"change": "practice", **given})
    cast.rater.refresh_from_db()
    assert (cast.rater.profession, cast.rater.specialty) == ("nurse", "oncology")
    refused = lead.post(url, {"change": "practice", "specialty": "x" * 101})
    assert refused.status_code == 422
    assert 'id="id_specialty_error"' in refused.text
    assert actions(cast.rater) == ["rater.practice_set"]
    none = cast.study.enrollments.get(user=cast.reviewer)
    url = reverse("enrollment_detail", args=[none.uid])
    assert lead.post(url, {"change": "practice", **given}).status_code == 409


def test_a_pause_needs_a_reason_that_the_rater_reads(cast, enrollment, lead):
    url = reverse("enrollment_detail", args=[enrollment.uid])
    refused = lead.post(url, {"change": "pause", "reason": " "})
    assert refused.status_code == 422
    assert "Say why: the rater reads it." in refused.text
    answer = lead.post(url, {"change": "pause", "reason": "Let us talk."}, follow=True)
    assert "Let us talk." in answer.text
    enrollment.refresh_from_db()
    assert (enrollment.stage, enrollment.stage_reason) == ("paused", "Let us talk.")
    lead.post(url, {"change": "ready"})
    enrollment.refresh_from_db()
    assert (enrollment.stage, enrollment.stage_reason) == ("ready", "")
    assert actions(enrollment) == ["enrollment.stage_set"] * 2


@pytest.mark.parametrize(
    ("stage", "reason", "said"),
    [
        ("qualifying", "", "set by the qualification"),
        ("ready", "x" * 301, "301 characters"),
        ("paused", "\x07", "U+0007"),
    ],
)
def test_a_stage_that_cannot_be_is_refused(cast, enrollment, stage, reason, said):
    with pytest.raises(Invalid) as refusal:
        set_stage(enrollment=enrollment, stage=stage, reason=reason, actor=cast.lead)
    assert said in refusal.value.message


def test_only_raters_are_paused(cast):
    reviewer = cast.study.enrollments.get(user=cast.reviewer)
    with pytest.raises(Invalid, match="Safety reviewer is not a role that rates"):
        set_stage(enrollment=reviewer, stage="paused", reason="No.", actor=cast.lead)


def test_a_role_ends_and_what_was_said_stays(cast, enrollment, lead, sign_in):
    url = reverse("enrollment_detail", args=[enrollment.uid])
    answer = lead.post(url, {"change": "end"})
    assert answer["Location"] == reverse("people_list", args=[cast.study.uid])
    assert lead.get(url).status_code == 404
    study = reverse("study_detail", args=[cast.study.uid])
    assert sign_in(cast.rater.user).get(study).status_code == 404
    assert actions(enrollment) == ["enrollment.ended"]


def test_the_last_lead_stays(cast, lead):
    own = cast.study.enrollments.get(user=cast.lead)
    with pytest.raises(Conflict, match="needs somebody who leads"):
        end_enrollment(enrollment=own, actor=cast.lead, now=clock.now())
    answer = lead.post(reverse("enrollment_detail", args=[own.uid]), {"change": "end"})
    assert answer.status_code == 409
    assert "needs somebody who leads" in answer.text
    Enrollment.objects.create(study=cast.study, user=cast.engineer, role="lead")
    end_enrollment(enrollment=own, actor=cast.engineer, now=clock.now())
    own.refresh_from_db()
    assert own.ended_at


def test_a_credential_is_checked_once_by_somebody_else(cast, license_):
    with pytest.raises(Forbidden, match="of their own"):
        check_credential(
            credential=license_, how="Mine", actor=cast.rater.user, now=clock.now()
        )
    with pytest.raises(Invalid, match="Say how"):
        check_credential(credential=license_, how=" ", actor=cast.lead, now=clock.now())
    check_credential(
        credential=license_, how="Register", actor=cast.lead, now=clock.now()
    )
    license_.refresh_from_db()
    assert (license_.checked_by, license_.checked_how) == (cast.lead, "Register")
    with pytest.raises(Conflict, match="checked already"):
        check_credential(
            credential=license_, how="Again", actor=cast.admin, now=clock.now()
        )
    assert actions(license_) == ["credential.added", "credential.checked"]


def test_the_pages_note_a_credential_and_its_check(cast, enrollment, lead):
    url = reverse("credential_add", args=[enrollment.uid])
    refused = lead.post(url, {"kind": "board", "title": ""})
    assert refused.status_code == 422
    assert "Write what the credential is called." in refused.text
    lead.post(
        url, {"kind": "board", "title": "Cardiology", "valid_until": "2031-01-31"}
    )
    credential = cast.rater.credentials.get()
    check = reverse("credential_check", args=[credential.uid])
    assert lead.post(check, {"how": ""}).status_code == 422
    answer = lead.post(check, {"how": "Saw the certificate"}, follow=True)
    assert "Checked by Lena Lead" in answer.text
    assert "Saw the certificate" in answer.text
    assert lead.post(check, {"how": "Again"}).status_code == 409


def test_a_lead_who_rates_cannot_check_themselves(cast, lead):

    rater = create_rater(user=cast.lead)
    enroll(study=cast.study, user=cast.lead, role=Role.RATER)
    own = add_credential(rater=rater, kind="degree", title="MD", actor=cast.lead)
    url = reverse("credential_check", args=[own.uid])
    assert "This one is your own" in lead.get(url).text
    assert lead.post(url, {"how": "I know"}).status_code == 403


def test_the_list_takes_the_same_queries_for_many(
    cast, lead, license_, django_assert_num_queries
):
    url = reverse("people_list", args=[cast.study.uid])
    page = lead.get(url).text
    assert "not checked yet" in page
    assert page.index("Lena Lead") < page.index("Ada Rater")
    for number in range(10):
        rater = make_rater(cast.study, f"Rater {number}")
        add_credential(rater=rater, kind="degree", title="MD", actor=cast.lead)
    with django_assert_num_queries(6):
        assert lead.get(url).text.count("not checked yet") == 11


def test_nobody_sets_their_own_tier_or_stage(cast):
    enroll(study=cast.study, user=cast.lead, role=Role.RATER)
    own = cast.study.enrollments.get(user=cast.lead, role=Role.RATER)
    with pytest.raises(Forbidden, match="about themselves"):
        set_tier(enrollment=own, tier="specialist", actor=cast.lead)
    with pytest.raises(Forbidden, match="about themselves"):
        set_stage(enrollment=own, stage="ready", reason="", actor=cast.lead)
