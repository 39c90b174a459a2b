"""Where two drafts of one answer meet, a person chooses; until then both are there."""

import re

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import expect

from feedback.common import clock
from feedback.rating.models import Draft, Judgment
from feedback.studies.assignment import assign_next, release_expired
from feedback.studies.criteria import FormDraft
from feedback.studies.models import Slot
from tests.builders import make_rater, make_study
from tests.e2e.browser import context_options

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

_KEPT = (
    "() => Object.keys(localStorage).filter((key) => key.startsWith('draft:')).length"
)
_HELD = "This device holds another draft of this answer."
_TOLD = "Another window saved a newer draft of this answer."


class Desk:
    """A rater's browser, with one task in hand."""

    def __init__(self, context, sign_in):
        forms = [FormDraft("single", ("ratings",))]
        self.study = make_study(n_prompts=3, n_completions=1, overlap=1, forms=forms)
        self.rater = make_rater(self.study)
        self.context, self.sign_in = context, sign_in
        self.assignment = assign_next(
            study=self.study, rater=self.rater, now=clock.now()
        )
        self.url = reverse("assignment_detail", args=[self.assignment.uid])
        self.enter()

    def enter(self):
        cookies = self.sign_in(self.rater.user).cookies
        name = settings.SESSION_COOKIE_NAME
        one = {"name": name, "value": cookies[name].value, "url": self.origin}
        self.context.add_cookies([one])

    @property
    def origin(self):
        return self.context.base

    def window(self, url=""):
        page = self.context.new_page()
        page.goto(url or self.url)
        return page

    @property
    def kept(self):
        """The comment in the server's draft."""
        row = Draft.objects.filter(assignment=self.assignment).first()
        return row.fields["comment"][0] if row else None


@pytest.fixture
def desk(browser, transactional_db, live_server, sign_in):
    context = browser.new_context(base_url=live_server.url, **context_options())
    context.base = live_server.url
    context.set_default_timeout(15_000)
    complaints = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield Desk(context, sign_in)
    context.close()
    assert not complaints


def comment(page):
    return page.locator("#comment_text")


def write(page, text):
    """Type behind what stands in the comment."""
    page.locator("#comment").evaluate("(one) => { one.open = true; }")
    comment(page).press("Control+End")
    comment(page).press_sequentially(text)


def saved(page):
    expect(page.locator("[data-saved]")).to_contain_text("Draft saved")


def told(page, text):
    expect(page.locator("[data-draft-title]")).to_have_text(text)
    expect(page.locator("[data-draft-problem]")).to_be_visible()


def see(page):
    page.get_by_role("button", name="See the other one").click()


def keep(page):
    page.get_by_role("button", name="Keep what is here").click()


def hold(page, url):
    """Requests that are under way until they are continued."""
    held = []
    page.route(url, lambda route: held.append(route))  # noqa: PLW0108 - it is marked
    return held


def rate(page):
    for name in ("correctness", "tone", "safety"):
        page.locator(f'[name=ratings-0-{name}][value="3"]').check(force=True)


def submit(page, name="Submit and next"):
    before = page.url
    page.get_by_role("button", name=name).click()
    page.wait_for_url(lambda url: url != before)


@pytest.mark.parametrize("wanted", ["first", "second"])
def test_both_can_be_seen_before_one_is_kept(desk, wanted):
    one, two = desk.window(), desk.window()
    write(one, "first")
    saved(one)
    write(two, "second")
    told(two, _TOLD)

    see(two)
    told(two, _HELD)
    for text in ("first", "second", "first"):
        expect(comment(two)).to_have_value(text)
        see(two)
    if wanted == "first":
        see(two)
    expect(comment(two)).to_have_value(wanted)
    assert desk.kept == "first"
    keep(two)

    saved(two)
    expect(two.locator("[data-draft-problem]")).to_be_hidden()
    assert desk.kept == wanted
    assert two.evaluate(_KEPT) == 0


def test_what_the_other_window_was_refused_outlives_it(desk):
    one, two = desk.window(), desk.window()
    write(one, "first")
    saved(one)
    write(two, "second")
    told(two, _TOLD)
    two.close()
    write(one, " and more")
    one.wait_for_timeout(1500)
    assert desk.kept == "first and more"

    three = desk.window()

    told(three, _HELD)
    expect(comment(three)).to_have_value("first and more")
    see(three)
    expect(comment(three)).to_have_value("second")
    assert desk.kept == "first and more"


def test_typing_in_what_was_seen_keeps_what_stood_there_before(desk):
    one, two = desk.window(), desk.window()
    write(one, "first")
    saved(one)
    write(two, "second")
    told(two, _TOLD)
    see(two)
    told(two, _HELD)
    see(two)
    write(two, "!")
    saved(two)
    assert desk.kept == "second!"
    two.close()

    three = desk.window()

    expect(comment(three)).to_have_value("second!")
    told(three, _HELD)


def test_two_windows_closed_without_a_connection_lose_nothing(desk):
    one, two = desk.window(), desk.window()
    desk.context.set_offline(True)
    for window, text in ((one, "first"), (two, "second")):
        write(window, text)
        kept_here = window.locator("[data-saved]")
        expect(kept_here).to_contain_text("kept on this device")
    one.close()
    two.close()
    desk.context.set_offline(False)

    three = desk.window()

    expect(comment(three)).to_have_value("second")
    told(three, _HELD)
    see(three)
    expect(comment(three)).to_have_value("first")


