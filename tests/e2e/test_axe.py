"""axe finds nothing on any rating page: light and dark, 320, 390 and 1280 px wide."""

from importlib.resources import files

import pytest
from django.urls import reverse

from feedback.common import clock
from feedback.rating.reveals import reveal_after
from feedback.studies.assignment import assign_next
from feedback.studies.criteria import FormDraft
from feedback.studies.models import Assignment, Task
from tests.builders import GOOD, make_rater, make_study, submit
from tests.e2e.test_every_kind import at_task  # noqa: F401 - a fixture

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
WIDTHS = (1280, 390, 320)
SCHEMES = ("light", "dark")


def found(page, *, name):
    """What axe says of the page as it stands, at every width and in both schemes."""
    faults = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in SCHEMES:
            # Colours that are still on their way would be measured half way.
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            if not page.evaluate("typeof window.axe === 'object'"):
                page.evaluate(AXE)
            result = page.evaluate("() => axe.run(document)")
            for fault in result["violations"]:
                where = [node["target"] for node in fault["nodes"]][:3]
                faults[f"{name} {width} {scheme} {fault['id']}"] = where
    return faults


@pytest.mark.parametrize("kind", Task.Kind.values)
def test_every_kind_with_everything_asked(at_task, kind):  # noqa: F811
    page, _ = at_task(kind)
    faults = found(page, name="fresh")
    for section in page.locator("details").all():
        section.evaluate("(one) => { one.open = true; }")
    faults |= found(page, name="open")
    page.get_by_role("button", name="Submit and next").click()
    page.locator("#problem").wait_for()
    faults |= found(page, name="refused")

    assert not faults


def test_the_keys_and_the_palette(at_task):  # noqa: F811
    forms = [FormDraft("single", ("marks",), ("assertion", "code", "relation"))]
    page, _ = at_task(Task.Kind.SINGLE, forms=forms)

    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    faults = found(page, name="keys")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.keyboard.press("Control+Shift+ArrowRight")
    faults |= found(page, name="caret")
    page.keyboard.press("Enter")
    faults |= found(page, name="palette")
    for key in ("1", "2", "Enter", "Escape"):
        page.keyboard.press(key)
    faults |= found(page, name="finding")

    assert not faults


def test_the_pages_around_an_answer(transactional_db, open_page, enter):
    study = make_study(
        n_prompts=3,
        n_completions=1,
        forms=[FormDraft("single", ("ratings",))],
        reveal_percent=100,
    )
    for _ in range(2):
        rater = make_rater(study)
        assignment = assign_next(study=study, rater=rater, now=clock.now())
        judgment = submit(assignment, GOOD)
    assert reveal_after(assignment=assignment, judgment=judgment) is not None
    late = assign_next(study=study, rater=rater, now=clock.now())
    Assignment.objects.filter(pk=late.pk).update(lease_no=99)
    page = open_page()
    enter(page, rater.user)

    faults = {}
    for name, address in {
        "submitted": reverse("assignment_detail", args=[assignment.uid]),
        "revise": reverse("assignment_revise", args=[assignment.uid]),
        "reveal": reverse("assignment_reveal", args=[assignment.uid]),
        "judgments": reverse("judgment_list"),
        "late": reverse("assignment_detail", args=[late.uid]),
        "keys": reverse("key_settings"),
        "ask": reverse("assignment_question", args=[assignment.uid]),
    }.items():
        page.goto(address)
        faults |= found(page, name=name)
    enter(page, study.created_by)
    for kind in ("single", "pair"):
        page.goto(reverse("study_preview", args=[study.uid, kind]))
        faults |= found(page, name=f"preview {kind}")

    assert not faults
