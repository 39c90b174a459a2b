"""The rating page at 400 % zoom, without JavaScript, and for a screen reader."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from feedback.common import clock
from feedback.rating.models import Draft, Judgment
from feedback.studies.assignment import assign_next
from feedback.studies.criteria import FormDraft
from feedback.studies.models import Task
from tests.builders import make_rater
from tests.e2e.test_every_kind import PHONE, at_task  # noqa: F401 - a fixture
from tests.rating.everything import FORMS, make_everything

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# 1280 by 1024 pixels at 400 %.
ZOOMED = {"width": 320, "height": 256}

# Controls that are covered where they stand, once they have the focus.
_COVERED = """() => {
  const covered = [];
  const all = '[data-question] :is(input, textarea), summary, button, a[href], select';
  for (const one of document.querySelectorAll(all)) {
    if (!one.checkVisibility() || one.closest('.skip')) continue;
    one.focus();
    const box = (one.closest('label.choice') ?? one).getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const hit = document.elementFromPoint(x, y);
    const isHit = hit && (one.contains(hit) || hit.contains(one)
      || one.closest('label')?.contains(hit));
    if (!isHit) covered.push(`${one.outerHTML.slice(0, 70)} under ${hit?.outerHTML.slice(0, 60)}`);
  }
  return covered;
}"""
_SMALL = """() => [...document.querySelectorAll(
    'label.choice, label.check, .task .button, summary, .task input, .task textarea')]
  .filter((one) => one.checkVisibility() && !one.closest('label.choice, label.check, .prompt') ||
    one.matches('label'))
  .filter((one) => one.checkVisibility())
  .map((one) => [one.getBoundingClientRect(), one])
  .filter(([box]) => box.height < 43.5 || box.width < 43.5)
  .map(([box, one]) => `${Math.round(box.width)}x${Math.round(box.height)} ${one.outerHTML.slice(0, 80)}`)"""


@pytest.mark.parametrize("kind", Task.Kind.values)
def test_at_400_percent_every_control_can_be_reached(at_task, kind):  # noqa: F811
    page, _ = at_task(kind, window=ZOOMED)
    for section in page.locator("details").all():
        section.evaluate("(one) => { one.open = true; }")

    assert page.evaluate(_COVERED) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("kind", Task.Kind.values)
def test_on_a_phone_every_target_is_a_finger_wide(at_task, kind):  # noqa: F811
    page, _ = at_task(kind, window=PHONE)
    for section in page.locator("details").all():
        section.evaluate("(one) => { one.open = true; }")

    assert page.evaluate(_SMALL) == []


@pytest.fixture
def without_script(transactional_db, open_page, sign_in, live_server):
    """Open a task of a kind in a browser that runs no script."""

    def without_script(kind, forms=FORMS):
        wanted = [form for form in forms if form.kind == kind]
        study = make_everything(forms=wanted)
        rater = make_rater(study)
        assignment = assign_next(study=study, rater=rater, now=clock.now())
        page = open_page(java_script_enabled=False)
        cookie = sign_in(rater.user).cookies["sessionid"].value
        page.context.add_cookies(
            [{"name": "sessionid", "value": cookie, "url": live_server.url}]
        )
        page.goto(reverse("assignment_detail", args=[assignment.uid]))
        return page, assignment

    return without_script


def fill(page):
    """Answer what is required, as a form without a script lets one."""
    for question in page.locator("[data-required]:not([data-condition])").all():
        text = question.locator("input[type=text]")
        if text.count():
            text.fill("40")
        else:
            choices = question.locator("label.choice:not(.na)")
            # The top of a scale: at its bottom a further question waits.
            is_scale = question.get_attribute("data-question") == "likert"
            (choices.last if is_scale else choices.first).click()


@pytest.mark.parametrize("kind", Task.Kind.values)
def test_every_kind_is_submitted_without_javascript(without_script, kind):
    forms = [FormDraft("single", ("rubric", "claims", "ratings")), *FORMS[1:]]
    page, assignment = without_script(kind, forms)

    page.get_by_role("button", name="Submit and next").click()
    expect(page.get_by_text("Not submitted yet")).to_be_visible()
    fill(page)
    page.get_by_role("button", name="Submit and next").click()
    page.wait_for_url(lambda url: str(assignment.uid) not in url)

    assert Judgment.objects.filter(assignment=assignment).exists()


def test_without_javascript_marks_say_so_and_conditions_are_in_words(without_script):
    page, _ = without_script(Task.Kind.SINGLE)

    # By selector: what stands in noscript is no text to the test's own search.
    said = page.locator(".marks noscript p")
    expect(said).to_be_visible()
    expect(said).to_contain_text("Marking in the text needs JavaScript.")
    expect(page.get_by_text("Asked if Scale is 1, 2.")).to_be_visible()
    expect(page.get_by_role("button", name="Mark an error")).to_be_hidden()


def test_a_refused_form_and_a_draft_keep_everything_without_javascript(without_script):
    page, assignment = without_script(Task.Kind.PAIR, [FormDraft("pair")])
    page.locator("#comment summary").click()
    page.get_by_label("Comment").fill("Wait for the INR.")

    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_label("Comment")).to_have_value("Wait for the INR.")
    assert Draft.objects.get(assignment=assignment).fields["comment"]
    page.get_by_role("button", name="Submit and next").click()

    expect(page.get_by_text("Choose which answer is better").first).to_be_visible()
    expect(page.get_by_label("Comment")).to_have_value("Wait for the INR.")


def test_a_screen_reader_hears_names_states_and_errors(at_task):  # noqa: F811
    page, _ = at_task(Task.Kind.SINGLE, forms=[FormDraft("single", ("ratings",))])

    scale = page.get_by_role("group", name="Scale How good?")
    expect(scale.get_by_role("radio", name="4: Means 4.")).to_be_visible()
    expect(scale.get_by_role("radio", name="n/a: Does not apply")).to_be_visible()
    page.get_by_role("button", name="Submit and next").click()
    problem = page.get_by_role("alert").filter(has_text="Not submitted yet")
    expect(problem).to_be_visible()
    expect(page.locator("[name=ratings-0-scale]:focus")).to_have_count(1)
    for name, value in {"scale": "4", "yes": "1"}.items():
        page.locator(f"[name=ratings-0-{name}][value='{value}']").check(force=True)
    page.locator("[name=ratings-0-score]").fill("80")
    page.get_by_label("None of these").check(force=True)
    page.get_by_role("button", name="Submit and next").click()

    expect(page.locator("h1:focus")).to_have_count(1)
    expect(page.locator("[data-saved]")).to_have_attribute("role", "status")
