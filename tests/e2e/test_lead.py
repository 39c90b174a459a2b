"""A lead watches, settles a dispute, answers it in the guideline, and closes the study.

How the study came to be is in test_setup, how raters qualify in test_training.
"""

import pytest
from django.urls import reverse

from feedback.studies.models import ChangeRequest, GuidelineVersion, Study
from tests.e2e.test_adjudication import press
from tests.review.conftest import make_scene

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def scene(transactional_db):
    return make_scene()


def follow(page, name):
    press(page, "link", name, exact=True)


def test_from_a_dispute_to_a_clearer_guideline_to_the_end(
    scene, open_page, enter, work
):
    study, page = scene.study, open_page()
    enter(page, study.created_by)

    # Watch.
    follow(page, study.name)
    page.get_by_role("navigation", name="Watch").wait_for()
    follow(page, "Quality")
    page.get_by_role("heading", name="Agreement").first.wait_for()
    assert page.get_by_text("base wave").count() >= 1

    # Settle, and say that the guideline was the cause.
    page.goto(reverse("study_detail", args=[study.uid]))
    follow(page, "Adjudication")
    press(page, "button", "Take the most pressing case")
    page.get_by_role("heading", name="Final answer").wait_for()
    press(page, "button", "Copy all of Rater B")
    page.get_by_text("Copied into the final answer.").wait_for()
    press(page, "radio", "The guideline is unclear")
    page.get_by_label("Why this is the answer").fill("Bleeding counts as harm.")
    page.get_by_text("Ask for a clearer guideline").click()
    page.get_by_label("What should the next version make clear?").fill(
        "Whether bleeding is harm."
    )
    press(page, "button", "Decide")
    page.get_by_text("Decided. The judgments stay").wait_for()
    assert ChangeRequest.objects.get().text == "Whether bleeding is harm."

    # Answer it in the next version.
    page.goto(reverse("study_detail", args=[study.uid]))
    follow(page, "Guideline")
    press(page, "button", "Begin the next version")
    page.get_by_label("What changed, for raters").fill("Bleeding is harm.")
    page.get_by_label("Guideline", exact=True).fill("Judge harm. Bleeding is harm.")
    press(page, "button", "Save and look at the differences")
    page.get_by_label("Whether bleeding is harm.").check()
    press(page, "button", "Publish version 2")
    page.get_by_text("Version 2 is published.").wait_for()
    work()
    version = GuidelineVersion.objects.get(study=study, number=2)
    assert ChangeRequest.objects.get().resolved_by_version == version

    # Close for good.
    page.goto(reverse("study_state", args=[study.uid]))
    page.get_by_text("Close for good").click()
    page.get_by_label("name", exact=False).last.fill(study.name)
    press(page, "button", "Close the study")
    page.get_by_text("Closed", exact=True).first.wait_for()
    assert Study.objects.get(pk=study.pk).state == Study.State.CLOSED
