"""An edition that is superseded makes verdicts stale, and their tasks wait again."""

from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse

from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid
from feedback.review.deciding import Citation
from feedback.review.evidence import NewEdition, add_edition, supersede_edition
from feedback.review.models import AdjudicationCase, EvidenceEdition, EvidenceSource
from feedback.review.selectors_cases import current_adjudication
from feedback.review.selectors_evidence import evidence_of
from tests.review.conftest import make_edition, make_scene, settle

pytestmark = pytest.mark.django_db


def supersede(edition, by):
    return supersede_edition(
        edition=edition, by=by, actor=edition.source.study.created_by, now=clock.now()
    )


def test_a_verdict_goes_stale_with_its_evidence_and_waits_again(scene, settled):
    old, new = (
        EvidenceEdition.objects.get(),
        make_edition(scene.study, "2024", year=2024),
    )
    assert not current_adjudication(scene.task).is_stale

    (case,) = supersede(old, new)

    assert current_adjudication(scene.task).is_stale
    assert case.reason == AdjudicationCase.Reason.STALE
    assert case.because == (
        "The verdict cites Bleeding, 2019, which Bleeding, 2024 superseded."
    )
    scene.case = case
    scene.claim()
    second = scene.decide(evidence=(Citation(new),))
    assert second.supersedes == settled
    assert not current_adjudication(scene.task).is_stale


def test_a_verdict_that_was_superseded_does_not_come_back(scene, settled):
    old, new = (
        EvidenceEdition.objects.get(),
        make_edition(scene.study, "2024", year=2024),
    )
    (scene.case,) = supersede(old, new)
    scene.claim()
    scene.decide(evidence=(Citation(new),))
    newest = make_edition(scene.study, "2025", year=2025)

    assert len(supersede(new, newest)) == 1
    assert AdjudicationCase.objects.filter(reason="stale").count() == 2


def test_a_superseded_edition_is_not_cited(scene):
    old, new = make_edition(scene.study), make_edition(scene.study, "2024", year=2024)
    supersede(old, new)
    scene.claim()

    with pytest.raises(Invalid, match=r"Bleeding, 2019 is superseded; cite .* 2024"):
        scene.decide(evidence=(Citation(old),))


def test_a_live_case_is_raised_instead_of_doubled(scene, settled):
    old, new = (
        EvidenceEdition.objects.get(),
        make_edition(scene.study, "2024", year=2024),
    )
    live = AdjudicationCase.objects.create(
        study=scene.study,
        task=scene.task,
        reason="asked",
        asked_by=scene.adjudicator,
        priority=10,
        because="Look.",
    )

    (case,) = supersede(old, new)

    assert case == live
    assert (case.priority, case.because.endswith("Look.")) == (75, True)


def test_what_cannot_supersede(scene):
    old, new = make_edition(scene.study), make_edition(scene.study, "2024", year=2024)
    elsewhere = make_edition(make_scene().study, "2030", year=2030)
    for edition, by, problem in (
        (old, old, "cannot supersede itself"),
        (old, elsewhere, "another study"),
        (new, old, "published before"),
    ):
        with pytest.raises(Invalid, match=problem):
            supersede(edition, by)
    supersede(old, new)
    with pytest.raises(Conflict, match="superseded already"):
        supersede(old, new)
    with pytest.raises(Invalid, match="superseded itself"):
        supersede(make_edition(scene.study, "2010", year=2010), old)


def test_the_same_source_and_edition_are_listed_once(scene):
    first = make_edition(scene.study)

    assert make_edition(scene.study, title="BLEEDING") == first
    assert EvidenceSource.objects.count() == 1
    with pytest.raises(Invalid, match="listed as published on 2019-03-01"):
        make_edition(scene.study, year=2018)


def test_what_cannot_be_listed(scene):
    wrong = NewEdition("T", "", "blog", "1", date(2020, 1, 1))

    with pytest.raises(Invalid) as refusal:
        add_edition(study=scene.study, new=wrong, actor=scene.adjudicator)

    assert "kind" in refusal.value.fields


# --- what the rows themselves refuse ----------------------------------------------------------


def refused(attempt, *, by, error=DatabaseError):
    with pytest.raises(error, match=by), transaction.atomic():
        attempt()


