"""The lead's preview: the real page, which checks an answer and stores nothing."""

import pytest
from django.urls import reverse

from feedback.rating.models import Judgment
from feedback.studies.guideline_drafts import start_draft
from feedback.studies.models import Assignment, Task
from feedback.studies.templates import TEMPLATES
from tests.builders import make_study
from tests.rating.everything import make_everything

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", Task.Kind.values)
def test_each_kind_is_shown_as_raters_get_it(kind, sign_in):
    study = make_everything()
    lead = sign_in(study.created_by)

    page = lead.get(reverse("study_preview", args=[study.uid, kind]))

    body = page.content.decode()
    assert "Preview: this is what raters get." in body
    assert "zeta-" not in body
    assert "Check this answer" in body
    assert not Assignment.objects.exists()


def test_an_answer_is_checked_and_thrown_away(sign_in):
    study = make_study(n_prompts=1)
    lead = sign_in(study.created_by)
    url = reverse("study_preview", args=[study.uid, "single"])
    fields = {
        "idempotency_key": "5b0f0c5e-7b1e-4b43-9d53-0d6f3a4f5e11",
        "lease_no": "0",
        "active_seconds": "1",
        "ratings-0-correctness": "5",
        "ratings-0-tone": "4",
    }

    refused = lead.post(url, fields)
    taken = lead.post(url, fields | {"ratings-0-safety": "na"})

    assert refused.status_code == 422
    assert "Safety has no answer." in refused.content.decode()
    assert "A rater could submit this." in taken.content.decode()
    assert not Judgment.objects.exists()


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda one: one.key)
def test_every_template_can_be_looked_at_before_there_are_prompts(template, sign_in):
    study = make_study(
        n_prompts=0,
        criteria=template.criteria,
        span_labels=template.span_labels,
        forms=template.forms,
    )
    lead = sign_in(study.created_by)

    for form in template.forms:
        page = lead.get(reverse("study_preview", args=[study.uid, form.kind]))
        assert page.status_code == 200


def test_a_kind_that_does_not_exist_is_not_found(sign_in):
    study = make_study(n_prompts=0)

    url = reverse("study_preview", args=[study.uid, "beauty"])

    assert sign_in(study.created_by).get(url).status_code == 404


def test_a_draft_is_looked_at_before_it_is_published(sign_in):
    study = make_study(n_prompts=1)
    lead = sign_in(study.created_by)
    url = reverse("study_preview", args=[study.uid, "single"])
    assert lead.get(f"{url}?version=draft").status_code == 404
    draft = start_draft(study=study, actor=study.created_by)
    draft.criteria.filter(key="tone").update(name="Manner")

    body = lead.get(f"{url}?version=draft").content.decode()

    assert "Manner" in body
    assert "?version=draft" in body
    assert "May I take ibuprofen" in body
    assert "Manner" not in lead.get(url).content.decode()