@pytest.mark.parametrize("is_killed", [True, False])
def test_what_a_refused_submit_shows_again_is_saved(desk, is_killed):
    page = desk.window()
    page.locator("#comment").evaluate("(one) => { one.open = true; }")
    comment(page).fill("pasted")

    page.get_by_role("button", name="Submit and next").click()
    expect(page.locator("#problem")).to_be_visible()
    if is_killed:
        page.close()
        page = desk.window()

    expect(comment(page)).to_have_value("pasted")
    expect(page.locator("[data-saved]")).to_contain_text(
        re.compile("Draft saved|Draft of")
    )
    assert desk.kept == "pasted"
    expect(page.locator("[data-draft-problem]")).to_be_hidden()


def test_a_save_under_way_at_a_refused_submit_is_no_other_window(desk):
    page = desk.window()
    held = hold(page, "**/draft/")
    write(page, "mine")
    page.wait_for_timeout(1300)
    page.get_by_role("button", name="Submit and next").click()
    expect(page.locator("#problem")).to_be_visible()
    held[0].continue_()
    page.unroute("**/draft/")

    write(page, " too")
    saved(page)
    page.wait_for_timeout(1500)
    assert desk.kept == "mine too"
    expect(page.locator("[data-draft-problem]")).to_be_hidden()


def test_what_is_typed_while_the_answer_is_on_its_way_is_offered_later(desk):
    page = desk.window()
    write(page, "sent")
    rate(page)
    saved(page)
    held = hold(page, lambda url: url.endswith(desk.url))
    page.get_by_role("button", name="Submit and next").click()
    write(page, " late")
    held[0].continue_()
    page.wait_for_url(lambda url: not url.endswith(desk.url))

    assert comment(page).input_value() == ""
    assert Judgment.objects.get(assignment=desk.assignment).comment == "sent"
    assert desk.kept is None
    page.goto(reverse("assignment_revise", args=[desk.assignment.uid]))
    expect(comment(page)).to_have_value("sent")
    told(page, _HELD)
    see(page)
    expect(comment(page)).to_have_value("sent late")
    assert desk.kept is None


def test_a_late_save_of_a_change_is_no_draft_over_the_change(desk):
    page = desk.window()
    rate(page)
    write(page, "first")
    submit(page)
    url = reverse("assignment_revise", args=[desk.assignment.uid])
    one, two = desk.window(url), desk.window(url)
    write(one, " changed here")
    submit(one, "Store the change")
    write(two, " changed there")

    told(two, "You changed this answer in another window already.")
    expect(comment(two)).to_have_value("first changed there")
    assert desk.kept is None
    latest = Judgment.objects.filter(assignment=desk.assignment).latest("revision")
    assert latest.comment == "first changed here"
    two.close()
    three = desk.window(url)
    expect(comment(three)).to_have_value("first changed here")
    told(three, _HELD)


def test_back_and_forth_keeps_what_is_typed_in_the_next_task(desk):
    page = desk.window()
    rate(page)
    submit(page)
    write(page, "in the next")
    page.go_back()
    expect(page.get_by_role("heading", name="You answered this task")).to_be_visible()
    page.go_forward()

    expect(comment(page)).to_have_value("in the next")
    write(page, " one")
    page.wait_for_timeout(1500)
    draft = Draft.objects.get()
    assert draft.assignment_id != desk.assignment.pk
    assert draft.fields["comment"] == ["in the next one"]
    page.keyboard.press("Escape")
    page.keyboard.press("4")
    assert page.locator('[name^=ratings-][value="4"]:checked').count() == 1


def test_a_lease_that_another_rater_has_leaves_the_text(desk):
    page = desk.window()
    rate(page)
    write(page, "mine")
    slots = Slot.objects.filter(pk=desk.assignment.slot_id)
    slots.update(leased_until=clock.now())
    release_expired(now=clock.now())
    Slot.objects.exclude(pk=desk.assignment.slot_id).update(state="done")
    other = assign_next(study=desk.study, rater=make_rater(desk.study), now=clock.now())
    assert other.slot_id == desk.assignment.slot_id
    write(page, " still")

    page.get_by_role("button", name="Submit and next").click()
    expect(page.get_by_text("was given to another rater")).to_be_visible()
    expect(comment(page)).to_have_value("mine still")
    write(page, ", copied")
    saved(page)
    page.reload()
    expect(page.get_by_text("somebody else has it now")).to_be_visible()
    expect(comment(page)).to_have_value("mine still, copied")
    assert desk.kept == "mine still, copied"
    assert not Judgment.objects.exists()


def test_a_page_from_before_another_sign_in_is_loaded_again(desk):
    page = desk.window()
    write(page, "before")
    saved(page)
    desk.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    write(page, " and after")
    told(page, "You were signed out.")
    link = page.get_by_role("link", name="Sign in and go on")
    other = desk.window(link.get_attribute("href"))
    other.get_by_label("E-mail").fill(desk.rater.user.email)
    other.get_by_label("Password").fill("correct horse battery staple")
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url(f"**{desk.url}")
    other.close()
    write(page, "!")
    told(page, "This page was opened in an earlier sign-in.")
    page.get_by_role("link", name="Load it again").click()

    told(page, _HELD)
    expect(comment(page)).to_have_value("before and after")
    see(page)
    expect(comment(page)).to_have_value("before and after!")
    keep(page)
    saved(page)
    assert desk.kept == "before and after!"


def test_signing_out_leaves_nothing_on_the_device(desk):
    one, two = desk.window(), desk.window()
    write(one, "first")
    saved(one)
    write(two, "second")
    told(two, _TOLD)
    assert two.evaluate(_KEPT) == 1

    one.get_by_role("button", name="Sign out").click()

    expect(one.get_by_role("heading", name="Sign in")).to_be_visible()
    assert one.evaluate(_KEPT) == 0
    assert desk.kept == "first"
