"""Training and qualifying by keyboard, known answers, own numbers; axe looks on."""

import os
from pathlib import Path

import pytest
from django.urls import reverse

from feedback.common import clock
from feedback.quality.qualification import review_stage
from feedback.studies.criteria import FormDraft
from feedback.studies.golds import make_gold
from feedback.studies.models import Enrollment, GoldItem
from tests import builders
from tests.e2e.test_axe import found
from tests.quality.known import RIGHT, WRONG, answer_next, at_stage, make_known

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

_SCREENSHOTS = os.environ.get("CONSILIUM_SCREENSHOTS")  # noqa: TID251 - a switch of tests


def look_at(page, name):
    """What axe says of a page; with a folder for them, pictures of it too."""
    faults = found(page, name=name)
    if _SCREENSHOTS:
        for width in (1280, 390):
            for scheme in ("light", "dark"):
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=scheme)
                file = Path(_SCREENSHOTS) / f"{name}-{width}-{scheme}.png"
                page.screenshot(path=file, full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    return faults


@pytest.fixture
def study(transactional_db):
    return builders.make_study(
        n_prompts=10, forms=[FormDraft("single", ("ratings",)), FormDraft("pair")]
    )


def answer_by_keys(page, keys):
    page.get_by_role("heading", name="Rate this answer").wait_for()
    for key in keys:
        page.keyboard.press(key)
    page.keyboard.press("Enter")


def test_a_rater_trains_qualifies_and_reads_where_they_stand(study, open_page, enter):
    rater = builders.make_rater(study)
    singles = study.tasks.filter(kind="single").order_by("pk")
    for task, purpose in zip(singles, ("training", "training", "gold"), strict=False):
        make_gold(
            task=task,
            expected={"ratings": {"correctness": {"value": 5, "tolerance": 1}}},
            explanation="Together the two drugs make bleeding more likely.",
            purpose=purpose,
            actor=study.created_by,
        )
    enrollment = at_stage(study, rater, Enrollment.Stage.TRAINING)

    page = open_page()
    enter(page, rater.user)
    page.goto(reverse("study_rate", args=[study.uid]))
    answer_by_keys(page, "245")
    page.get_by_role("heading", name="How your answer compares").wait_for()
    assert page.get_by_text("Different", exact=True).count() == 1
    faults = look_at(page, "explained")

    page.get_by_role("link", name="Go on").press("Enter")
    answer_by_keys(page, "545")
    page.get_by_role("heading", name="How your answer compares").wait_for()
    assert page.get_by_text("Different", exact=True).count() == 0
    page.get_by_role("link", name="Go on").press("Enter")

    # The one gold there is: too few to decide by rule, so the lead looks.
    answer_by_keys(page, "545")
    page.wait_for_url(f"**{reverse('study_rate', args=[study.uid])}")
    review_stage(enrollment=enrollment, now=clock.now())
    page.reload()
    page.get_by_text("Your study lead looks at your answers").first.wait_for()
    faults |= look_at(page, "standing")

    assert not faults


def test_a_lead_makes_a_known_answer_from_what_raters_agree_on(study, open_page, enter):
    for _ in range(3):
        builders.judge_all(study, builders.make_rater(study))
    page = open_page()
    enter(page, study.created_by)
    page.goto(reverse("known_answers", args=[study.uid]))
    page.get_by_role("link", name="Make one").press("Enter")
    page.get_by_role("heading", name="Choose a task").wait_for()
    faults = look_at(page, "gold-choose")
    single = study.tasks.filter(kind="single").order_by("pk")[0]
    page.goto(reverse("known_answer_create", args=[single.uid]))

    page.get_by_role("button", name="Store it").press("Enter")
    page.get_by_text("Say in a sentence or two").first.wait_for()
    assert page.evaluate("document.activeElement.id") == "explanation"
    faults |= look_at(page, "gold-refused")
    page.get_by_label("Why this is the answer").fill("Bleeding becomes more likely.")
    page.get_by_role("button", name="Store it").press("Enter")
    page.get_by_text("The known answer is stored and in use.").wait_for()
    gold = GoldItem.objects.get()
    assert set(gold.expected["ratings"]) == {"correctness", "tone", "safety"}

    pair = study.tasks.filter(kind="pair").order_by("pk")[0]
    page.goto(reverse("known_answer_create", args=[pair.uid]))
    faults |= look_at(page, "gold-pair")
    rater = builders.make_rater(study)
    at_stage(study, rater, Enrollment.Stage.QUALIFYING)
    answer_next(study, rater)
    page.goto(reverse("known_answers", args=[study.uid]))
    page.get_by_text("1 of 1: 100 %").wait_for()
    faults |= look_at(page, "gold-list")
    page.get_by_role("button", name="Retire").press("Enter")
    page.get_by_text("The known answer is retired").wait_for()

    assert not faults


def test_a_raters_own_page_with_its_chart(study, open_page, enter):
    make_known(study, 18)
    others = [builders.make_rater(study) for _ in range(2)]
    rater = builders.make_rater(study)
    for one in (*others, rater):
        builders.judge_all(study, one)
    at_stage(study, rater, Enrollment.Stage.QUALIFYING)
    late = builders.make_rater(study)
    at_stage(study, late, Enrollment.Stage.QUALIFYING)
    for one in "++++++++----+++":
        answer_next(study, late, RIGHT if one == "+" else WRONG)
    faults = {}
    for name, who in (("own-rated", rater), ("own-golds", late)):
        page = open_page()
        enter(page, who.user)
        page.goto(reverse("my_rating", args=[study.uid]))
        page.get_by_role("heading", name="How my ratings compare").wait_for()
        for section in page.locator("details").all():
            section.evaluate("(one) => { one.open = true; }")
        faults |= look_at(page, name)

    assert not faults
