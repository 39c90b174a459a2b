"""Marking errors and omissions: exact to the code point, by caret, mouse and touch."""

import json
import unicodedata

import numpy as np
import pytest
from playwright.sync_api import expect

from feedback.rating.models import Judgment, SpanMark
from feedback.studies.criteria import FormDraft
from feedback.studies.models import Task
from tests.e2e.test_every_kind import (
    PHONE,
    at_task,  # noqa: F401 - a fixture
    shoot,
    submit,
)
from tests.rating.everything import EXTRAS, HARD

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

MARKS = FormDraft("single", ("marks",), EXTRAS)
MANY_WORDS = " ".join(f"word{number % 997}" for number in range(20_000))
PLAIN = "Take five mg twice a day. Stop if it bleeds. Call us."
MANY_LINES = "\n".join(f"Line {number} of many." for number in range(120))


@pytest.fixture
def marking(at_task):  # noqa: F811
    """Open a task that asks for marks alone."""

    def marking(text=PLAIN, *, kind=Task.Kind.SINGLE, window=None):
        forms = [FormDraft(kind.value, ("marks",), EXTRAS)]
        page, assignment = at_task(kind, forms=forms, text=text, window=window)
        content = assignment.task.items.order_by("position")[0].completion.content
        return page, assignment, content

    return marking


def kept(page):
    """The marks that the page would send."""
    return json.loads(page.locator("[name=marks]").input_value())


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def select(page, start, end, *, item=0):
    """Select UTF-16 units of an answer's text and let go of the mouse there."""
    page.evaluate(
        """([start, end, item]) => {
          const node = document.querySelector(`[data-item="${item}"]`).firstChild;
          getSelection().setBaseAndExtent(node, start, node, end);
          node.parentNode.dispatchEvent(
            new PointerEvent('pointerup', {bubbles: true, pointerType: 'mouse'}));
        }""",
        [start, end, item],
    )
    expect(page.locator("#mark-palette")).to_be_visible()


def many_marks(content, n_marks=500):
    """Marks spread over a text, as the field holds them."""
    step = len(content) // (n_marks + 1)
    nothing = {"suggestion": "", "assertions": [], "code_system": "", "code": ""}
    return [
        {
            **nothing,
            "id": f"m{number}",
            "kind": "span",
            "item": 0,
            "start": number * step,
            "end": number * step + 12,
            "quote": content[number * step : number * step + 12],
            "label": "wrong",
            "severity": ("minor", "major", "critical")[number % 3],
            "relations": [],
        }
        for number in range(n_marks)
    ]


def units(text):
    return len(text.encode("utf-16-le")) // 2


def test_keyboard_alone_marks_a_phrase_and_stores_it(marking):
    page, assignment, content = marking()

    press(page, "s", *["Control+ArrowRight"] * 2, *["Control+Shift+ArrowRight"] * 2)
    press(page, "Enter", "2", "3", "Enter")
    press(page, "Escape")
    shoot(page, "marks-one")
    submit(page)

    mark = SpanMark.objects.get(judgment__assignment=assignment)
    assert (mark.label.key, mark.severity) == ("dose", "critical")
    assert mark.quote == content[mark.start : mark.end] == "five mg"


def test_a_missing_warning_is_a_point_with_what_to_say(marking):
    page, assignment, _content = marking()

    press(page, "o", "Enter", "3")
    page.get_by_label("What should it say?").fill("Not with warfarin.")
    press(page, "Control+Enter", "Escape")
    submit(page)

    mark = SpanMark.objects.get(judgment__assignment=assignment)
    assert (mark.start, mark.end, mark.quote) == (0, 0, "")
    assert mark.suggestion == "Not with warfarin."
    assert mark.label.key == "warning"


def test_missing_from_the_answer_as_a_whole(marking):
    page, _assignment, content = marking(HARD)

    press(page, "o", "o", "1", "1", "Enter", "Escape")

    (mark,) = kept(page)
    assert mark["start"] == mark["end"] == len(content)


