"""A question from the task, the lead's reply in place, and what a guideline changed."""

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import expect

from feedback.common import clock
from feedback.studies.assignment import assign_next
from feedback.studies.building import build_tasks
from feedback.studies.guidelines import changes_to_read
from feedback.studies.models import Question
from feedback.studies.services import publish_guideline
from tests.builders import CRITERIA, judge_all, make_cast, make_prompts

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def cast(transactional_db):
    return make_cast()


@pytest.fixture
def assignment(cast):
    return assign_next(study=cast.study, rater=cast.rater, now=clock.now())


def test_question_and_reply_by_keyboard(cast, assignment, open_page, enter):
    rater, lead = open_page(), open_page(width=390, height=844)
    enter(rater, cast.rater.user)
    rater.goto(reverse("assignment_detail", args=[assignment.uid]))
    rater.keyboard.press("q")
    box = rater.get_by_label("Your question about this task")
    box.wait_for()
    expect(box).to_be_focused()
    rater.keyboard.press("Tab")
    rater.keyboard.press("Enter")
    rater.get_by_text("The question is empty.").wait_for()
    expect(box).to_be_focused()
    rater.keyboard.type("Is the dose for a child?")
    rater.keyboard.press("Tab")
    rater.keyboard.press("Enter")
    rater.get_by_text("Sent. The reply will stand here").wait_for()
    # The task itself is where it was.
    assert rater.locator("#assignment").count() == 1

    enter(lead, cast.lead)
    lead.get_by_role("link", name="Questions (1 open)").click()
    lead.get_by_label("Your reply").fill("Yes, of ten years.")
    lead.get_by_role("button", name="Send reply").press("Enter")
    lead.get_by_text("The rater reads it on the task").wait_for()
    assert lead.get_by_text("Answered", exact=True).count() >= 1
    assert cast.rater.user.name not in lead.content()

    rater.reload()
    rater.get_by_text("Yes, of ten years.").wait_for()


def test_question_without_javascript(cast, assignment, browser, live_server, sign_in):
    cookie = sign_in(cast.rater.user).cookies[settings.SESSION_COOKIE_NAME].value
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(
        [{"name": "sessionid", "value": cookie, "url": live_server.url}]
    )
    page = context.new_page()
    ask_url = reverse("assignment_question", args=[assignment.uid])
    page.goto(f"{live_server.url}{ask_url}")
    page.get_by_label("Your question about this task").fill("   ")
    page.get_by_role("button", name="Send question").click()
    assert "The question is empty." in page.content()
    page.get_by_label("Your question about this task").fill("Why?")
    page.get_by_role("button", name="Send question").click()
    assert page.url.endswith(f"/assignments/{assignment.uid}/#questions")
    assert Question.objects.get().text == "Why?"
    context.close()


def test_changes_are_read_and_confirmed(cast, open_page, enter):
    judge_all(cast.study, cast.rater, limit=1)
    version = publish_guideline(
        study=cast.study,
        title="Rating chatbot answers",
        body="Judge what is on the page.\n\nA dose that is missing is an error.",
        criteria=CRITERIA,
        published_by=cast.lead,
        now=clock.now(),
        changes="A missing dose is now an error of completeness.",
        is_major=True,
    )
    page = open_page()
    enter(page, cast.rater.user)
    page.goto(reverse("guideline_acknowledge", args=[version.uid]))
    page.get_by_text("A missing dose is now an error").wait_for()
    page.get_by_role("button", name="I have read this").press("Enter")
    page.wait_for_url("**/assignments/**")
    assert changes_to_read(rater=cast.rater, version=version) == []


def test_a_small_change_is_confirmed_beside_the_task(cast, open_page, enter):
    """Nothing that was already answered on the page is lost by it."""
    judge_all(cast.study, cast.rater)
    version = publish_guideline(
        study=cast.study,
        title="Rating chatbot answers",
        body="Judge what is on the page.",
        criteria=CRITERIA,
        published_by=cast.lead,
        now=clock.now(),
        changes="One more example.",
    )
    source = cast.study.sources.get()
    make_prompts(source, n_prompts=1, text="May I swim with a new tattoo?")
    build_tasks(study=cast.study)
    page = open_page(width=390, height=844)
    enter(page, cast.rater.user)
    page.goto(reverse("study_rate", args=[cast.study.uid]))
    page.keyboard.press("2")
    page.get_by_role("button", name="Got it").press("Enter")
    expect(page.get_by_text("Noted: you know guideline version 2.")).to_be_focused()
    assert "/assignments/" in page.url
    expect(page.locator("[data-rating] input:checked")).to_have_count(1)
    assert cast.rater.acknowledgments.get().guideline_version == version
