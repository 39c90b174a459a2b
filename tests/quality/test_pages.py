"""The quality pages: who sees what, as a page, a fragment and a file."""

import csv
import io

import pytest
from django.db import transaction
from django.urls import reverse

from feedback.accounts.permissions import Role
from feedback.quality import report_versions
from feedback.quality.dashboards import TABS
from feedback.quality.models import Report
from feedback.rating.models import Preference
from feedback.studies.models import Task
from feedback.studies.services import create_study, enroll
from tests.builders import make_rater, make_study, make_user
from tests.quality.rated import make_rated_study


@pytest.fixture(scope="module")
def shared_study(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_rated_study()
        transaction.set_rollback(True)


@pytest.fixture
def study(shared_study, db):
    return shared_study[0]


@pytest.fixture
def raters(shared_study):
    return shared_study[1]


@pytest.fixture
def lead(study, sign_in):
    return sign_in(study.created_by)


def block(study, key, **query):
    return reverse("quality_block", args=[study.uid, key], query=query)


@pytest.mark.parametrize("key", TABS)
def test_every_block_is_a_page_a_fragment_and_files(study, lead, key):
    page = lead.get(block(study, key))
    fragment = lead.get(block(study, key), headers={"HX-Request": "true"})

    assert page.status_code == fragment.status_code == 200
    assert "HX-Request" in fragment["Vary"]
    assert "<html" in page.content.decode()
    text = fragment.content.decode().strip()
    assert text.startswith(f'<div id="block-{key}"')
    assert text in page.content.decode()
    tables = [part.table for part in page.context["one"].block.parts if part.table]
    assert tables
    for table in tables:
        address = reverse("quality_csv", args=[study.uid, key, table.name])
        assert address in text
        file = lead.get(address)
        rows = list(csv.reader(io.StringIO(file.content.decode())))
        assert len(rows) == len(table.rows) + 1
        assert file["Content-Disposition"].startswith("attachment")


def test_a_fragment_is_sent_again_only_if_something_happened(study, lead):
    headers = {"HX-Request": "true"}
    first = lead.get(block(study, "agreement"), headers=headers)
    version = first.context["one"].version
    address = block(study, "agreement", seen=version)
    assert lead.get(address, headers=headers).status_code == 204
    assert lead.get(address).status_code == 200
    task = study.tasks.first()
    Task.objects.filter(pk=task.pk).update(state=Task.State.WITHDRAWN)

    again = lead.get(address, headers=headers)

    assert again.status_code == 200
    assert again.context["one"].version != version


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("quality_block", ["nothing"]),
        ("quality_csv", ["agreement", "nothing"]),
        ("quality_csv", ["nothing", "questions"]),
        ("quality_pairs", ["nothing"]),
        ("quality_task", ["00000000-0000-0000-0000-000000000000"]),
    ],
)
def test_what_does_not_exist_is_not_found(study, lead, name, last):
    assert lead.get(reverse(name, args=[study.uid, *last])).status_code == 404


def test_an_epoch_that_does_not_exist_is_not_found(study, lead):
    assert lead.get(block(study, "agreement", epoch=1)).status_code == 200
    assert lead.get(block(study, "agreement", epoch=2)).status_code == 404


def test_a_study_without_a_guideline_says_so(db, sign_in):
    lead = make_user()
    study = create_study(name="New", created_by=lead)

    for address in (
        reverse("quality", args=[study.uid]),
        *(block(study, key) for key in TABS),
    ):
        page = sign_in(lead).get(address)
        assert "no published guideline yet" in page.content.decode()


@pytest.mark.parametrize("key", TABS)
def test_every_block_says_what_it_waits_for_before_the_first_answer(db, sign_in, key):
    study = make_study(n_prompts=1)
    page = sign_in(study.created_by).get(block(study, key))

    assert page.status_code == 200
    assert page.context["one"].block.parts


def test_a_report_in_an_older_shape_is_not_read(study, lead, monkeypatch):
    lead.get(block(study, "bias"))
    newest = Report.objects.filter(study=study, kind=Report.Kind.BIAS).latest("pk")
    assert newest.code_version.endswith(f"+{report_versions.SHAPE}")
    monkeypatch.setattr(report_versions, "SHAPE", report_versions.SHAPE + 1)

    lead.get(block(study, "bias"))

    again = Report.objects.filter(study=study, kind=Report.Kind.BIAS).latest("pk")
    assert again.pk != newest.pk


