"""Two hundred interruptions: nothing is lost, nothing lands on the wrong task.

Each run has a rater and a task of its own and is cut short in one way. Runs of a kind go
side by side, so that waiting for one is waiting for all.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from feedback.common import clock
from feedback.rating.models import Draft, Judgment
from feedback.studies.assignment import assign_next, release_expired
from feedback.studies.criteria import FormDraft
from feedback.studies.models import Assignment, Slot, Study
from tests.builders import make_rater, make_study
from tests.e2e.browser import context_options

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

N_AT_ONCE = 10
BATCHES = 3
# A save begins a second after a change; with the request it is there within two.
SAVED_MS = 2000
_SAVED = re.compile(r"\s*(Draft saved|Draft of)\s+\d\d:\d\d")
WORDS = ["dose", "über 5 mg", "لا", "🩺", "x̂", "“stop”", "once a day", "<b>", "&amp;"]


@dataclass
class Run:
    """One rater with one task in one window."""

    assignment: Assignment
    context: BrowserContext
    page: Page
    text: str = ""

    @property
    def url(self) -> str:
        return reverse("assignment_detail", args=[self.assignment.uid])

    @property
    def kept(self) -> dict[str, list[str]]:
        """What the server's draft holds."""
        row = Draft.objects.filter(assignment=self.assignment).first()
        return row.fields if row else {}

    def write(self, text: str) -> None:
        """Type into the comment as a person does, on top of what is there."""
        self.page.locator("#comment").evaluate("(one) => { one.open = true; }")
        add(self.page, text)
        self.text += text

    def rate(self) -> None:
        for name in ("correctness", "tone", "safety"):
            choice = self.page.locator(f'[name=ratings-0-{name}][value="3"]')
            choice.check(force=True)

    def shown(self) -> str:
        return self.page.locator("#comment_text").input_value()


class Ward:
    """Raters at work, each in a browser of their own."""

    def __init__(self, browser: Browser, base_url: str, sign_in: Any) -> None:
        self.browser, self.base_url, self.sign_in = browser, base_url, sign_in
        self.contexts: list[BrowserContext] = []
        forms = [FormDraft("single", ("ratings",))]
        self.study: Study = make_study(
            n_prompts=2, n_completions=1, overlap=50, forms=forms
        )

    def device(self, rater) -> BrowserContext:
        """A browser in which a rater is signed in."""
        context = self.browser.new_context(base_url=self.base_url, **context_options())
        context.set_default_timeout(15_000)
        self.enter(context, rater)
        self.contexts.append(context)
        return context

    def enter(self, context: BrowserContext, rater) -> None:
        cookie = self.sign_in(rater.user).cookies[settings.SESSION_COOKIE_NAME].value
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": cookie, "url": self.base_url}])

    def runs(self, n_runs: int = N_AT_ONCE) -> list[Run]:
        found = []
        for _ in range(n_runs):
            rater = make_rater(self.study)
            assignment = assign_next(study=self.study, rater=rater, now=clock.now())
            context = self.device(rater)
            run = Run(assignment, context, context.new_page())
            run.page.goto(run.url)
            found.append(run)
        return found

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        self.contexts.clear()


@pytest.fixture
def ward(browser, transactional_db, live_server, sign_in):
    place = Ward(browser, live_server.url, sign_in)
    yield place
    place.close()


def add(page: Page, text: str) -> None:
    """Type at the end of the comment."""
    field = page.locator("#comment_text")
    field.press("Control+End")
    field.press_sequentially(text)


def texts(seed: int, n_texts: int = N_AT_ONCE) -> list[str]:
    """Different words for each run, the same for a seed."""
    generator = np.random.default_rng(seed)
    return [
        " ".join([f"run {seed}.{at}", *generator.choice(WORDS, size=4)])
        for at in range(n_texts)
    ]


def saved(runs: list[Run]) -> None:
    for run in runs:
        # Saved by this page, or found there when it was opened.
        expect(run.page.locator("[data-saved]")).to_have_text(_SAVED)


def each(runs, seed):
    return zip(runs, texts(seed, len(runs)), strict=True)