@pytest.mark.parametrize(
    ("mode", "quote"),
    [
        ("Words", "twice"),
        ("Characters", "wic"),
        ("Sentences", "0. Take five mg twice a day."),
    ],
)
def test_a_selection_snaps_as_chosen(marking, mode, quote):
    page, _, content = marking()
    page.get_by_label(mode).check()
    at = content.index("wic")

    select(page, at, at + 3)
    press(page, "1", "1", "Enter")

    # Whether "0." is a sentence of its own is the browser's to say.
    assert kept(page)[0]["quote"] in {quote, quote.removeprefix("0. ")}


def test_any_range_of_a_hard_text_is_exact(marking):
    page, _, content = marking(HARD)
    page.get_by_label("Characters").check()
    generator = np.random.default_rng(7)

    for _ in range(40):
        start, end = sorted(generator.integers(0, len(content), size=2).tolist())
        if content[start : end + 1].isspace():
            continue
        select(page, units(content[:start]), units(content[: end + 1]))
        press(page, "1", "1", "Enter")

    marks = kept(page)
    assert len(marks) > 30
    for mark in marks:
        assert content[mark["start"] : mark["end"]] == mark["quote"]
        # Never half a letter: no combining mark at the edge, no joiner left hanging.
        assert not unicodedata.combining(mark["quote"][0])
        after = content[mark["end"] : mark["end"] + 1]
        assert not (after and unicodedata.combining(after))
        assert "\u200d" not in {mark["quote"][0], mark["quote"][-1], after}


def test_marks_overlap_and_stand_in_relation(marking):
    page, assignment, content = marking()
    at = content.index("five")

    select(page, at, at + 4)
    press(page, "1", "1", "Enter")
    select(page, at, at + 13)
    press(page, "2", "2")
    page.get_by_label("How it stands to another finding").select_option(index=1)
    page.get_by_label("Relation").select_option("contradicts")
    page.get_by_label("Negated").check()
    page.get_by_label("Code system").fill("ICD-10")
    page.get_by_label("Code", exact=True).fill("D68.3")
    page.get_by_role("button", name="Save").click()
    shoot(page, "marks-two")
    submit(page)

    inner, outer = SpanMark.objects.filter(judgment__assignment=assignment).order_by(
        "pk"
    )
    assert inner.start == outer.start
    assert inner.end < outer.end
    assert outer.relations.get().target == inner
    assert outer.relations.get().kind == "contradicts"
    assert outer.assertions == ["negated"]
    assert (outer.code_system, outer.code) == ("ICD-10", "D68.3")


def test_a_finding_can_be_changed_and_deleted(marking):
    page, _, content = marking()
    select(page, content.index("five"), content.index("five") + 4)
    press(page, "1", "1", "Enter")

    page.get_by_role("button", name="Edit finding 1").click()
    press(page, "2", "3", "Enter")
    assert [(one["label"], one["severity"]) for one in kept(page)] == [
        ("dose", "critical")
    ]
    page.get_by_role("button", name="Delete finding 1").click()

    assert kept(page) == []
    expect(page.get_by_text("None so far")).to_be_visible()


def test_the_text_is_never_rewritten(marking):
    page, _, content = marking(HARD)
    before = page.locator("[data-item='0']").inner_html()

    press(page, "s", *["Control+Shift+ArrowRight"] * 3, "Enter", "1", "1", "Enter")
    press(page, "Escape")

    answer = page.locator("[data-item='0']")
    assert answer.inner_html() == before
    assert answer.evaluate("(one) => one.textContent") == content
    assert answer.evaluate("(one) => one.childNodes.length") == 1


def test_marks_come_back_with_the_draft(marking):
    page, _, content = marking()
    at = content.index("five")
    select(page, at, at + 4)
    press(page, "1", "1", "Enter")
    expect(page.locator("[data-saved]")).to_contain_text("Draft saved")

    page.reload()

    assert [one["quote"] for one in kept(page)] == ["five"]
    expect(page.locator(".finding")).to_have_count(1)
    n_painted = "CSS.highlights.get('mark-minor').size"
    assert page.evaluate(n_painted) == 1


