"""The rating page under the hand: keys, focus, drafts, the bar that stays."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from feedback.common import clock
from feedback.rating.models import CriterionRating, Judgment, Preference
from feedback.studies.assignment import assign_next
from feedback.studies.models import Task
from tests.builders import BETTER_A, GOOD, make_rater, make_study, submit

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CURRENT = "document.querySelector('.is-current legend').firstChild.textContent.trim()"


@pytest.fixture
def at_task(transactional_db, open_page, enter):
    """Open a task of a kind as its rater."""

    def at_task(kind, **window):
        study = make_study(n_prompts=4)
        rater = make_rater(study)
        while True:
            assignment = assign_next(study=study, rater=rater, now=clock.now())
            if assignment.task.kind == kind:
                break
            submit(assignment, GOOD if kind == Task.Kind.PAIR else BETTER_A)
        page = open_page(**window)
        enter(page, rater.user)
        page.goto(reverse("assignment_detail", args=[assignment.uid]))
        return page

    return at_task


def submitted(page):
    """Press Enter and wait for the next task."""
    before = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)
    return Judgment.objects.latest("pk")


def test_digits_rate_and_move_on(at_task):
    page = at_task(Task.Kind.SINGLE)

    page.keyboard.press("4")
    assert page.evaluate(CURRENT) == "Tone"
    page.keyboard.press("n")
    page.keyboard.press("2")
    judgment = submitted(page)

    values = CriterionRating.objects.filter(judgment=judgment)
    assert dict(values.values_list("criterion__key", "value")) == {
        "correctness": 4,
        "tone": None,
        "safety": 2,
    }


def test_the_way_back_is_shown_once_an_answer_was_submitted(at_task):
    page = at_task(Task.Kind.SINGLE)
    way_back = page.get_by_text("Submitted. Change it")
    expect(way_back).to_be_hidden()

    page.keyboard.press("4")
    page.keyboard.press("n")
    page.keyboard.press("2")
    submitted(page)

    expect(way_back).to_be_visible()
    page.get_by_role("link", name="Change it").press("Enter")
    expect(page.get_by_text("You are changing an answer")).to_be_visible()


def test_arrows_go_back_to_an_earlier_criterion(at_task):
    page = at_task(Task.Kind.SINGLE)

    page.keyboard.press("4")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("1")

    chosen = page.locator("[name=ratings-0-correctness]:checked")
    assert chosen.get_attribute("value") == "1"


def test_digits_in_a_text_stay_text(at_task):
    page = at_task(Task.Kind.SINGLE)

    page.keyboard.press("m")
    page.keyboard.type("5 mg, not 50?")

    assert page.locator("[name=comment]").input_value() == "5 mg, not 50?"
    assert page.locator("[name^=ratings-]:checked").count() == 0
    assert not page.locator("dialog").is_visible()


def test_enter_with_an_open_criterion_goes_there_and_sends_nothing(at_task):
    page = at_task(Task.Kind.SINGLE)
    n_before = Judgment.objects.count()

    page.keyboard.press("4")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")

    assert page.evaluate(CURRENT) == "Tone"
    assert Judgment.objects.count() == n_before


def test_a_refused_submit_moves_the_focus_to_the_first_wrong_field(at_task):
    page = at_task(Task.Kind.SINGLE, width=390, height=844)

    page.keyboard.press("4")
    page.keyboard.press("Control+Enter")
    page.locator("#problem").wait_for()

    field = page.locator(":focus")
    expect(field).to_have_attribute("name", "ratings-0-tone")
    expect(field).to_be_in_viewport()
    assert page.locator("[name=ratings-0-correctness]:checked").count() == 1


def test_one_digit_and_enter_settle_a_pair(at_task):
    page = at_task(Task.Kind.PAIR)

    page.keyboard.press("3")
    judgment = submitted(page)

    assert judgment.preferences.get().outcome == Preference.Outcome.TIE


def test_neither_opens_the_correction(at_task):
    page = at_task(Task.Kind.PAIR)

    page.keyboard.press("0")

    assert page.locator("#correction").get_attribute("open") is not None


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_the_decision_stays_in_view_under_a_fifth_of_the_height(at_task, width, height):
    page = at_task(Task.Kind.PAIR, width=width, height=height)

    box = page.locator(".decision").bounding_box()

    assert box["y"] + box["height"] <= height
    assert box["height"] < height / 5


def test_keys_can_be_switched_off_for_good(at_task):
    page = at_task(Task.Kind.SINGLE)

    task = page.url
    page.keyboard.press("?")
    page.get_by_role("link", name="Change the keys").click()
    page.get_by_label("Single keys act").uncheck()
    page.get_by_role("button", name="Save").click()
    page.goto(task)
    page.keyboard.press("4")

    assert page.locator("[name^=ratings-]:checked").count() == 0


def test_what_was_typed_survives_a_reload(at_task):
    page = at_task(Task.Kind.SINGLE)

    page.keyboard.press("c")
    page.keyboard.type("Call the ward today.")
    page.reload()

    assert (
        page.locator("[name=correction_text]").input_value() == "Call the ward today."
    )


def test_time_on_the_page_is_counted(at_task):
    page = at_task(Task.Kind.SINGLE)

    expect(page.locator("[name=active_seconds]")).not_to_have_value("0")
