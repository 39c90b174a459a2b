"""Every page at desk and phone width, light and dark: readable, reachable, in bounds.

CONSILIUM_SCREENSHOTS names a folder that then gets a picture of each.
"""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from exports.services import request_snapshot, seal_snapshot
from feedback.accounts.services import make_sign_in_link
from feedback.common import clock
from feedback.corpus.models import ImportBatch
from feedback.rating.answers import FlagDraft
from feedback.studies.assignment import assign_next
from feedback.studies.models import Task
from tests.builders import BETTER_A, GOOD, judge_all, make_cast, make_rater, submit

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

_SCREENSHOTS = os.environ.get("CONSILIUM_SCREENSHOTS")  # noqa: TID251 - a switch of tests
SIZES = {"desk": (1280, 900), "phone": (390, 844), "narrow": (320, 640)}

# What is wrong with a page, found in the page itself.
_FAULTS = """() => {
  const faults = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const wide = [...document.querySelectorAll('body *')]
      .filter((one) => !one.closest('.table-scroll, pre, .skip'))
      .filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1)
      .map((one) => `${one.tagName}.${one.className}`);
    faults.push(`scrolls sideways: ${wide.slice(0, 4)}`);
  }
  for (const control of document.querySelectorAll('input, select, textarea')) {
    const isNamed = control.type === 'hidden' || control.labels?.length
      || control.getAttribute('aria-label');
    if (!isNamed) faults.push(`without a label: ${control.outerHTML.slice(0, 90)}`);
  }
  for (const control of document.querySelectorAll('a, button')) {
    if (!control.textContent.trim() && !control.getAttribute('aria-label')) {
      faults.push(`without a name: ${control.outerHTML.slice(0, 90)}`);
    }
  }
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
  if (twice.length) faults.push(`ids twice: ${twice}`);
  for (const one of document.querySelectorAll('[style], [onclick]')) {
    faults.push(`inline: ${one.outerHTML.slice(0, 90)}`);
  }
  const target = document.querySelectorAll('.button, .choice, .nav a');
  for (const one of target) {
    const box = one.getBoundingClientRect();
    if (box.height > 0 && box.height < 24) faults.push(`too small: ${one.textContent}`);
  }
  return faults;
}"""

# Contrast of each text with what is painted behind it, by the WCAG 2 formula.
_CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((value) => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !one.checkVisibility()) continue;
    const [a, b] = [parse(getComputedStyle(one).color), behind(one)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) weak.push(`${ratio.toFixed(2)} ${one.textContent.trim().slice(0, 40)}`);
  }
  return weak;
}"""


@pytest.fixture
def world(transactional_db):
    """A study in full swing."""
    cast = make_cast(n_prompts=6)
    flag = FlagDraft("dose_error", "severe", "Ten times the usual dose.")
    judge_all(cast.study, cast.rater2, single=replace(GOOD, flag=flag))
    judge_all(cast.study, cast.rater3)
    judge_all(cast.study, cast.rater, limit=4)
    return cast


def pair_and_single(study):
    """An open assignment of each kind, of two fresh raters, and an answered one."""
    found = {}
    for kind in (Task.Kind.SINGLE, Task.Kind.PAIR):
        rater = make_rater(study)
        while True:
            assignment = assign_next(study=study, rater=rater, now=clock.now())
            if assignment.task.kind == kind:
                break
            submit(assignment, GOOD if kind == Task.Kind.PAIR else BETTER_A)
        found[kind] = assignment
    return found[Task.Kind.SINGLE], found[Task.Kind.PAIR]


def pages_of(world):
    """Name, person and address of every page."""
    study = world.study
    snapshot = request_snapshot(
        study=study, actor=world.lead, app_version="1.0.0", is_queued=False
    )
    seal_snapshot(snapshot=snapshot, directory=settings.EXPORT_DIR)
    single, pair = pair_and_single(study)
    answered = world.rater.user
    version = study.guideline_versions.get()
    batch = ImportBatch.objects.filter(source__studies=study).first()
    done = world.rater.assignments.filter(state="submitted").first()
    token = make_sign_in_link(user=world.lead, now=clock.now(), valid_hours=1)
    spent = make_sign_in_link(
        user=world.lead, now=clock.now() - timedelta(days=2), valid_hours=1
    )
    return [
        ("sign-in", None, reverse("sign_in")),
        ("link-confirm", None, reverse("sign_in_link", args=[token])),
        ("link-invalid", None, reverse("sign_in_link", args=[spent])),
        ("home-rater", answered, reverse("home")),
        ("home-lead", world.lead, reverse("home")),
        ("home-reviewer", world.reviewer, reverse("home")),
        ("study-list", world.auditor, reverse("study_list")),
        ("study-detail", world.lead, reverse("study_detail", args=[study.uid])),
        ("batch-create", world.lead, reverse("batch_create", args=[study.uid])),
        ("batch-detail", world.lead, reverse("batch_detail", args=[batch.uid])),
        (
            "rate-single",
            single.rater.user,
            reverse("assignment_detail", args=[single.uid]),
        ),
        ("rate-pair", pair.rater.user, reverse("assignment_detail", args=[pair.uid])),
        ("revise", answered, reverse("assignment_revise", args=[done.uid])),
        ("ask", answered, reverse("assignment_question", args=[done.uid])),
        ("questions", world.lead, reverse("study_questions", args=[study.uid])),
        ("preview", world.lead, reverse("study_preview", args=[study.uid, "pair"])),
        (
            "guideline-changes",
            answered,
            reverse("guideline_acknowledge", args=[version.uid]),
        ),
        ("keys", answered, reverse("key_settings")),
        ("rate-answered", answered, reverse("assignment_detail", args=[done.uid])),
        ("rate-done", world.rater2.user, reverse("study_rate", args=[study.uid])),
        ("judgments", answered, reverse("judgment_list")),
        ("flags", world.reviewer, reverse("flag_list", args=[study.uid])),
        ("snapshots", world.lead, reverse("snapshot_list", args=[study.uid])),
        (
            "snapshot",
            world.engineer,
            reverse("snapshot_detail", args=[snapshot.uid]),
        ),
        ("not-found", world.engineer, reverse("batch_create", args=[study.uid])),
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_in_order(world, browser, live_server, sign_in, size, scheme):
    width, height = SIZES[size]
    faults = {}
    for name, user, address in pages_of(world):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            locale="en-GB",
        )
        if user is not None:
            cookie = sign_in(user).cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [{"name": "sessionid", "value": cookie, "url": live_server.url}]
            )
        page = context.new_page()
        page.goto(f"{live_server.url}{address}")
        found = page.evaluate(_FAULTS) + page.evaluate(_CONTRAST)
        if found:
            faults[name] = found
        if _SCREENSHOTS:
            folder = Path(_SCREENSHOTS)
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{name}-{size}-{scheme}.png", full_page=True)
        context.close()
    assert not faults
