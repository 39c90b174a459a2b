"""The quality dashboards in a real browser: by keyboard, live, and clean for axe."""

import os
from pathlib import Path

import pytest
from django.urls import reverse

from feedback.quality.dashboards import TABS
from tests.e2e.test_axe import found
from tests.quality.rated import Care, make_rated_study

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

_SCREENSHOTS = os.environ.get("CONSILIUM_SCREENSHOTS")  # noqa: TID251 - a switch of tests
_PROMPTS = int(os.environ.get("CONSILIUM_QUALITY_PROMPTS", "4"))  # noqa: TID251


@pytest.fixture
def study(transactional_db):
    cares = (Care(), Care(noise=0.4), Care(noise=1.5, left=0.9))
    return make_rated_study(n_prompts=_PROMPTS, cares=cares)[0]


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


def test_every_page_is_clean_and_in_bounds(study, open_page, enter):
    page = open_page()
    enter(page, study.created_by)
    faults = {}
    for name, address in pages_of(study):
        page.goto(address)
        for section in page.locator("details").all():
            section.evaluate("(one) => { one.open = true; }")
        faults |= found(page, name=name)
        for width in (1280, 390, 320):
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
            if wide:
                faults[f"{name} {width}"] = "scrolls sideways"
    assert not faults


@pytest.mark.skipif(not _SCREENSHOTS, reason="no folder for pictures is named")
def test_pictures_of_every_page(study, open_page, enter):
    page = open_page()
    enter(page, study.created_by)
    folder = Path(_SCREENSHOTS)
    folder.mkdir(parents=True, exist_ok=True)
    for name, address in pages_of(study):
        page.goto(address)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.screenshot(
                    path=folder / f"{name}-{width}-{scheme}.png", full_page=True
                )
