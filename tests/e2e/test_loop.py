"""The main job, played once through: from a file to a dataset that loads."""

import json
import tarfile
import zipfile
from io import StringIO

import datasets
import pytest
from django.core.management import call_command
from django.urls import reverse

from exports.models import Snapshot
from feedback.accounts.permissions import Role
from feedback.common import clock
from feedback.rating.models import Judgment
from feedback.studies.criteria import CHATBOT_ANSWER
from feedback.studies.models import Task
from feedback.studies.services import create_study, enroll, publish_guideline
from tests.builders import make_rater, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

N_PROMPTS = 8
FINE = "Take it with food, and ask your pharmacist about your other tablets."
POOR = "Take as many as you like."


@pytest.fixture
def study(transactional_db):
    lead = make_user("Lena Lead")
    study = create_study(name="Played through", created_by=lead, overlap=1)
    publish_guideline(
        study=study,
        title="Rating chatbot answers",
        body="Judge what is on the page.",
        criteria=CHATBOT_ANSWER,
        published_by=lead,
        now=clock.now(),
    )
    return study


@pytest.fixture
def prompts(tmp_path):
    file = tmp_path / "prompts.jsonl"
    rows = [
        {
            "prompt_id": f"p{number}",
            "group_id": f"case-{number}",
            "specialty": "pharmacy",
            "prompt": f"How do I take tablet number {number}?",
            "completions": [
                {
                    "completion_id": "a",
                    "model": "model-a",
                    "content": f"{number}: {FINE}",
                },
                {
                    "completion_id": "b",
                    "model": "model-b",
                    "content": f"{number}: {POOR}",
                },
            ],
        }
        for number in range(N_PROMPTS)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def import_prompts(page, work, prompts):
    page.get_by_role("link", name="Import prompts").first.click()
    page.set_input_files("input[type=file]", prompts)
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_url("**/imports/**")
    work()
    page.get_by_text("Done: every good row is in.").wait_for()


def rate_everything(page):
    """Answer by keyboard only, until nothing is left; return how many of each kind."""
    counts = {"single": 0, "pair": 0}
    page.keyboard.press("Tab")
    for _ in range(40):
        label = page.evaluate("document.activeElement.textContent.trim()")
        if label in {"Start rating", "Continue rating"}:
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/assignments/**")
    while "Nothing is left" not in page.title() and "/assignments/" in page.url:
        page.wait_for_selector("form[data-rating]")
        kind = page.get_attribute("form[data-rating]", "data-rating")
        answer(page, kind)
        counts[kind] += 1
        before = page.url
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url, before=before: url != before)
    return counts


def answer(page, kind):
    if kind == "single":
        is_fine = FINE in page.inner_text("[data-item='0']")
        for key in "5545" if is_fine else "2231":
            page.keyboard.press(key)
        if not is_fine:
            page.keyboard.press("c")
            page.keyboard.type("Take one tablet in the morning.")
            page.keyboard.press("Escape")
    else:
        is_left_fine = FINE in page.inner_text("[data-item='0']")
        page.keyboard.press("1" if is_left_fine else "5")


def seal(page, work):
    page.get_by_role("link", name="Datasets").click()
    page.get_by_label("Test split").fill("40")
    page.get_by_label("Raters needed").fill("1")
    page.get_by_role("button", name="Seal snapshot").click()
    page.wait_for_url("**/snapshots/**")
    work()
    page.get_by_text("nothing of it can change any more").wait_for()


def pull(page, folder):
    """Download the archive by its button and unpack it."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    archive = folder / waiting.value.suggested_filename
    waiting.value.save_as(archive)
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
    else:
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    (readme,) = folder.glob("**/README.md")
    return readme.parent


def bytes_of(folder):
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_from_a_file_to_a_dataset(
    study, prompts, open_page, enter, work, tmp_path, monkeypatch
):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    lead, clinician, engineer = open_page(), open_page(), open_page()

    enter(lead, study.created_by)
    import_prompts(lead, work, prompts)
    assert study.tasks.filter(kind=Task.Kind.SINGLE).count() == 2 * N_PROMPTS

    enter(clinician, make_rater(study, "Ada Rater").user)
    counts = rate_everything(clinician)
    assert counts == {"single": 2 * N_PROMPTS, "pair": N_PROMPTS}
    assert Judgment.objects.count() == 3 * N_PROMPTS
    outcomes = Judgment.objects.filter(task__kind="pair").values_list(
        "preferences__outcome", "preferences__strength"
    )
    assert set(outcomes) <= {("a", 2), ("b", 2)}

    lead.goto(reverse("study_detail", args=[study.uid]))
    seal(lead, work)

    user = make_user("Mel Engineer")
    enroll(study=study, user=user, role=Role.ML_ENGINEER)
    enter(engineer, user)
    engineer.get_by_role("link", name="Datasets").click()
    engineer.get_by_role("link", name="Snapshot 1").click()
    folder = pull(engineer, tmp_path / "pulled")

    for configuration in ("sft", "preference", "kto", "ratings"):
        loaded = datasets.load_dataset(
            str(folder), configuration, cache_dir=str(tmp_path / "cache")
        )
        train, test = (set(loaded[name]["group_id"]) for name in ("train", "test"))
        assert train
        assert test
        assert not train & test
    chosen = datasets.load_dataset(
        str(folder), "preference", cache_dir=str(tmp_path / "cache")
    )["train"][0]["chosen"]
    assert POOR not in chosen[-1]["content"]

    snapshot = Snapshot.objects.get()
    again = tmp_path / "again"
    call_command(
        "export_snapshot",
        str(study.uid),
        "--number",
        str(snapshot.number),
        "--out",
        str(again),
        stdout=StringIO(),
    )
    assert bytes_of(again) == bytes_of(folder)
    call_command("verify_export", str(folder), stdout=StringIO())
