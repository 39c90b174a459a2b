"""A lead sets a study up, invites, and changes the guideline; a rater follows."""

import json
import os
from importlib.resources import files
from pathlib import Path

import pytest
from django.urls import reverse

from feedback.accounts.permissions import Role
from feedback.common import clock
from feedback.studies.change_requests import request_change
from feedback.studies.criteria import SpanLabelDraft
from feedback.studies.guideline_drafts import (
    remove_question,
    save_label,
    save_text,
    start_draft,
)
from feedback.studies.invitation_lines import InvitationDraft
from feedback.studies.invitations import invite
from feedback.studies.models import Study
from feedback.studies.people import add_credential
from tests.builders import make_cast, make_user
from tests.e2e.test_pages import _CONTRAST, _FAULTS

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
_SCREENSHOTS = os.environ.get("CONSILIUM_SCREENSHOTS")  # noqa: TID251 - a switch of tests
PASSWORD = "a long and quiet corridor"


@pytest.fixture
def prompts(tmp_path):
    file = tmp_path / "prompts.jsonl"
    rows = [
        {
            "prompt_id": f"p{number}",
            "prompt": f"How do I take tablet number {number}?",
            "completions": [{"completion_id": "a", "model": "m", "content": "Daily."}],
        }
        for number in range(4)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def press(page, name):
    """Press a button or follow a link by keyboard."""
    control = page.get_by_role("button", name=name, exact=True).or_(
        page.get_by_role("link", name=name, exact=True)
    )
    control.first.focus()
    page.keyboard.press("Enter")


def answer(page):
    page.wait_for_selector("form[data-rating]")
    for key in "5555":
        page.keyboard.press(key)
    before = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)


def make_study_by_hand(lead, prompts, work):
    lead.goto(reverse("study_create"))
    lead.get_by_label("Chatbot answer").focus()
    lead.keyboard.press("Space")
    lead.get_by_label("Name").fill("Tablets")
    lead.get_by_label("Raters for each task").fill("1")
    press(lead, "Make the study")
    lead.get_by_role("heading", name="Set-up").wait_for()
    press(lead, "Import")
    lead.set_input_files("input[type=file]", prompts)
    press(lead, "Import")
    lead.wait_for_url("**/imports/**")
    work()
    return Study.objects.get(name="Tablets")


def invite_by_hand(lead, study):
    lead.goto(reverse("people_list", args=[study.uid]))
    press(lead, "Invite people")
    lead.get_by_label("E-mail address").fill("nia@example.org")
    lead.get_by_label("Name", exact=True).fill("Nia New")
    press(lead, "Make the link")
    return lead.get_by_label("Nia New").input_value()


def test_a_study_from_template_to_the_second_guideline(open_page, enter, work, prompts):
    lead, rater = open_page(), open_page(width=390, height=844)
    enter(lead, make_user("Lena Lead", roles=(Role.ADMIN,)))
    study = make_study_by_hand(lead, prompts, work)
    link = invite_by_hand(lead, study)

    rater.goto(link)
    rater.get_by_label("A password").fill(PASSWORD)
    press(rater, "Join the study")
    rater.get_by_text("Welcome to Tablets.").wait_for()

    lead.goto(reverse("study_setup", args=[study.uid]))
    press(lead, "Start")
    press(lead, "Start the study")
    lead.get_by_text("The study is open.", exact=True).wait_for()

    rater.goto(reverse("home"))
    press(rater, "Start rating")
    answer(rater)
    first = study.guideline_versions.get()
    assert study.assignments.filter(state="submitted").get().guideline_version == first

    lead.goto(reverse("guideline_list", args=[study.uid]))
    press(lead, "Begin the next version")
    lead.get_by_label("What changed, for raters").fill("Doses count twice.")
    lead.get_by_label("This is a major version").check()
    lead.get_by_label("Guideline", exact=True).fill("Judge the dose first.")
    press(lead, "Save and look at the differences")
    lead.get_by_text("never pools answers").wait_for()
    press(lead, "Publish version 2")
    lead.get_by_text("Version 2 is published.").wait_for()
    work()

    # What is in hand is finished under the version it was begun by.
    answer(rater)
    rater.get_by_text("Doses count twice.").wait_for()
    press(rater, "I have read this")
    rater.wait_for_url("**/assignments/**")
    held = study.assignments.get(state="leased")
    assert held.guideline_version.number == 2
    answer(rater)
    numbers = study.assignments.filter(state="submitted").order_by("submitted_at")
    versions = numbers.values_list("guideline_version__number", flat=True)
    assert list(versions) == [1, 1, 2]


