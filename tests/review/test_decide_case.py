"""A verdict is stored once, whole, by the holder, and replaces no judgment."""

import uuid
from dataclasses import replace

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from feedback.accounts.permissions import Role
from feedback.common import clock
from feedback.common.exceptions import Conflict, Forbidden, Invalid
from feedback.rating.answers import Answer, Place, Value, scores
from feedback.rating.models import Judgment
from feedback.review.case_page import shown_in
from feedback.review.cases import LEASE, ask_for_case, claim_case
from feedback.review.deciding import Citation
from feedback.review.models import Adjudication, AdjudicationEvidence
from feedback.review.selectors_cases import (
    causes_of,
    current_adjudication,
    current_adjudications,
)
from feedback.studies.models import Assignment, ChangeRequest, Slot, Task
from feedback.studies.services import enroll
from tests.review.conftest import VERDICT, make_adjudicator, make_edition, make_scene

pytestmark = pytest.mark.django_db


def test_a_verdict_settles_the_task_and_no_judgment_changes(scene):
    before = list(Judgment.objects.values())
    scene.claim()

    made = scene.decide()

    assert scene.case.state == "decided"
    assert scene.case.closed_by == scene.adjudicator
    assert current_adjudication(scene.task) == made
    completion = scene.task.items.get().completion
    assert made.verdict == {
        "completions": [
            {
                "completion": str(completion.uid),
                "ratings": {
                    "correctness": {"value": 5},
                    "tone": {"value": 4},
                    "safety": {"value": 2},
                },
            }
        ],
        "turns": {},
        "comparisons": {},
        "preference": None,
        "is_fit_as_is": False,
    }
    assert list(Judgment.objects.values()) == before


def test_the_same_key_is_one_verdict_and_serves_one_content(scene):
    scene.claim()
    lease_no, key = scene.case.lease_no, uuid.uuid4()
    first = scene.decide(idempotency_key=key)

    assert scene.decide(idempotency_key=key, lease_no=lease_no) == first
    with pytest.raises(Invalid, match="already used"):
        scene.decide(idempotency_key=key, lease_no=lease_no, rationale="Other.")
    assert Adjudication.objects.count() == 1


def test_without_a_claim_nothing_is_decided(scene):
    with pytest.raises(Conflict, match="not in your hands"):
        scene.decide()
    other = make_adjudicator(scene.study, "Olaf")
    scene.claim()
    with pytest.raises(Conflict, match="went to somebody else"):
        scene.decide(user=other)
    with pytest.raises(Conflict):
        scene.decide(lease_no=7)


def test_a_claim_that_ran_out_still_counts_until_somebody_takes_the_case(scene):
    scene.claim()
    late = clock.now() + LEASE + LEASE
    old = scene.case.lease_no
    claim_case(case=scene.case, user=make_adjudicator(scene.study, "Olaf"), now=late)
    with pytest.raises(Conflict, match="went to somebody else"):
        scene.decide(lease_no=old, now=late)

    slow = make_scene()
    slow.claim()
    assert slow.decide(now=clock.now() + LEASE + LEASE).pk


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"answer": Answer(ratings=scores(tone=4))}, "ratings-0-safety"),
        ({"cause": ""}, "cause"),
        ({"cause": "none"}, "cause"),
        ({"rationale": "  "}, "rationale"),
        ({"rationale": "x" * 2001}, "rationale"),
        ({"cause": "guideline_unclear"}, "change"),
        ({"answer": replace(VERDICT, is_outside_practice=True)}, "answer"),
        (
            {
                "answer": Answer(
                    ratings=VERDICT.ratings | {Place("tone"): Value(missing="outside")}
                )
            },
            "answer",
        ),
    ],
)
def test_what_is_missing_is_named_at_its_field(scene, changes, field):
    scene.claim()

    with pytest.raises(Invalid) as refusal:
        scene.decide(**changes)

    assert field in refusal.value.fields
    assert not Adjudication.objects.exists()
    assert not ChangeRequest.objects.exists()


def test_another_text_than_the_one_shown_is_not_decided(scene):
    scene.claim()

    with pytest.raises(Conflict, match="another text"):
        scene.decide(shown_sha256_seen="0" * 64)


def test_an_unclear_guideline_asks_for_a_change(scene):
    scene.claim()

    made = scene.decide(
        cause="guideline_unclear", change="Is a bleed harm?", change_criterion="safety"
    )

    request = ChangeRequest.objects.get()
    assert made.change_request == request
    assert request.guideline_version == scene.task.guideline_version
    assert (request.criterion_key, request.asked_by) == ("safety", scene.adjudicator)


def test_where_raters_agree_there_may_be_no_cause():
    scene = make_scene(answers=(VERDICT, VERDICT), audit_percent=100)
    scene.claim()

    assert scene.decide(cause="none").cause == "none"


def test_a_change_of_mind_supersedes_and_history_cannot_fork(scene):
    scene.claim()
    first = scene.decide()
    scene.case = ask_for_case(
        task=scene.task, because="Second thoughts.", actor=scene.study.created_by
    )
    scene.claim()
    second = scene.decide(cause="knowledge")

    assert second.supersedes == first
    assert list(current_adjudications(scene.study)) == [second]
    counts = {one.cause: one.n for one in causes_of(scene.study)}
    assert (counts["knowledge"], counts["slip"]) == (1, 0)
    assert causes_of(scene.study)[0].percent == 100


