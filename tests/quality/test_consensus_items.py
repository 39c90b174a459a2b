"""The consensus item by item, and how sure it is against known answers."""

import csv
import io

import numpy as np
import pytest
from django.db import transaction
from django.urls import reverse

from feedback.accounts.permissions import Role
from feedback.common import clock
from feedback.quality.block_consensus import consensus_block
from feedback.quality.models import Report
from feedback.rating.answers import Answer, Place, Value, scores
from feedback.studies.assignment import assign_next
from feedback.studies.golds import make_gold
from feedback.studies.models import Enrollment, Task
from feedback.studies.services import enroll
from tests.builders import make_rater, make_study, make_user, submit
from tests.quality.known import at_stage
from tests.quality.rated import ASKED, FORMS, LABELS, Care, make_rated_study
from tests.quality.reports import report


@pytest.fixture(scope="module")
def shared(django_db_setup, django_db_blocker):
    """Three raters with enough in common for a model of them, and one who checks."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_rated_study(n_prompts=12, n_completions=2, cares=(Care(),) * 3)
        transaction.set_rollback(True)


@pytest.fixture
def study(shared, db):
    return shared[0]


def items(study, browser, question, **query):
    url = reverse("quality_items", args=[study.uid, question], query=query)
    return browser.get(url)


def rows_of(study, browser, question):
    file = items(study, browser, question, **{"as": "csv"})
    return list(csv.DictReader(io.StringIO(file.content.decode())))


def test_each_item_has_its_votes_and_its_label(study, sign_in):
    browser = sign_in(study.created_by)
    rows = rows_of(study, browser, "urgency")
    singles = study.tasks.filter(kind="single")
    assert {row["task"] for row in rows} == {str(one.uid) for one in singles}
    for row in rows:
        votes = {
            name: int(n)
            for name, n in (one.rsplit(" ", 1) for one in row["votes"].split(", "))
        }
        assert sum(votes.values()) == int(row["n_votes"]) == 3
        if max(votes.values()) == 3:
            assert row["label"] in votes
            assert float(row["posterior"]) > 0.9
        assert row["scaled"] == ""
    page = items(study, browser, "urgency").content.decode()
    assert "weighed by each rater" in page
    assert "too few items whose answer is known" in page
    assert "Within days 3" in page


def test_scales_have_mean_and_median(study, sign_in):
    rows = rows_of(study, sign_in(study.created_by), "sure")
    assert len(rows) == 24
    for row in rows:
        assert 0.0 <= float(row["mean"]) <= 100.0
        assert 0.0 <= float(row["median"]) <= 100.0
        assert "label" not in row


def test_parts_of_a_task_are_told_apart_and_pages_are_turned(
    study, sign_in, monkeypatch
):
    monkeypatch.setattr("feedback.quality.views._ITEMS_A_PAGE", 10)
    browser = sign_in(study.created_by)
    first = items(study, browser, "urgency")
    last = items(study, browser, "urgency", page=3)
    assert len(first.context["page"]) == 10
    assert len(last.context["page"]) == 4
    assert "Page 3 of 3" in last.content.decode()
    assert items(study, browser, "nothing").status_code == 404


def test_the_tab_leads_on_for_those_who_may_see_answers(study, sign_in):
    url = reverse("quality_block", args=[study.uid, "consensus"])
    address = reverse("quality_items", args=[study.uid, "urgency"])
    assert address in sign_in(study.created_by).get(url).content.decode()
    admin = make_user("Adam Admin", roles=(Role.ADMIN,))
    rating_lead = make_rater(study).user
    enroll(study=study, user=rating_lead, role=Role.LEAD)
    for user, status in ((admin, 404), (rating_lead, 403)):
        browser = sign_in(user)
        assert address not in browser.get(url).content.decode()
        assert browser.get(address).status_code == status


URGENCY = ("now", "soon", "never")


def said(original, rng):
    """What somebody says of a task: right nine times in ten or so."""
    right = URGENCY[original % 3]
    urgency = right if rng.random() < 0.8 else str(rng.choice(URGENCY))
    ratings = scores(correctness=3, tone=3, safety=3)
    ratings |= {
        Place("send"): Value(number=1),
        Place("sure"): Value(number=50),
        Place("urgency"): Value(choices=(urgency,)),
        Place("issues"): Value(choices=()),
    }
    return Answer(ratings=ratings)


@pytest.fixture
def checked(db):
    """One who met 64 known answers, and one who rated a few ordinary tasks."""
    study = make_study(
        n_prompts=33, overlap=1, criteria=ASKED, span_labels=LABELS, forms=FORMS
    )
    rng = np.random.default_rng(3)
    for task in study.tasks.filter(kind="single").order_by("pk")[:64]:
        make_gold(
            task=task,
            expected={"ratings": {"urgency": {"value": URGENCY[task.pk % 3]}}},
            explanation="So it is.",
            purpose=Task.Purpose.GOLD,
            actor=study.created_by,
        )
    checker, other = make_rater(study), make_rater(study)
    at_stage(study, checker, Enrollment.Stage.QUALIFYING)
    for _ in range(64):
        gold = next_of(study, checker)
        submit(gold, said(gold.task.repeats_id, rng))
    while (ordinary := next_of(study, other)).task.kind == "single":
        submit(ordinary, said(ordinary.task_id, rng))
    return study


def next_of(study, rater):
    return assign_next(study=study, rater=rater, now=clock.now())


def test_known_answers_give_a_temperature_and_what_it_does(checked, sign_in):
    content = report(checked, Report.Kind.CONSENSUS).content
    row = next(one for one in content["labels"] if one["key"] == "urgency")
    found = row["calibration"]
    assert found["n_golds"] == found["n_held_out"] == 64
    # One vote makes a share of 100 %, and is right about nine times in ten.
    assert found["temperature"] > 1.5
    assert found["error_after"] is not None
    assert found["loss_after"] < found["loss_before"]
    rows = rows_of(checked, sign_in(checked.created_by), "urgency")
    assert {row["posterior"] for row in rows} == {"1.0"}
    assert all(0.5 < float(row["scaled"]) < 0.999 for row in rows)
    block = consensus_block(
        report(checked, Report.Kind.CONSENSUS), checked, by_item=True
    )
    (part,) = [one for one in block.parts if one.heading == "How sure is sure"]
    assert "Calibration error" in part.chart