@pytest.mark.parametrize("seed", range(BATCHES))
def test_a_closed_tab_is_opened_again_on_the_same_device(ward, seed):
    runs = ward.runs()
    for run, text in each(runs, seed):
        run.write(text)
        run.rate()
    # From the one just typed to the one of a few seconds before: at every moment of a save.
    runs[-1].page.wait_for_timeout(int(np.random.default_rng(seed).integers(0, 900)))
    for run in runs:
        run.page.close()

    for run in runs:
        run.page = run.context.new_page()
        run.page.goto(run.url)
        assert run.shown() == run.text
        checked = run.page.locator("[name^=ratings-]:checked")
        assert [checked.nth(at).input_value() for at in range(checked.count())] == [
            "3",
            "3",
            "3",
        ]
    ward.close()


@pytest.mark.parametrize("seed", range(BATCHES))
def test_two_seconds_after_the_last_key_another_device_has_it(ward, seed):
    runs = ward.runs()
    for run, text in each(runs, 10 + seed):
        run.write(text)
    runs[-1].page.wait_for_timeout(SAVED_MS)
    for run in runs:
        # The machine is gone, and what it had in its own store with it.
        run.context.close()

    for run in runs:
        page = ward.device(run.assignment.rater).new_page()
        page.goto(run.url)
        assert page.locator("#comment_text").input_value() == run.text
    ward.contexts = [one for one in ward.contexts if one.pages]
    ward.close()


@pytest.mark.parametrize("seed", range(BATCHES))
def test_without_a_connection_it_stays_on_the_device_and_goes_up_later(ward, seed):
    runs = ward.runs()
    for run, text in each(runs, 20 + seed):
        run.context.set_offline(True)
        run.write(text)
    for run in runs:
        expect(run.page.locator("[data-saved]")).to_contain_text("kept on this device")
    for number, run in enumerate(runs):
        if number % 2:
            run.page.close()
            run.page = run.context.new_page()
        run.context.set_offline(False)
        if number % 2:
            run.page.goto(run.url)
    saved(runs)

    for run in runs:
        assert run.shown() == run.text
        assert run.kept["comment"] == [run.text]
    ward.close()


@pytest.mark.parametrize("seed", range(BATCHES))
def test_after_a_sign_in_that_ran_out_the_text_is_there(ward, seed):
    runs = ward.runs()
    for run, text in each(runs, 30 + seed):
        run.write(text)
    Session.objects.all().delete()
    for run in runs:
        run.write(" and more")
    for run in runs:
        expect(run.page.get_by_text("You were signed out.")).to_be_visible()
        link = run.page.get_by_role("link", name="Sign in and go on")
        assert link.get_attribute("href").endswith(
            f"next={run.url.replace('/', '%2F')}"
        )
        ward.enter(run.context, run.assignment.rater)
        # As the sign-in page does afterwards.
        run.page.goto(run.url)

    saved(runs)
    for run in runs:
        assert run.shown() == run.text
        assert run.kept["comment"] == [run.text]
    ward.close()


@pytest.mark.parametrize("seed", range(BATCHES))
def test_of_two_windows_neither_overwrites_the_other_unasked(ward, seed):
    runs = ward.runs()
    others = [run.context.new_page() for run in runs]
    for run, other in zip(runs, others, strict=True):
        other.goto(run.url)
    for run, text in each(runs, 40 + seed):
        run.write(text)
    saved(runs)
    for other in others:
        other.locator("#comment").evaluate("(one) => { one.open = true; }")
        add(other, "the second window")
    for number, (run, other) in enumerate(zip(runs, others, strict=True)):
        expect(other.get_by_text("Another window saved a newer draft")).to_be_visible()
        assert run.kept["comment"] == [run.text]
        if number % 2:
            other.get_by_role("button", name="Keep what is here").click()
            expect(other.locator("[data-saved]")).to_contain_text("Draft saved")
            assert run.kept["comment"] == ["the second window"]
        else:
            other.get_by_role("button", name="See the other one").click()
            expect(other.locator("#comment_text")).to_have_value(run.text)

    # One submits; what the other types afterwards is no draft and no answer.
    for run, other in zip(runs, others, strict=True):
        run.rate()
        run.page.get_by_role("button", name="Submit and next").click()
        run.page.wait_for_url(lambda url, run=run: str(run.assignment.uid) not in url)
        add(other, "!")
    for run, other in zip(runs, others, strict=True):
        expect(other.get_by_text("This task is answered already.")).to_be_visible()
        assert other.locator("#comment_text").input_value().endswith("!")
        assert not Draft.objects.filter(assignment=run.assignment).exists()
        assert Judgment.objects.get(assignment=run.assignment).comment == run.text
    ward.close()


