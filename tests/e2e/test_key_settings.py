"""The key settings under the hand: pressing a key writes its name.

CONSILIUM_SCREENSHOTS names a folder that then gets a picture of each.
"""

import os
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from feedback.accounts.keys import keys_of
from tests.builders import make_user

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

_SCREENSHOTS = os.environ.get("CONSILIUM_SCREENSHOTS")  # noqa: TID251 - a switch of tests


@pytest.fixture
def at_keys(transactional_db, open_page, enter):
    """Open the settings of somebody new."""

    def at_keys(**window):
        user = make_user("Ada Rater")
        page = open_page(**window)
        enter(page, user)
        # The stylesheet hides one of two links.
        page.wait_for_load_state()
        page.get_by_role("link", name="Your keys", exact=True).click()
        # The script has run once it says so.
        page.get_by_text("press the key you want").wait_for()
        return page, user

    return at_keys


def test_pressed_keys_are_named_and_saved(at_keys):
    page, user = at_keys()
    flag = page.get_by_label("Safety flag")

    flag.focus()
    page.keyboard.press("Shift+Z")
    expect(flag).to_have_value("z")
    page.keyboard.press("ArrowLeft")
    expect(flag).to_have_value("ArrowLeft")
    expect(page.locator("[data-key-said]")).to_have_text("Safety flag: ArrowLeft")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Correction")).to_be_focused()
    page.keyboard.press("Shift+?")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Correction")).to_have_value("c")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Your keys are saved.")).to_be_visible()
    expect(flag).to_have_value("ArrowLeft")
    assert keys_of(user.pk).bindings["flag"] == "ArrowLeft"


def test_refusal_takes_the_eye_to_the_first_wrong_key(at_keys):
    page, user = at_keys()

    page.get_by_label("Comment").press("f")
    page.get_by_label("Single keys act").uncheck()
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("alert").first).to_contain_text("Nothing was saved")
    expect(page.get_by_label("Safety flag")).to_be_focused()
    expect(page.get_by_label("Comment")).to_have_value("f")
    expect(page.get_by_label("Single keys act")).not_to_be_checked()
    assert keys_of(user.pk).is_on

    page.keyboard.press("x")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Safety flag")).to_have_value("f")
    page.get_by_role("button", name="Back to the defaults").click()
    expect(page.get_by_text("Each key is the default again.")).to_be_visible()
    expect(page.get_by_label("Comment")).to_have_value("m")
    assert not keys_of(user.pk).is_on


def test_keys_can_be_typed_without_a_script(
    browser, transactional_db, live_server, sign_in
):
    user = make_user("Ada Rater")
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    cookie = sign_in(user).cookies["sessionid"].value
    context.add_cookies(
        [{"name": "sessionid", "value": cookie, "url": live_server.url}]
    )
    page = context.new_page()
    page.goto(reverse("key_settings"))

    expect(page.get_by_text("Write the character")).to_be_visible()
    page.get_by_label("Safety flag").fill("arrowleft")
    page.get_by_label("Comment").fill("")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Your keys are saved.")).to_be_visible()
    expect(page.get_by_label("Comment")).to_have_value("m")
    assert keys_of(user.pk).bindings["flag"] == "ArrowLeft"
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_page_fits_also_when_it_refuses(at_keys, width, scheme):
    page, _user = at_keys(width=width, height=844, scheme=scheme)
    picture(page, f"keys-{width}-{scheme}")
    assert is_in_bounds(page)

    page.get_by_label("Comment").press("f")
    page.get_by_label("Take back the last answer").press("Space")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".error")).to_have_count(3)

    picture(page, f"keys-refused-{width}-{scheme}")
    assert is_in_bounds(page)


def is_in_bounds(page):
    return page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def picture(page, name):
    if _SCREENSHOTS:
        folder = Path(_SCREENSHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=True)
