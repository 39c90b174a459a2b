"""The permission table, read aloud: who may what, and that nobody else may."""

import pytest

from feedback.accounts.permissions import PERMISSIONS, SITE_ROLES, Role, Verb, may
from feedback.common import clock
from feedback.studies.models import Enrollment
from feedback.studies.services import enroll
from tests.builders import make_study, make_user

pytestmark = pytest.mark.django_db

# Written by hand on purpose: a slip in the table must not repeat itself here.
ALLOWED = {
    "study.see": {
        "rater",
        "safety_reviewer",
        "adjudicator",
        "lead",
        "ml_engineer",
        "auditor",
        "admin",
    },
    "study.create": {"lead", "admin"},
    "study.lead": {"lead", "admin"},
    "corpus.import": {"lead", "admin"},
    "task.rate": {"rater"},
    "quality.see": {"lead", "admin", "auditor"},
    "adjudication.see": {"adjudicator", "lead", "auditor"},
    "adjudication.decide": {"adjudicator", "lead"},
    "flag.see": {"safety_reviewer", "lead", "auditor"},
    "snapshot.seal": {"lead"},
    "snapshot.pull": {"lead", "ml_engineer", "auditor"},
    "release.see": {"lead", "ml_engineer", "auditor", "admin"},
    "release.prepare": {"lead"},
    "release.sign": {"lead", "auditor", "admin"},
    "rater_name.see": {"lead", "auditor"},
}
STUDY_ROLES = [role for role in Role if role not in SITE_ROLES]


def test_table_has_a_line_for_every_verb():
    assert set(PERMISSIONS) == set(Verb)
    assert {verb.value for verb in Verb} == set(ALLOWED)


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("role", STUDY_ROLES)
def test_role_of_a_study_counts_in_it_alone(role, verb):
    study, other, person = make_study(n_prompts=1), make_study(n_prompts=1), make_user()
    enroll(study=study, user=person, role=role)

    assert may(person, verb, study) == (role.value in ALLOWED[verb.value])
    assert not may(person, verb, other)
    assert not may(person, verb)


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMIN])
def test_role_of_the_site_counts_everywhere(role, verb):
    study, person = make_study(n_prompts=1), make_user(roles=(role,))

    assert may(person, verb, study) == (role.value in ALLOWED[verb.value])


def test_ended_enrollment_counts_no_more():
    study, person = make_study(n_prompts=1), make_user()
    enroll(study=study, user=person, role=Role.LEAD)

    Enrollment.objects.filter(user=person).update(ended_at=clock.now())

    assert not may(person, Verb.STUDY_SEE, study)


def test_switched_off_person_may_nothing():
    study, person = make_study(n_prompts=1), make_user(roles=(Role.ADMIN,))
    enroll(study=study, user=person, role=Role.LEAD)
    person.is_active = False

    assert not any(may(person, verb, study) for verb in Verb)


def test_unlisted_verb_is_an_error_and_never_a_yes():
    with pytest.raises(KeyError):
        may(make_user(roles=(Role.ADMIN,)), "study.destroy")