def test_pairs_of_raters_are_a_page_and_a_file(study, lead):
    address = reverse("quality_pairs", args=[study.uid, "correctness"])
    page = lead.get(address)
    file = lead.get(address, {"as": "csv"})
    rows = list(csv.DictReader(io.StringIO(file.content.decode())))

    assert "weighted by squared distance" in page.content.decode()
    assert len(rows) == 3
    assert {int(row["n_items"]) for row in rows} == {12}
    assert all(-1 <= float(row["kappa"]) <= 1 for row in rows)


def test_a_task_shows_answers_by_letters_and_neither_names_nor_models(
    study, raters, lead
):
    task = study.tasks.filter(kind="pair").first()
    text = lead.get(
        reverse("quality_task", args=[study.uid, task.uid])
    ).content.decode()

    assert [f"Rater {letter}<" in text for letter in "ABCD"] == [True] * 3 + [False]
    assert task.items.first().completion.content[:8] in text
    for rater in raters:
        assert rater.pseudonym not in text
        assert rater.user.name not in text
    assert "model-0" not in text


def test_sides_are_told_in_the_tasks_own_order(study, lead):
    task = study.tasks.filter(kind="pair").first()
    page = lead.get(reverse("quality_task", args=[study.uid, task.uid]))
    said = sorted(
        value
        for answer in page.context["answers"].answers
        for label, value in answer.lines
        if label == "Preference"
    )
    outcomes = Preference.objects.filter(judgment__task=task, criterion=None)
    sides = {"a": "Left is ", "b": "Right is ", "tie": "About equal"}

    assert len(said) == outcomes.count()
    expected = sorted(sides[one.outcome] for one in outcomes)
    assert all(a.startswith(b) for a, b in zip(said, expected, strict=True))


def test_who_rates_in_the_study_sees_neither_others_answers_nor_models(
    study, lead, sign_in
):
    task = study.tasks.first()
    rating_lead = make_rater(study).user
    enroll(study=study, user=rating_lead, role=Role.LEAD)
    browser = sign_in(rating_lead)

    assert "model-0" in lead.get(block(study, "preferences")).content.decode()
    page = browser.get(block(study, "preferences")).content.decode()
    assert "model-0" not in page
    assert "models are not named to you" in page
    models = reverse("quality_csv", args=[study.uid, "preferences", "models"])
    assert browser.get(models).status_code == 404
    task_page = reverse("quality_task", args=[study.uid, task.uid])
    assert browser.get(task_page).status_code == 403


def test_a_lead_who_rates_is_not_told_what_checks_say(study, raters, lead, sign_in):
    """Their own count of known answers would move with the task that was one."""
    user = raters[0].user
    enroll(study=study, user=user, role=Role.LEAD)
    everything = lead.get(block(study, "raters")).content.decode()
    assert "Known answers" in everything
    assert "Same again" in everything
    assert raters[0].pseudonym in everything

    page = sign_in(user).get(block(study, "raters")).content.decode()
    address = reverse("quality_csv", args=[study.uid, "raters", "raters"])
    file = sign_in(user).get(address).content.decode()

    assert "You rate in this study." in page
    for text in (page, file):
        assert raters[0].pseudonym not in text
        assert raters[1].pseudonym in text
        for left_out in ("Known answers", "Same again", "gold", "same_n"):
            assert left_out not in text


def test_known_answers_are_not_shown_as_a_task(study, lead):
    task = study.tasks.first()
    Task.objects.filter(pk=task.pk).update(purpose=Task.Purpose.GOLD)

    page = lead.get(reverse("quality_task", args=[study.uid, task.uid]))

    assert page.status_code == 404


def test_the_agreement_page_takes_a_fixed_number_of_queries(
    study, lead, django_assert_max_num_queries
):
    lead.get(block(study, "agreement"))
    with django_assert_max_num_queries(10):
        lead.get(block(study, "agreement"))
