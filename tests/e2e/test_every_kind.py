"""Every kind of task played from end to end: by the keyboard alone, and by touch.

What comes back from the database is what the keys said, whatever order was shown.
"""

import os
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from feedback.common import clock
from feedback.rating.models import Judgment
from feedback.rating.replay import fields_of
from feedback.rating.shown import shown_of
from feedback.studies.assignment import assign_next
from feedback.studies.criteria import FormDraft
from feedback.studies.models import Task
from tests.builders import make_rater
from tests.rating.everything import FORMS, make_everything

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

_SCREENSHOTS = os.environ.get("CONSILIUM_SCREENSHOTS")  # noqa: TID251 - a switch of tests
# Kind of question -> the keys that answer it, and the value they stand for.
KEYS = {
    "verdict": (["2"], None),
    "likert": (["4"], "4"),
    "yes_no": (["2"], "0"),
    "score": (["7", "0", "Enter"], "70"),
    "multi_label": (["3", "1", "ArrowDown"], ["dose", "style"]),
    "turn": (["1"], "1"),
    "compare": (["5"], "right_much"),
    "preference": (["2"], "left_slight"),
}
_ANY_OPEN = """() => [...document.querySelectorAll('[data-required]:not([hidden])')].some(
  (one) => !one.querySelector('input:checked')
    && !one.querySelector('textarea, input[type=text]')?.value)"""
PHONE = {
    "width": 390,
    "height": 844,
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}


def shoot(page, name):
    """Keep a picture, if somebody wants to look."""
    if _SCREENSHOTS:
        page.screenshot(path=Path(_SCREENSHOTS) / f"{name}.png", full_page=True)


@pytest.fixture
def at_task(transactional_db, open_page, enter):
    """Open a task of a kind that asks everything, as its rater."""

    def at_task(kind, *, forms=FORMS, n_completions=3, window=None, **study):
        wanted = [form for form in forms if form.kind == kind]
        study = make_everything(forms=wanted, n_completions=n_completions, **study)
        rater = make_rater(study)
        assignment = assign_next(study=study, rater=rater, now=clock.now())
        page = open_page(**(window or {}))
        enter(page, rater.user)
        page.goto(reverse("assignment_detail", args=[assignment.uid]))
        return page, assignment

    return at_task


def stored(assignment):
    """What was stored, as fields of the form."""
    judgment = Judgment.objects.get(assignment=assignment)
    fields = fields_of(judgment, shown_of(assignment))
    return {
        name: values if len(values) > 1 else values[0]
        for name, values in fields.lists()
        if values[0] not in {"", "[]"}
    }


def current(page):
    return page.evaluate(
        """() => {
          const one = document.querySelector('.is-current');
          const field = one.querySelector('[name]');
          const isOpen = !one.querySelector('input:checked')
            && !one.querySelector('textarea, input[type=text]')?.value;
          return [one.dataset.question, field.name, isOpen && 'required' in one.dataset];
        }"""
    )


def play(page):
    """Answer every open question by its keys; returns field -> value."""
    expected = {}
    for _ in range(60):
        kind, name, is_open = current(page)
        if not is_open and not page.evaluate(_ANY_OPEN):
            return expected
        if not is_open:
            # Past what is optional, to the next that is not.
            page.keyboard.press("Enter")
            continue
        keys, value = KEYS[kind]
        for key in keys:
            page.keyboard.press(key)
        expected[name] = value or _verdict(page, name)
    raise AssertionError(f"still open: {current(page)}")


def _verdict(page, name):
    return page.locator(f'[name="{name}"]:checked').get_attribute("value")


def submit(page):
    before = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)


def test_single_with_every_question_by_keyboard(at_task):
    page, assignment = at_task(Task.Kind.SINGLE)

    expected = play(page)
    page.keyboard.press("c")
    page.keyboard.type("Rest, and see a doctor if it swells.")
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    page.keyboard.type("As 1, 2, 3 said.")
    page.keyboard.press("Escape")
    shoot(page, "single-filled")
    submit(page)

    assert stored(assignment) == expected | {
        "correction_of": "0",
        "correction_text": "Rest, and see a doctor if it swells.",
        "comment": "As 1, 2, 3 said.",
    }
    assert set(expected) >= {"ratings-0-scale", "ratings-0-score", "ratings-0-any"}
    assert sum(name.startswith("points-0-") for name in expected) == 6


def test_question_with_a_condition_comes_and_goes(at_task):
    form = FormDraft("single", ("ratings",))
    page, assignment = at_task(Task.Kind.SINGLE, forms=[form])
    why = page.get_by_role("group", name="Why so low")

    expect(why).to_be_hidden()
    page.keyboard.press("2")
    expect(why).to_be_visible()
    assert current(page)[1] == "ratings-0-why"
    page.keyboard.press("2")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("5")
    expect(why).to_be_hidden()
    expected = play(page)
    submit(page)

    assert stored(assignment) == expected | {"ratings-0-scale": "5"}


