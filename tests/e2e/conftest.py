"""A real browser on a real server, with the jobs done where a worker would do them."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from playwright.sync_api import Browser, Page, sync_playwright

from feedback.accounts.models import User
from feedback.accounts.services import make_sign_in_link
from feedback.common import clock
from feedback.jobs.services import due_job_ids, run_job
from tests.e2e.browser import browser_or_skip, context_options, launch

_environ = os.environ  # noqa: TID251 - Playwright's loop makes Django ask for this
_SECONDS = 1000


@pytest.fixture(scope="session")
def browser(django_db_setup: None) -> Iterator[Browser]:
    """One browser for all tests of a worker; the server it talks to ends first."""
    paths = browser_or_skip()
    before = _environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    with sync_playwright() as playwright:
        # Playwright's loop lives in this thread; the tests' own queries are synchronous.
        _environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        chromium = launch(playwright, paths)
        yield chromium
        chromium.close()
        # Under Playwright's loop Django has a second connection in this thread.
        connection.close()
    if before is None:
        _environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")


@pytest.fixture
def open_page(
    browser: Browser, transactional_db: None, live_server
) -> Iterator[Callable[..., Page]]:
    """Open windows of people who do not know each other; none may log an error."""
    complaints: list[str] = []
    contexts = []

    def open_one(
        *, width: int = 1280, height: int = 900, scheme: str = "light", **options: Any
    ) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            accept_downloads=True,
            **context_options(),
            **options,
        )
        context.set_default_timeout(15 * _SECONDS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.on(
            "console",
            lambda message: (
                complaints.append(f"console: {message.text}")
                if message.type == "error"
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                complaints.append(f"left the house: {request.url}")
                if not request.url.startswith((live_server.url, "data:", "blob:"))
                else None
            ),
        )
        return page

    yield open_one
    for context in contexts:
        context.close()
    # A refused form answers 422 and a late one 409; the browser logs both.
    unexpected = [
        text for text in complaints if "422" not in text and "409" not in text
    ]
    assert not unexpected


@pytest.fixture
def enter() -> Callable[[Page, User], None]:
    """Sign in by a one-time link, as the demonstration's people do."""

    def enter(page: Page, user: User) -> None:
        token = make_sign_in_link(user=user, now=clock.now(), valid_hours=1)
        page.goto(reverse("sign_in_link", args=[token]))
        page.get_by_role("button", name="Sign in as").press("Enter")
        page.get_by_role("heading", name="Hello").wait_for()

    return enter


@pytest.fixture
def work() -> Callable[[], None]:
    """Do every job that is due, as a worker would."""

    def work() -> None:
        while due := due_job_ids(now=clock.now(), older_than=timedelta()):
            for job_id in due:
                assert run_job(job_id=job_id)

    return work