def test_an_edition_never_changes_but_that_it_is_superseded(scene):
    old, new = make_edition(scene.study), make_edition(scene.study, "2024", year=2024)
    rows = EvidenceEdition.objects.filter(pk=old.pk)
    by = "is only superseded: (UPDATE|DELETE) refused"
    refused(lambda: rows.update(published_on=date(2020, 1, 1)), by=by)
    refused(lambda: rows._raw_delete(rows.db), by=by)

    def sql(statement):
        with connection.cursor() as cursor:
            # Checks that wait for the commit would stop a TRUNCATE before the guard.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(statement)

    refused(lambda: sql("UPDATE review_evidenceedition SET edition = 'x'"), by=by)
    refused(lambda: sql("DELETE FROM review_evidenceedition"), by=by)
    refused(lambda: sql("TRUNCATE review_evidenceedition CASCADE"), by="refused")
    supersede(old, new)
    refused(lambda: rows.update(superseded_at=None, superseded_by=None), by=by)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"superseded_at": clock.now()}, "superseded_edition_says_by_what"),
        ({"edition": ""}, "evidence_edition_has_a_name"),
        ({"edition": "2019"}, "evidence_edition_once"),
    ],
)
def test_an_edition_that_cannot_be(scene, changes, name):
    source = make_edition(scene.study).source
    row = EvidenceEdition(
        **{"source": source, "edition": "2020", "published_on": date(2020, 1, 1)}
        | changes
    )

    refused(lambda: row.save(force_insert=True), by=name, error=IntegrityError)


def test_an_edition_does_not_supersede_itself(scene):
    row = make_edition(scene.study)
    rows = EvidenceEdition.objects.filter(pk=row.pk)

    refused(
        lambda: rows.update(superseded_at=clock.now(), superseded_by=row),
        by="edition_does_not_supersede_itself",
        error=IntegrityError,
    )


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"title": ""}, "evidence_source_has_a_title"),
        ({"kind": "blog"}, "evidence_kind_is_known"),
        ({"title": "BLEEDING"}, "evidence_source_once"),
    ],
)
def test_a_source_that_cannot_be(scene, changes, name):
    make_edition(scene.study)
    fields = {"title": "New", "publisher": "Society of Blood", "kind": "label"}
    row = EvidenceSource(study=scene.study, **fields | changes)

    refused(row.save, by=name, error=IntegrityError)


# --- the pages ---------------------------------------------------------------------------------


def test_the_page_says_who_used_what(scene, settled, sign_in):
    browser = sign_in(scene.adjudicator)

    text = " ".join(
        browser.get(reverse("evidence_list", args=[scene.study.uid]))
        .content.decode()
        .split()
    )

    assert "Cited 1 time, 1 in force" in text
    assert reverse("case_detail", args=[scene.case.uid]) in text
    ((line,),) = (one.editions for one in evidence_of(scene.study, scene.adjudicator))
    assert (line.n_in_force, line.uses[0].locator) == (1, "section 4")


def test_an_edition_is_listed_and_superseded_on_the_pages(scene, settled, sign_in):
    browser = sign_in(scene.adjudicator)
    page = reverse("evidence_list", args=[scene.study.uid])
    wrong = browser.post(page, {"new-title": "Bleeding", "new-edition": "2024"})
    assert wrong.status_code == 422
    assert 'value="2024"' in wrong.content.decode()
    assert set(wrong.context["errors"]) == {"new-kind", "new-published_on"}
    old = EvidenceEdition.objects.get()
    supersede_page = reverse("edition_supersede", args=[old.uid])
    assert "1 verdict in force cites it" in " ".join(
        browser.get(supersede_page).content.decode().split()
    )
    assert browser.post(supersede_page).status_code == 422

    fields = {"new-edition": "2024", "new-published_on": "2024-05-01"}
    done = browser.post(supersede_page, fields, follow=True)

    assert "1 verdict back in the queue" in done.content.decode()
    old.refresh_from_db()
    assert old.superseded_by.edition == "2024"
    assert "It was superseded" in browser.get(supersede_page).content.decode()
    assert browser.post(supersede_page, fields).status_code == 409


def test_a_listed_edition_is_added_on_the_page(scene, sign_in):
    browser = sign_in(scene.adjudicator)
    fields = {
        "new-title": "Label of warfarin",
        "new-kind": "label",
        "new-edition": "7",
        "new-published_on": "2021-01-31",
    }

    browser.post(reverse("evidence_list", args=[scene.study.uid]), fields)

    made = EvidenceEdition.objects.get()
    assert (str(made), made.source.kind) == ("Label of warfarin, 7", "label")


def test_the_list_costs_the_same_for_many_editions(scene, django_assert_num_queries):
    settle(scene)
    for year in range(2000, 2010):
        make_edition(scene.study, str(year), year=year, title=f"T{year}")

    with django_assert_num_queries(4):
        evidence_of(scene.study, scene.adjudicator)