def test_not_applicable_and_outside_practice_by_keyboard(at_task):
    form = FormDraft("single", ("ratings",))
    page, assignment = at_task(Task.Kind.SINGLE, forms=[form])

    for key in ("0", "x", "0", "x"):
        page.keyboard.press(key)
    submit(page)

    assert stored(assignment) == {
        "ratings-0-scale": "na",
        "ratings-0-yes": "outside",
        "ratings-0-score.missing": "na",
        "ratings-0-any.missing": "outside",
    }


def test_pair_with_ratings_and_comparison_by_keyboard(at_task):
    page, assignment = at_task(Task.Kind.PAIR)

    expected = play(page)
    shoot(page, "pair-filled")
    submit(page)

    assert stored(assignment) == expected
    assert {"ratings-0-scale", "ratings-1-scale", "compare-safer", "preference"} <= set(
        expected
    )


@pytest.mark.parametrize("n_completions", [3, 8])
def test_ranking_with_a_tie_by_keyboard(at_task, n_completions):
    page, assignment = at_task(Task.Kind.RANKING, n_completions=n_completions)

    places = ["2", "1", "2", *(str(place) for place in range(4, n_completions + 1))]
    for place in places:
        page.keyboard.press(place)
    shoot(page, f"ranking-{n_completions}-filled")
    submit(page)

    assert stored(assignment) == {f"rank-{at}": one for at, one in enumerate(places)}


def test_ranking_where_none_is_acceptable_asks_for_a_correction(at_task):
    page, assignment = at_task(Task.Kind.RANKING)

    page.get_by_label("None of them is acceptable").press("Space")
    page.keyboard.press("c")
    page.locator("#correction").get_by_label("Answer 2").press("Space")
    page.get_by_label("Corrected answer").type("Rest.")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/rate/")

    assert stored(assignment) == {
        "none_acceptable": "1",
        "correction_of": "1",
        "correction_text": "Rest.",
    }


def test_conversation_turn_by_turn_by_keyboard(at_task):
    page, assignment = at_task(Task.Kind.CONVERSATION)

    assert current(page)[1] == "turns-1-safe"
    page.keyboard.press("j")
    assert current(page)[1] == "turns-2-safe"
    page.keyboard.press("k")
    expected = play(page)
    shoot(page, "conversation-filled")
    submit(page)

    assert stored(assignment) == expected
    assert expected["turns-1-safe"] == expected["turns-2-safe"] == "0"
    assert expected["ratings-0-first_wrong"] == "1"


def test_correction_shows_what_changed_word_by_word(at_task):
    form = FormDraft("single", ("correction",))
    page, assignment = at_task(Task.Kind.SINGLE, forms=[form], text="Take 5 mg daily.")
    text = assignment.task.items.get().completion.content

    page.get_by_role("button", name="Start from the answer").click()
    field = page.get_by_label("Corrected answer")
    expect(field).to_have_value(text)
    field.fill(text.replace("5 mg", "50 mg"))

    changed = page.locator("[data-difference-text]")
    expect(changed.locator("del")).to_have_text("5")
    expect(changed.locator("ins")).to_have_text("50")
    shoot(page, "correction")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(lambda url: str(assignment.uid) not in url)
    assert stored(assignment)["correction_text"] == text.replace("5 mg", "50 mg")


@pytest.mark.parametrize("kind", Task.Kind.values)
def test_every_kind_by_touch(at_task, kind):
    forms = [
        FormDraft("single", ("rubric", "claims", "must_say", "ratings")),
        *FORMS[1:],
    ]
    page, assignment = at_task(kind, forms=forms, window=PHONE)

    expected = {}
    for question in page.locator("[data-question][data-required]:visible").all():
        name = question.locator("[name]").first.get_attribute("name")
        if question.get_attribute("data-question") == "score":
            question.locator("input[type=text]").tap()
            page.keyboard.type("35")
            expected[name] = "35"
            continue
        choices = question.locator("label.choice:not(.na)")
        is_preference = name == "preference"
        choice = choices.first if is_preference else choices.last
        choice.scroll_into_view_if_needed()
        choice.tap()
        expected[name] = choice.locator("input").get_attribute("value")
    shoot(page, f"{kind}-touch")
    page.get_by_role("button", name="Submit and next").tap()
    page.wait_for_url(lambda url: str(assignment.uid) not in url)

    got = stored(assignment)
    if kind == Task.Kind.RANKING:
        # All in the last place is a tie of all, which is place 1 for each.
        assert set(got.values()) == {"1"}
    else:
        assert got == expected


@pytest.mark.parametrize("kind", Task.Kind.values)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_looks_of_every_kind(at_task, kind, width, scheme):
    page, _ = at_task(kind, window={"width": width, "scheme": scheme})
    shoot(page, f"{kind}-{width}-{scheme}")

    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