@pytest.mark.parametrize("seed", range(BATCHES))
def test_a_late_reply_changes_nothing_that_came_after(ward, seed):
    runs = ward.runs()
    held: list[Any] = []

    def hold(route):
        held.append(route)

    for run in runs:
        run.page.route("**/draft/", hold)
    for run, text in each(runs, 50 + seed):
        run.write(text)
        run.rate()
    runs[-1].page.wait_for_timeout(1300)
    assert len(held) >= len(runs)
    for run in runs:
        button = run.page.get_by_role("button", name="Submit and next")
        button.dblclick(no_wait_after=True)
        run.page.wait_for_url(lambda url, run=run: str(run.assignment.uid) not in url)
    for route in held:
        # The save that was under way reaches the server after the submit.
        route.continue_()
    for run in runs:
        run.page.unroute("**/draft/")
    runs[-1].page.wait_for_timeout(1000)

    for run in runs:
        judgment = Judgment.objects.get(assignment=run.assignment)
        assert judgment.comment == run.text
        assert not Draft.objects.filter(assignment=run.assignment).exists()
        assert run.shown() == ""
        assert run.page.locator("[name^=ratings-]:checked").count() == 0
        assert run.page.locator("[data-draft-problem]").is_hidden()
    ward.close()


@pytest.mark.parametrize("seed", range(2))
def test_a_lease_that_went_elsewhere_leaves_the_text(ward, seed):
    Study.objects.filter(pk=ward.study.pk).update(overlap=1)
    runs = ward.runs()
    for run, text in each(runs, 60 + seed):
        run.write(text)
        run.rate()
    saved(runs)
    Slot.objects.filter(pk__in=[run.assignment.slot_id for run in runs]).update(
        leased_until=clock.now() - timedelta(seconds=1)
    )
    release_expired(now=clock.now())
    for run in runs:
        # Somebody else has the slot now.
        Slot.objects.filter(pk=run.assignment.slot_id).update(
            state="leased",
            lease_no=run.assignment.lease_no + 1,
            leased_until=clock.now() + timedelta(hours=1),
        )
        run.page.get_by_role("button", name="Submit and next").click()

    for run in runs:
        expect(run.page.get_by_text("was given to another rater")).to_be_visible()
        assert run.shown() == run.text
        assert run.kept["comment"] == [run.text]
        assert not Judgment.objects.filter(assignment=run.assignment).exists()
    ward.close()


def test_back_after_the_submit_shows_the_answer_and_no_form(ward):
    runs = ward.runs()
    for run, text in each(runs, 70):
        run.write(text)
        run.rate()
        run.page.get_by_role("button", name="Submit and next").click()
        run.page.wait_for_url(lambda url, run=run: str(run.assignment.uid) not in url)
        run.page.go_back()
        expect(
            run.page.get_by_role("heading", name="You answered this task")
        ).to_be_visible()
        assert Judgment.objects.filter(assignment=run.assignment).count() == 1
    ward.close()


def test_a_change_that_is_interrupted_goes_on(ward):
    runs = ward.runs()
    for run, text in each(runs, 80):
        run.write(text)
        run.rate()
        run.page.get_by_role("button", name="Submit and next").click()
        run.page.wait_for_url(lambda url, run=run: str(run.assignment.uid) not in url)
        run.page.keyboard.press("u")
        run.page.wait_for_url("**/revise/")
        assert run.shown() == run.text
        run.write(" changed")
    saved(runs)
    for run in runs:
        run.page.close()
        run.page = run.context.new_page()
        run.page.goto(reverse("assignment_revise", args=[run.assignment.uid]))
        assert run.shown() == run.text
        run.page.get_by_role("button", name="Store the change").click()
        run.page.wait_for_url(lambda url: "/revise/" not in url)

    for run in runs:
        first, second = Judgment.objects.filter(assignment=run.assignment).order_by(
            "revision"
        )
        assert first.comment == run.text.removesuffix(" changed")
        assert second.comment == run.text
        assert not Draft.objects.filter(assignment=run.assignment).exists()
    ward.close()
    connection.close()