@pytest.fixture
def world(transactional_db):
    """A study with a draft, people and requests: every page has something to show."""
    cast = make_cast(n_prompts=2)
    study, lead = cast.study, cast.lead
    draft = start_draft(study=study, actor=lead)
    save_text(
        draft=draft,
        title=draft.title,
        body="Judge only what stands on the page, dose first.",
        changes="Doses come first.",
        is_major=True,
        actor=lead,
    )
    label = SpanLabelDraft(key="dose", name="Dose or unit", meaning="A wrong amount.")
    save_label(draft=draft, content=label, actor=lead)
    remove_question(row=draft.criteria.get(key="tone"), actor=lead)
    request_change(study=study, text="Is a half dose an error?", asked_by=lead)
    add_credential(
        rater=cast.rater, kind="license", title="License to practice", actor=lead
    )
    (sent,) = invite(
        study=study,
        drafts=[InvitationDraft(email="nia@example.org", name="Nia New")],
        invited_by=lead,
        now=clock.now(),
    )
    return cast, draft, sent


def pages_of(cast, draft, sent):
    """Name and address of every page of setting a study up."""
    study = cast.study
    here = {
        name: reverse(name, args=[study.uid])
        for name in (
            "study_setup",
            "study_settings",
            "study_state",
            "study_clone",
            "people_list",
            "invitation_create",
            "guideline_list",
            "draft_detail",
            "draft_tasks",
            "draft_publish",
            "criterion_create",
            "label_create",
            "change_request_list",
        )
    }
    enrollment = study.enrollments.get(user=cast.rater.user)
    return here | {
        "study_create": reverse("study_create"),
        "criterion_edit": reverse("criterion_edit", args=[draft.criteria.first().uid]),
        "enrollment_detail": reverse("enrollment_detail", args=[enrollment.uid]),
        "credential_check": reverse(
            "credential_check", args=[cast.rater.credentials.get().uid]
        ),
        "invitation_accept": reverse("invitation_accept", args=[sent.token]),
    }


def faults_of(page, name):
    """What axe and the house's own looks find, at two widths, light and dark."""
    found = {}
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(AXE)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            at = f"{name} {width} {scheme}"
            if own := page.evaluate(_FAULTS) + page.evaluate(_CONTRAST):
                found[at] = own
        for fault in page.evaluate("() => axe.run(document)")["violations"]:
            found[f"{at} {fault['id']}"] = [node["target"] for node in fault["nodes"]]
    if _SCREENSHOTS:
        take_pictures(page, name)
    return found


def take_pictures(page, name):
    """After the looks: a picture leaves inline styles behind."""
    folder = Path(_SCREENSHOTS)
    folder.mkdir(parents=True, exist_ok=True)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            picture = folder / f"{name}-{width}-{scheme}.png"
            page.screenshot(path=picture, full_page=True, timeout=60_000)


def test_axe_and_the_eye_find_nothing_on_any_page(world, open_page, enter):
    cast, draft, sent = world
    lead, newcomer = open_page(), open_page()
    enter(lead, cast.lead)
    faults = {}
    for name, address in pages_of(cast, draft, sent).items():
        page = newcomer if name == "invitation_accept" else lead
        page.goto(address)
        faults |= faults_of(page, name)
    lead.goto(reverse("criterion_create", args=[cast.study.uid]))
    lead.get_by_label("One of several", exact=True).check()
    press(lead, "Save criterion")
    lead.get_by_text("Nothing was saved.").wait_for()
    faults |= faults_of(lead, "criterion_refused")
    lead.goto(reverse("invitation_create", args=[cast.study.uid]))
    lead.get_by_label("One person on each line").fill("a@example.org\nnowhere")
    press(lead, "Make all links")
    lead.get_by_text("Nobody was invited yet.").wait_for()
    faults |= faults_of(lead, "lines_refused")
    lead.get_by_label("One person on each line").fill("a@example.org\nb@example.org")
    press(lead, "Make all links")
    lead.get_by_role("heading", name="Copy these links now").wait_for()
    faults |= faults_of(lead, "invitation_links")
    assert not faults, faults


def test_only_what_belongs_to_the_chosen_kind_is_shown(world, open_page, enter):
    cast, _, _ = world
    page = open_page()
    enter(page, cast.lead)
    page.goto(reverse("criterion_create", args=[cast.study.uid]))
    scale, options = page.get_by_text("The scale"), page.get_by_text("The options")
    assert scale.is_visible()
    assert not options.is_visible()
    page.get_by_label("Any of several", exact=True).check()
    assert options.is_visible()
    assert not scale.is_visible()
    page.get_by_label("Free text", exact=True).check()
    assert not scale.is_visible()
    assert not options.is_visible()
