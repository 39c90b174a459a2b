"""The page of causes: what verdicts blame, what the guideline is asked, what is marked."""

import csv
import io

import pytest
from django.db import connection
from django.urls import reverse

from feedback.accounts.permissions import Role
from feedback.quality.epochs import epochs_of
from feedback.quality.report_taxonomy import taxonomy_computation
from feedback.studies.change_requests import request_change, resolve_request
from feedback.studies.services import enroll
from tests.builders import make_user
from tests.quality.rated import make_rated_study
from tests.review.conftest import settle

pytestmark = pytest.mark.django_db


def page_of(study, browser):
    page = browser.get(reverse("cause_list", args=[study.uid]))
    assert page.status_code == 200
    return page


def rows_of(study, browser, table):
    file = browser.get(reverse("cause_csv", args=[study.uid, table]))
    assert file.status_code == 200
    return list(csv.DictReader(io.StringIO(file.content.decode())))


@pytest.fixture
def lead(scene, sign_in):
    return sign_in(scene.study.created_by)


def test_before_the_first_verdict_the_page_says_what_it_waits_for(scene, lead):
    text = page_of(scene.study, lead).content.decode()
    assert "Nothing was settled yet" in text
    assert "Nobody has asked for a change" in text
    assert rows_of(scene.study, lead, "causes") == []
    assert (
        lead.get(reverse("cause_csv", args=[scene.study.uid, "no"])).status_code == 404
    )


def test_a_verdict_that_blames_the_guideline_counts_and_asks(scene, lead):
    settle(
        scene,
        cause="guideline_unclear",
        change="Say what counts as safe.",
        change_criterion="safety",
    )
    request_change(
        study=scene.study, text="Shorter, please.", asked_by=scene.study.created_by
    )

    (cause,) = rows_of(scene.study, lead, "causes")
    assert cause == {"label": "The guideline is unclear", "n": "1", "share": "1.0"}
    (week,) = rows_of(scene.study, lead, "weeks")
    assert (week["n"], week["guideline_unclear"], week["slip"]) == ("1", "1", "")
    wishes = {one["criterion"]: one for one in rows_of(scene.study, lead, "wishes")}
    assert set(wishes) == {"Safety", "The guideline as a whole"}
    assert wishes["Safety"]["n_open"] == wishes["Safety"]["n_verdicts"] == "1"
    assert wishes["The guideline as a whole"]["n_verdicts"] == "0"
    text = page_of(scene.study, lead).content.decode()
    assert text.count('<svg class="chart"') == 3
    assert reverse("change_request_list", args=[scene.study.uid]) in text


def test_a_wish_that_was_closed_with_a_reason_is_told_apart(scene, lead):
    made = request_change(
        study=scene.study, text="Shorter.", asked_by=scene.study.created_by
    )
    resolve_request(
        request=made,
        reason="It is short.",
        actor=scene.study.created_by,
        now=made.study.created_at,
    )
    (wish,) = rows_of(scene.study, lead, "wishes")
    assert (wish["n_open"], wish["n_answered"], wish["n_declined"]) == ("0", "0", "1")


def test_the_tabs_lead_there_for_those_who_may_look(scene, lead, sign_in):
    address = reverse("cause_list", args=[scene.study.uid])
    quality = reverse("quality", args=[scene.study.uid])
    assert f'href="{address}"' in lead.get(quality).content.decode()
    assert f'href="{quality}?epoch' in page_of(scene.study, lead).content.decode()
    admin = sign_in(make_user("Adam Admin", roles=(Role.ADMIN,)))
    assert f'href="{address}"' not in admin.get(quality).content.decode()
    assert admin.get(address).status_code == 404
    text = page_of(scene.study, sign_in(scene.adjudicator)).content.decode()
    assert "Causes of disagreement" in text
    assert "Errors and omissions" not in text
    assert quality not in text


def test_errors_are_shown_with_their_trend(db, sign_in):
    study, raters = make_rated_study(n_prompts=6)
    epoch = epochs_of(study)[0]
    now = taxonomy_computation(study, epoch).compute()["labels"]
    assert {(row["before"], row["recent"]) for row in now} == {(None, None)}
    # A part of the judgments becomes ten weeks old, in five weeks of their own.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE rating_judgment SET created_at = created_at "
            "- (10 + id %% 5) * interval '7 days' WHERE rater_id = %s",
            [raters[0].pk],
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    found = taxonomy_computation(study, epoch).compute()
    for row in found["labels"]:
        n_old = round(row["before"] / 100 * _texts(found, slice(None, -4)))
        n_new = round(row["recent"] / 100 * _texts(found, slice(-4, None)))
        assert n_old + n_new == row["n"]
    enroll(study=study, user=raters[1].user, role=Role.LEAD)
    text = page_of(study, sign_in(study.created_by)).content.decode()
    assert "Wrong fact, earlier" in text
    assert "Wrong fact, last 4 weeks" in text


def _texts(found, weeks):
    return sum(row["n_read"] for row in found["weeks"][weeks])
