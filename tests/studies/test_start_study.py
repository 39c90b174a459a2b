"""A new study from a template, and the list of what it still needs."""

import pytest
from django.urls import reverse

from feedback.accounts.permissions import Role
from feedback.common import clock
from feedback.studies.checklist import steps_of
from feedback.studies.guideline_contents import contents_of
from feedback.studies.guideline_drafts import start_draft
from feedback.studies.invitation_lines import InvitationDraft
from feedback.studies.invitations import invite
from feedback.studies.lifecycle import set_state
from feedback.studies.models import Study
from feedback.studies.services import create_study, enroll
from feedback.studies.starting import start_study
from feedback.studies.templates import TEMPLATES
from tests.builders import make_study, make_user


def begin(lead, template="chatbot", **fields):
    given = {"name": "Chat", "description": "", "overlap": 3, **fields}
    return start_study(
        template=TEMPLATES[template], lead=lead, now=clock.now(), **given
    )


def step(study, title):
    return next(one for one in steps_of(study) if one.title == title)


@pytest.mark.parametrize("key", TEMPLATES)
def test_every_template_makes_a_study_that_waits_for_its_lead(db, key):
    lead = make_user()
    study = begin(lead, key)
    assert study.state == Study.State.PAUSED
    assert study.roles_of(lead.pk) == {Role.LEAD}
    version = study.guideline_versions.get()
    assert version.published_at
    assert contents_of(version).criteria == tuple(TEMPLATES[key].criteria)


def test_the_page_makes_a_study_and_goes_on_to_what_it_needs(cast, sign_in):
    lead = sign_in(cast.lead)
    page = lead.get(reverse("study_create")).text
    for template in TEMPLATES.values():
        assert template.name in page
    given = {"template": "pdqi9", "name": "Notes of 2026", "overlap": "2"}
    answer = lead.post(reverse("study_create"), given)
    study = Study.objects.get(name="Notes of 2026")
    assert answer["Location"] == reverse("study_setup", args=[study.uid])
    assert (study.overlap, study.created_by) == (2, cast.lead)
    shown = lead.get(answer["Location"]).text
    assert "Version 1 is in force." in shown
    assert "Import prompts" in shown


def test_the_page_says_what_is_missing_and_keeps_the_rest(cast, sign_in):
    url = reverse("study_create")
    refused = sign_in(cast.lead).post(url, {"name": "Kept", "overlap": "51"})
    assert refused.status_code == 422
    assert "Choose a template" in refused.text
    assert "less than or equal to 50" in refused.text
    assert 'value="Kept"' in refused.text
    refused = sign_in(cast.lead).post(url, {"template": "claims", "overlap": "1"})
    assert 'value="claims"' in refused.text
    assert refused.text.count("checked") == 1


def test_an_administrator_makes_the_first_study_of_all(db, sign_in):
    admin = make_user(roles=(Role.ADMIN,))
    page = sign_in(admin).get(reverse("study_create"))
    assert page.status_code == 200


def test_the_list_of_a_bare_study_names_everything(db):
    study = create_study(name="Bare", created_by=make_user())
    found = {one.title: one.is_done for one in steps_of(study)}
    assert found == {
        "Guideline": False,
        "Prompts": False,
        "People": False,
        "Routing": True,
        "Start": True,
    }
    assert "invite 3 more" in step(study, "People").missing[0]


def test_the_list_of_a_study_with_everything_says_start(cast):
    set_state(study=cast.study, state="paused", actor=cast.lead)
    assert all(one.is_done for one in steps_of(cast.study)[:-1])
    last = steps_of(cast.study)[-1]
    assert (last.is_done, last.label) == (False, "Start")
    assert "Everything above is there" in last.missing[0]
    assert "3 raters of 3 needed" in step(cast.study, "People").texts[0]


def test_the_list_counts_drafts_invitations_and_trainees(cast):
    start_draft(study=cast.study, actor=cast.lead)
    asked = InvitationDraft(email="n@example.org", name="N")
    invite(study=cast.study, drafts=[asked], invited_by=cast.lead, now=clock.now())
    enrollment = cast.study.enrollments.get(user=cast.rater.user)
    enrollment.stage = "training"
    enrollment.save(update_fields=["stage"])
    assert "A draft of version 2" in step(cast.study, "Guideline").texts[1]
    texts = " ".join(step(cast.study, "People").texts)
    assert "1 of them in training" in texts
    assert "1 invitation not answered yet" in texts


def test_the_list_names_what_routing_and_checks_have_nothing_for(db):
    study = make_study()
    study.policy, study.needs_qualification = "lead", True
    missing = " ".join(step(study, "Routing").missing)
    for text in ("no training task", "known answers", "nobody has that tier"):
        assert text in missing
    enroll(study=study, user=make_user(), role=Role.RATER, tier="specialist")
    assert "nobody has that tier" not in " ".join(step(study, "Routing").missing)


def test_imports_without_tasks_are_told_apart(db):
    lead = make_user()
    study = begin(lead)
    study.sources.add(make_study().sources.get())
    (text,) = step(study, "Prompts").missing
    assert "No tasks are made yet" in text


def test_the_list_takes_the_same_queries_however_large(cast, django_assert_num_queries):
    with django_assert_num_queries(6):
        steps_of(cast.study)