def test_both_sides_of_a_pair_by_keyboard(marking):
    page, assignment, _ = marking(kind=Task.Kind.PAIR)

    press(page, "s", "Control+ArrowRight", "Enter", "1", "1", "Enter")
    press(page, "Tab", "Control+ArrowRight", "Enter", "1", "2", "Enter", "Escape")
    press(page, "3", "4")
    submit(page)

    judgment = Judgment.objects.get(assignment=assignment)
    order = assignment.shown_order
    items = list(assignment.task.items.order_by("position"))
    left, right = judgment.marks.order_by("pk")
    assert left.completion_id == items[order[0]].completion_id
    assert right.completion_id == items[order[1]].completion_id


def test_by_touch_a_selection_offers_a_button_and_a_sheet(marking):
    page, assignment, content = marking(window=PHONE)
    page.locator("[data-item='0']").tap()
    page.evaluate(
        """([start, end]) => {
          const node = document.querySelector('[data-item="0"]').firstChild;
          getSelection().setBaseAndExtent(node, start, node, end);
        }""",
        [content.index("five"), content.index("five") + 2],
    )
    page.get_by_role("button", name="Mark this").tap()
    page.locator(".palette label", has_text="Wrong fact").tap()
    page.locator(".palette label", has_text="Major").tap()
    shoot(page, "marks-touch")
    page.get_by_role("button", name="Save").tap()
    page.get_by_role("button", name="Submit and next").tap()
    page.wait_for_url(lambda url: str(assignment.uid) not in url)

    mark = SpanMark.objects.get(judgment__assignment=assignment)
    assert (mark.quote, mark.severity) == ("five", "major")


def test_twenty_thousand_words_with_500_marks_stay_fluid(marking):
    page, _, content = marking(MANY_WORDS)
    page.evaluate(
        """(marks) => {
          const field = document.querySelector('[name=marks]');
          field.value = JSON.stringify(marks);
          field.form.dispatchEvent(new Event('consilium:restored', {bubbles: true}));
        }""",
        many_marks(content),
    )
    assert page.locator(".finding").count() == 500
    press(page, "s")
    took = page.evaluate(
        """async () => {
          const keys = ['ArrowRight', 'ArrowRight', 'ArrowLeft', 'ArrowDown'];
          const took = [];
          for (let n = 0; n < 60; n += 1) {
            const began = performance.now();
            document.body.dispatchEvent(new KeyboardEvent('keydown',
              {key: keys[n % 4], ctrlKey: n % 3 === 0, shiftKey: n % 5 === 0, bubbles: true}));
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            took.push(performance.now() - began);
          }
          return took;
        }"""
    )
    assert np.median(took) < 50, sorted(took)


# --- as hands do it: real drags and taps, keys at awkward moments ---------------


def box_of(page, start, end, *, item=0):
    """Where a range of UTF-16 units stands in the window."""
    return page.evaluate(
        """([start, end, item]) => {
          const node = document.querySelector(`[data-item="${item}"]`).firstChild;
          const range = new Range();
          range.setStart(node, start);
          range.setEnd(node, end);
          const box = range.getBoundingClientRect();
          return {left: box.left, right: box.right, y: box.top + box.height / 2};
        }""",
        [start, end, item],
    )


def drag(page, start, end, *, drop=None):
    box = box_of(page, start, end)
    page.mouse.move(box["left"] + 2, box["y"])
    page.mouse.down()
    page.mouse.move(*(drop or (box["right"] - 2, box["y"])), steps=5)
    page.mouse.up()
    expect(page.locator("#mark-palette")).to_be_visible()


def test_a_drag_that_ends_outside_the_answer_marks_to_its_end(marking):
    page, _, content = marking()
    at = content.index("Call")
    answer = page.locator("[data-item='0']").bounding_box()

    below = answer["y"] + answer["height"] + 12
    drag(page, at, at + 4, drop=(answer["x"] + answer["width"] - 4, below))
    press(page, "1", "1", "Enter")

    assert [one["quote"] for one in kept(page)] == [content[at:]]


