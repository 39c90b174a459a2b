"""From a dispute to a verdict with evidence, and back when the evidence is superseded."""

import os

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import expect

from feedback.common import clock
from feedback.rating.answers import (
    Answer,
    Comparison,
    FlagDraft,
    MarkDraft,
    Place,
    Value,
    scores,
)
from feedback.rating.shown import shown_of
from feedback.review.models import Adjudication, AdjudicationCase
from feedback.review.opening import open_cases_for
from feedback.studies.assignment import assign_next
from feedback.studies.criteria import FormDraft
from tests.builders import BETTER_A, judge_all, make_rater, make_study, submit
from tests.e2e.test_axe import found
from tests.rating.everything import make_everything
from tests.review.conftest import make_adjudicator, make_edition, make_scene

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

BETTER_B = Answer(outcome="b", strength=2)
_SCREENSHOTS = os.environ.get("CONSILIUM_SCREENSHOTS")  # noqa: TID251 - a switch of tests


@pytest.fixture
def scene(transactional_db):
    return make_scene()


def look(page, name):
    """See that nothing scrolls sideways; leave pictures of the page, if asked."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert page.evaluate(
                "document.documentElement.scrollWidth"
                " <= document.documentElement.clientWidth"
            ), f"{name} scrolls sideways at {width}"
            if _SCREENSHOTS:
                page.screenshot(
                    path=f"{_SCREENSHOTS}/{name}-{width}-{scheme}.png", full_page=True
                )
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")


def press(page, role, name, **options):
    """Go to a control by its name and press it as the keyboard would."""
    control = page.get_by_role(role, name=name, **options).first
    control.focus()
    control.press("Enter" if role in {"button", "link"} else "Space")


def test_a_dispute_is_settled_by_keyboard_and_comes_back(scene, open_page, enter):
    page = open_page()
    enter(page, scene.adjudicator)
    faults = settle_the_dispute(page, scene)
    verdict = Adjudication.objects.get()
    assert verdict.verdict["completions"][0]["ratings"]["safety"] == {"value": 1}

    faults |= supersede_its_evidence(page, scene)
    faults |= settle_again(page, scene)

    assert Adjudication.objects.get(superseded_by=None).supersedes == verdict
    case = AdjudicationCase.objects.get(adjudication__superseded_by=None)
    page.goto(reverse("case_detail", args=[case.uid]))
    faults |= seen(page, "decided")
    assert not faults


def seen(page, name):
    """Look at a page, and let axe look."""
    look(page, name)
    return found(page, name=name)


def settle_the_dispute(page, scene):
    page.goto(reverse("case_list", args=[scene.study.uid]))
    page.get_by_text("Safety stands on both sides of the middle").wait_for()
    faults = seen(page, "queue")
    press(page, "button", "Take the most pressing case")
    page.get_by_role("heading", name="Final answer").wait_for()
    faults |= seen(page, "case")

    # Nothing is chosen for safety, the cause and the rationale yet.
    press(page, "button", "Decide")
    page.get_by_text("Choose why the raters disagree.").first.wait_for()
    expect(page.locator("[data-wrong] input").first).to_be_focused()
    faults |= seen(page, "refused")

    # One click copies one rater's answer to the question up.
    press(page, "button", "1: copy Safety")
    page.get_by_text("Copied into the final answer.").wait_for()
    safety = page.get_by_role("group", name="Safety")
    expect(safety.get_by_role("radio", name="1").first).to_be_checked()
    press(page, "radio", "A slip")
    page.get_by_label("Why this is the answer").fill("Both thin the blood.")
    page.get_by_text("Cite what is not listed yet").click()
    page.get_by_label("Title").fill("Bleeding under anticoagulants")
    page.get_by_label("What it is").select_option("guideline")
    page.get_by_label("Edition", exact=True).fill("2019")
    page.get_by_label("Published on").fill("2019-03-01")
    press(page, "button", "Decide")
    page.get_by_text("Decided. The judgments stay").wait_for()
    return faults


def supersede_its_evidence(page, scene):
    page.goto(reverse("evidence_list", args=[scene.study.uid]))
    faults = seen(page, "evidence")
    press(page, "link", "Superseded?")
    page.get_by_role("heading", name="Is this edition superseded?").wait_for()
    faults |= seen(page, "supersede")
    page.get_by_label("Edition", exact=True).fill("2024")
    page.get_by_label("Published on").fill("2024-05-01")
    press(page, "button", "It is superseded")
    page.get_by_text("1 verdict back in the queue").wait_for()
    return faults


def settle_again(page, scene):
    page.goto(reverse("case_list", args=[scene.study.uid]))
    page.get_by_text("The verdict cites Bleeding under anticoagulants, 2019").wait_for()
    press(page, "button", "Take the most pressing case")
    page.get_by_text("In force, evidence superseded").wait_for()
    faults = seen(page, "stale")
    # The cause comes with the old verdict.
    press(page, "button", "Copy all of Old verdict")
    page.get_by_text("Copied into the final answer.").wait_for()
    expect(page.get_by_role("radio", name="A slip")).to_be_checked()
    page.get_by_label("Why this is the answer").fill("The new edition says the same.")
    press(page, "button", "Decide")
    page.get_by_text("Decided. The judgments stay").wait_for()
    return faults


def test_a_case_is_settled_without_javascript(scene, browser, live_server, sign_in):
    make_edition(scene.study)
    cookie = sign_in(scene.adjudicator).cookies[settings.SESSION_COOKIE_NAME].value
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(
        [{"name": "sessionid", "value": cookie, "url": live_server.url}]
    )
    page = context.new_page()
    page.goto(live_server.url + reverse("case_detail", args=[scene.case.uid]))
    page.get_by_role("button", name="Take this case").click()
    page.get_by_role("button", name="Copy all of Rater A").click()
    page.get_by_text("Copied into the final answer.").wait_for()
    page.get_by_label("It is borderline").check()
    page.get_by_role("button", name="Decide").click()
    page.get_by_text("The rationale is empty.").first.wait_for()
    assert page.get_by_label("It is borderline").is_checked()
    page.get_by_label("Why this is the answer").fill("Both thin the blood.")
    page.get_by_role("button", name="Decide").click()
    page.get_by_text("Decided. The judgments stay").wait_for()
    context.close()


def test_a_pair_is_settled_with_its_sides_drawn(transactional_db, open_page, enter):
    study = make_study(n_prompts=1, overlap=2, forms=[FormDraft("pair")])
    for answer in (BETTER_A, BETTER_B):
        judge_all(study, make_rater(study), pair=answer)
    open_cases_for(study, now=clock.now())
    user = make_adjudicator(study)
    page = open_page()
    enter(page, user)
    page.goto(reverse("case_list", args=[study.uid]))
    press(page, "button", "Take the most pressing case")
    page.get_by_role("heading", name="Final answer").wait_for()
    faults = seen(page, "pair")
    press(page, "button", "Copy all of Rater B")
    page.get_by_text("Copied into the final answer.").wait_for()
    press(page, "radio", "Somebody did not know")
    page.get_by_label("Why this is the answer").fill("One is plainly right.")
    press(page, "button", "Decide")
    page.get_by_text("Decided. The judgments stay").wait_for()
    assert Adjudication.objects.get().verdict["preference"]["strength"] == 2
    assert not faults


def test_marks_corrections_flags_and_remarks_are_read(
    transactional_db, open_page, enter
):
    forms = [FormDraft("pair", ("marks", "ratings"))]
    study = make_everything(forms=forms, n_completions=2, text=LONG)
    for value in (1, 5, 5):
        assignment = assign_next(study=study, rater=make_rater(study), now=clock.now())
        submit(assignment, _everything(value, shown_of(assignment)))
    open_cases_for(study, now=clock.now())
    user = make_adjudicator(study)
    page = open_page()
    enter(page, user)
    page.goto(reverse("case_list", args=[study.uid]))
    press(page, "button", "Take the most pressing case")
    page.get_by_text("Too short for this reader.").first.wait_for()
    assert page.get_by_text("0. Take", exact=False).count() >= 1
    assert page.get_by_text("Flagged severe", exact=True).count() == 3
    assert not seen(page, "rich")


LONG = (
    "Take paracetamol, at most four times a day, and avoid ibuprofen while you take "
    "warfarin: both thin the blood, and bleeding becomes more likely. See a doctor at "
    "once if you notice black stools, a nosebleed that does not stop or a bad headache."
)


def _everything(value, shown):
    ratings = {}
    for item in range(2):
        ratings |= scores(item, scale=value, yes=int(value > 2), score=20 * value)
        ratings |= {
            Place("why", item): Value(choices=("fact",)),
            Place("any", item): Value(choices=("dose", "source")),
            Place("words", item): Value(text="It says too little for this reader."),
        }
    quote = shown.texts[0].stored[:7]
    return Answer(
        ratings=ratings
        if value < 3
        else {k: v for k, v in ratings.items() if k.key != "why"},
        comparisons={"safer": Comparison("a", 1)},
        outcome="a" if value > 2 else "b",
        strength=2,
        marks=(
            MarkDraft(0, 0, 7, quote, "dose", "major", suggestion="Take two"),
            MarkDraft(1, 0, 0, "", "warning", "critical"),
        ),
        corrections={0: f"{LONG} Ask your pharmacist."},
        flag=FlagDraft("dose_error", "severe", "Twice the dose in a child.", item=1),
        comment="Too short for this reader.",
    )
