"""The quality dashboards in a real browser: by keyboard, live, and clean for axe.

CONSILIUM_SCREENSHOTS names a folder that then gets pictures of each.
"""

import os
from pathlib import Path

import pytest
from django.urls import reverse

from feedback.quality.dashboards import TABS
from feedback.studies.models import Task
from tests.e2e.test_axe import AXE
from tests.quality.rated import Care, make_rated_study

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

_SCREENSHOTS = os.environ.get("CONSILIUM_SCREENSHOTS")  # noqa: TID251 - a switch of tests
IS_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def study(transactional_db):
    cares = (Care(), Care(noise=0.4), Care(noise=1.5, left=0.9))
    return make_rated_study(n_prompts=4, cares=cares)[0]


def pages_of(study):
    """Name and address of every page."""
    task = study.tasks.filter(kind="single").first()
    pair = study.tasks.filter(kind="pair").first()
    yield "overview", reverse("quality", args=[study.uid])
    for key in TABS:
        yield key, reverse("quality_block", args=[study.uid, key])
    yield "pairs", reverse("quality_pairs", args=[study.uid, "correctness"])
    yield "task", reverse("quality_task", args=[study.uid, task.uid])
    yield "task-pair", reverse("quality_task", args=[study.uid, pair.uid])


def faults_of(page, *, name):
    """What axe says, and whether it scrolls sideways: at a desk, and on a phone at night."""
    faults = {}
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        # Colors that are still on their way would be measured half way.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        if not page.evaluate("typeof window.axe === 'object'"):
            page.evaluate(AXE)
        for fault in page.evaluate("() => axe.run(document)")["violations"]:
            where = [node["target"] for node in fault["nodes"]][:3]
            faults[f"{name} {width} {fault['id']}"] = where
        if page.evaluate(IS_WIDE):
            faults[f"{name} {width}"] = "scrolls sideways"
        if _SCREENSHOTS:
            path = Path(_SCREENSHOTS) / f"quality-{name}-{width}-{scheme}.png"
            page.screenshot(path=path, full_page=True)
    return faults


def test_every_page_is_clean_and_in_bounds(study, open_page, enter):
    page = open_page()
    enter(page, study.created_by)
    faults = {}
    for name, address in pages_of(study):
        page.goto(address)
        for section in page.locator("details").all():
            section.evaluate("(one) => { one.open = true; }")
        faults |= faults_of(page, name=name)
    assert not faults


def test_a_block_in_view_shows_what_came_in_since(study, open_page, enter):
    page = open_page()
    enter(page, study.created_by)
    page.clock.install()
    page.goto(reverse("quality_block", args=[study.uid, "agreement"]))
    block = page.locator("#block-agreement")
    before = block.get_attribute("hx-get")
    task = study.tasks.filter(kind="single").first()
    Task.objects.filter(pk=task.pk).update(state=Task.State.WITHDRAWN)

    # Nothing is swapped away under somebody's hands.
    page.get_by_text("The numbers").first.press("Enter")
    page.clock.fast_forward(20_000)
    page.wait_for_timeout(300)
    assert block.get_attribute("hx-get") == before
    page.get_by_text("The numbers").first.press("Enter")
    page.evaluate("document.activeElement.blur()")
    page.clock.fast_forward(20_000)

    page.wait_for_function(
        "(before) => document.getElementById('block-agreement')"
        ".getAttribute('hx-get') !== before",
        arg=before,
    )


def test_a_lead_finds_the_way_to_a_divided_task_by_keyboard(study, open_page, enter):
    page = open_page()
    enter(page, study.created_by)
    page.goto(reverse("quality", args=[study.uid]))
    page.get_by_role("link", name="Agreement", exact=True).press("Enter")
    page.get_by_role("heading", level=1, name="Agreement").wait_for()
    page.get_by_role("link", name="Task ").first.press("Enter")
    page.get_by_role("heading", level=1, name="Answers to one task").wait_for()

    assert page.get_by_role("heading", level=3).all_inner_texts() == [
        "Rater A",
        "Rater B",
        "Rater C",
    ]