def test_three_clicks_mark_a_paragraph_and_nothing_outside(marking):
    page, _, content = marking()
    box = box_of(page, 4, 8)

    page.mouse.click(box["left"] + 2, box["y"], click_count=3)
    expect(page.locator("#mark-palette-quote")).to_contain_text("Take five mg")
    press(page, "1", "1", "Enter")

    assert [one["quote"] for one in kept(page)] == [content]


def test_the_other_button_opens_no_palette(marking):
    page, _, content = marking()
    at = content.index("five")
    page.evaluate(
        """([start, end]) => {
          const node = document.querySelector('[data-item="0"]').firstChild;
          getSelection().setBaseAndExtent(node, start, node, end);
        }""",
        [at, at + 4],
    )
    box = box_of(page, at, at + 4)

    page.mouse.click(box["left"] + 4, box["y"], button="right")
    page.wait_for_timeout(100)

    expect(page.locator("#mark-palette")).to_be_hidden()


def test_typing_elsewhere_ends_the_caret_and_keeps_each_letter(marking):
    page, _, _ = marking()
    press(page, "s")
    comment = page.locator("[name=comment]")
    page.locator("summary", has_text="omment").first.click()

    comment.click()
    page.keyboard.type("No good, too long")

    expect(comment).to_have_value("No good, too long")
    expect(page.locator("#mark-palette")).to_be_hidden()
    assert kept(page) == []


def test_what_is_missing_can_be_asked_while_a_palette_is_open(marking):
    page, _, content = marking()
    at = content.index("five")
    select(page, at, at + 4)

    page.get_by_role("button", name="Mark what is missing").click(force=True)

    # The open fixture fails on any error of a script.
    expect(page.locator("#mark-palette")).to_be_visible()


def test_a_swap_elsewhere_leaves_an_open_palette_alone(marking):
    page, _, content = marking()
    at = content.index("five")
    select(page, at, at + 4)

    page.evaluate(
        """() => document.dispatchEvent(new CustomEvent(
          'htmx:afterSettle', {detail: {elt: document.querySelector('footer')}}))"""
    )
    press(page, "1", "1", "Enter")

    assert [one["quote"] for one in kept(page)] == ["five"]
    expect(page.locator("#mark-palette")).to_be_hidden()


@pytest.mark.parametrize("is_linked", [True, False])
def test_down_goes_one_line_even_where_texts_scroll(marking, is_linked):
    page, _, content = marking(MANY_LINES, kind=Task.Kind.PAIR)
    if is_linked:
        page.get_by_label("Scroll both together").check()
        page.locator("h1").focus()
    press(page, "s", *["ArrowDown"] * 40)

    press(page, "Enter", "1", "1", "Enter")

    (mark,) = kept(page)
    assert content[: mark["start"]].count("\n") == 40
    top, bottom, y = page.evaluate(
        """([at]) => {
          const one = document.querySelector('[data-item="0"]');
          const box = one.getBoundingClientRect();
          const range = new Range();
          range.setStart(one.firstChild, at);
          range.setEnd(one.firstChild, at + 1);
          return [box.top, box.bottom, range.getBoundingClientRect().top];
        }""",
        [mark["start"]],
    )
    assert top <= y <= bottom


def test_focus_stays_on_the_finding_that_was_changed_or_deleted(marking):
    page, _, content = marking()
    for word in ("five", "twice"):
        at = content.index(word)
        select(page, at, at + 4)
        press(page, "1", "1", "Enter")

    page.get_by_role("button", name="Edit finding 1").focus()
    press(page, "Enter", "2", "3", "Enter")
    expect(page.get_by_role("button", name="Edit finding 1")).to_be_focused()
    page.get_by_role("button", name="Delete finding 1").focus()
    press(page, "Enter")

    expect(page.get_by_role("button", name="Show finding 1")).to_be_focused()
    press(page, "Delete")
    expect(page.get_by_role("button", name="Mark an error")).to_be_focused()