def test_deciding_stops_asking_raters(scene):
    Slot.objects.create(
        study=scene.study, task=scene.task, slot_no=9, shuffle_key=1, wave="specialist"
    )
    Task.objects.filter(pk=scene.task.pk).update(state="open")
    scene.claim()

    scene.decide()

    task = Task.objects.get(pk=scene.task.pk)
    assert (task.state, task.stopped_by) == ("complete", "specialist")
    assert Slot.objects.get(slot_no=9).state == "closed"


# --- evidence ---------------------------------------------------------------------------


def test_a_verdict_cites_what_is_listed(scene):
    edition = make_edition(scene.study)
    scene.claim()

    made = scene.decide(evidence=(Citation(edition, "table 3", "Avoid."),))

    one = made.evidence.get()
    assert (one.edition, one.locator, one.quote) == (edition, "table 3", "Avoid.")


def test_another_study_s_evidence_cannot_be_cited(scene):
    edition = make_edition(make_scene().study)
    scene.claim()

    with pytest.raises(Invalid, match="not among this study"):
        scene.decide(evidence=(Citation(edition),))


def test_the_same_place_is_cited_once(scene):
    edition = make_edition(scene.study)
    scene.claim()

    with pytest.raises(Invalid, match="cited twice"):
        scene.decide(evidence=(Citation(edition), Citation(edition)))


# --- never a rater, and nothing forged --------------------------------------------------------


def test_whoever_rated_meanwhile_does_not_decide(scene):
    """The claim was right; the person was served the task after it."""
    scene.claim()
    enroll(study=scene.study, user=scene.adjudicator, role=Role.RATER)
    Assignment.objects.filter(rater=scene.raters[0]).update(state="expired")
    scene.raters[0].user, old = scene.adjudicator, scene.raters[0].user
    scene.raters[0].save()
    Assignment.objects.filter(rater=scene.raters[0]).update(state="submitted")

    with pytest.raises(Forbidden):
        scene.decide()
    assert old != scene.adjudicator


@pytest.fixture
def forged(scene):
    """A verdict as a program that asks nobody would write it."""
    return {
        "case": scene.case,
        "task": scene.task,
        "decided_by": scene.adjudicator,
        "guideline_version": scene.task.guideline_version,
        "lease_no": 1,
        "verdict": {},
        "cause": "slip",
        "rationale": "x",
        "idempotency_key": uuid.uuid4(),
        "request_sha256": "0" * 64,
        "shown_sha256": "0" * 64,
    }


def refused(fields, *, by, error=DatabaseError):
    with pytest.raises(error, match=by), transaction.atomic():
        Adjudication.objects.bulk_create([Adjudication(**fields)])


def test_the_database_refuses_a_verdict_by_a_rater(scene, forged):
    rater = scene.raters[0].user
    refused(forged | {"decided_by": rater}, by="not by a rater of the task: INSERT")

    made = Adjudication.objects.create(**forged)
    columns = (
        "uid, case_id, task_id, guideline_version_id, lease_no, verdict, cause,"
        "rationale, idempotency_key, request_sha256, shown_sha256, supersedes_id"
    )
    with (
        pytest.raises(DatabaseError, match="not by a rater"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"INSERT INTO review_adjudication ({columns}, decided_by_id)"
            f" SELECT {columns}, %s FROM review_adjudication WHERE id = %s",
            [rater.pk, made.pk],
        )


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"cause": "mood"}, "adjudication_cause_is_known"),
        ({"rationale": ""}, "adjudication_has_a_rationale"),
        ({"cause": "guideline_unclear"}, "unclear_guideline_has_a_change_request"),
    ],
)
def test_a_verdict_that_cannot_be(forged, changes, name):
    refused(forged | changes, by=name, error=IntegrityError)


def test_a_verdict_fits_its_case_and_what_it_supersedes(scene, forged):
    other = make_scene()
    refused(forged | {"case": other.case}, by="fits its case")
    other.claim()
    elsewhere = other.decide()
    refused(forged | {"supersedes": elsewhere}, by="fits its case")


def test_a_task_has_one_first_verdict_and_a_case_one(scene, forged):
    Adjudication.objects.create(**forged)
    again = forged | {"idempotency_key": uuid.uuid4(), "uid": uuid.uuid4()}
    refused(again, by="case_id|one_first_adjudication", error=IntegrityError)
    scene.case = ask_for_case(
        task=make_scene().task, because="x", actor=scene.adjudicator
    )


def test_an_idempotency_key_is_spent_once(scene, forged):
    Adjudication.objects.create(**forged)
    other = make_scene()
    twin = forged | {"case": other.case, "task": other.task, "uid": uuid.uuid4()}
    refused(twin, by="adjudication_once_per_key", error=IntegrityError)


def test_a_place_is_cited_once_in_the_database_too(scene, settled):
    one = settled.evidence.get()
    twin = AdjudicationEvidence(
        adjudication=settled, edition=one.edition, locator=one.locator
    )

    with (
        pytest.raises(IntegrityError, match="evidence_place_once_per_adjudication"),
        transaction.atomic(),
    ):
        twin.save()


def test_the_order_of_the_page_is_the_case_s_own(scene):
    assert shown_in(scene.case).order == shown_in(scene.case).order