def test_a_tap_places_what_is_missing(marking):
    page, _, content = marking(window=PHONE)
    page.get_by_role("button", name="Mark what is missing").tap()
    page.locator("[data-item='0']").scroll_into_view_if_needed()
    at = content.index("twice")
    box = box_of(page, at, at + 1)

    page.touchscreen.tap(box["left"] + 1, box["y"])
    page.locator(".palette label:visible").first.tap()
    page.locator(".palette label", has_text="Minor").tap()
    page.get_by_role("button", name="Save").tap()

    (mark,) = kept(page)
    assert (mark["kind"], mark["start"], mark["end"]) == ("omission", at, at)


def test_targets_are_large_enough_for_a_finger(marking):
    page, _, content = marking(window=PHONE)
    at = content.index("five")
    select(page, at, at + 4)
    small = """() => [...document.querySelectorAll('.marks button, .palette button,'
      + '.palette .choice, .palette .check, .mark-mode .check')]
      .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44)
      .map((one) => one.textContent.trim())"""
    assert page.evaluate(small) == []
    press(page, "1", "1", "Enter")
    assert page.evaluate(small) == []


def test_arrows_follow_the_reading_direction(marking):
    page, _, _ = marking("קח את התרופה פעמיים ביום ולא יותר.")
    reading = page.locator("[data-item='0']").evaluate(
        "(one) => getComputedStyle(one).direction"
    )
    if reading != "rtl":
        pytest.skip(f"the stored text begins {reading}")
    press(page, "s", "Control+ArrowLeft", "Enter", "1", "1", "Enter")

    assert kept(page)[0]["start"] > 0


def test_each_finding_of_a_pair_names_its_answer(marking):
    page, _, _ = marking(kind=Task.Kind.PAIR)
    press(page, "s", "Tab", "Enter", "1", "1", "Enter", "Escape")

    heading = page.locator(".answer h2").nth(1).inner_text().split("\n")[0]
    assert kept(page)[0]["item"] == 1
    expect(page.locator(".finding")).to_contain_text(heading)


def test_500_marks_do_not_slow_the_next_one_down(marking):
    """In turns with a text of five, so that a busy machine slows both."""
    page, _, content = marking(MANY_WORDS)
    took = page.evaluate(
        """async (sets) => {
          const frame = () =>
            new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
          const field = document.querySelector('[name=marks]');
          const took = sets.map(() => []);
          for (let round = 0; round < 7; round += 1) {
            for (const [at, marks] of sets.entries()) {
              field.value = JSON.stringify(marks);
              field.form.dispatchEvent(new Event('consilium:restored', {bubbles: true}));
              await frame();
              for (const key of ['s', 'Enter', '1', '2', 'Enter', 'Escape']) {
                const began = performance.now();
                (document.activeElement ?? document.body).dispatchEvent(
                  new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
                await frame();
                took[at].push(performance.now() - began);
              }
            }
          }
          return took;
        }""",
        [many_marks(content, 5), many_marks(content, 500)],
    )
    assert len(kept(page)) == 501
    few, many = (np.median(np.reshape(times, (7, 6)), axis=0) for times in took)
    assert max(many) < 3 * max(few), (few, many)


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (1280, 640), (390, 844)])
def test_save_is_in_view_and_a_wide_palette_hides_no_words(marking, width, height):
    page, _, content = marking(window={"width": width, "height": height})
    at = content.index("Call")

    select(page, at, at + 4)

    words = box_of(page, at, at + 4)
    sheet = page.locator("#mark-palette").bounding_box()
    expect(page.get_by_role("button", name="Save")).to_be_in_viewport(ratio=1)
    assert sheet["y"] >= 0
    assert sheet["y"] + sheet["height"] <= height
    if width > 700:
        assert not sheet["y"] < words["y"] < sheet["y"] + sheet["height"]
