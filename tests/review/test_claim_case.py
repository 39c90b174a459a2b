"""A case is one person's for half an hour, and never a rater's."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse

from feedback.accounts.permissions import Role, Verb
from feedback.common import clock
from feedback.common.exceptions import Conflict, Forbidden, NotVisible
from feedback.review.cases import LEASE, claim_case, claim_next, give_back
from feedback.review.models import AdjudicationCase
from feedback.review.selectors_cases import access_case, n_kept_from, queue_of
from feedback.studies.disclosures import has_met
from feedback.studies.models import Assignment, Task
from feedback.studies.services import enroll
from tests.builders import GOOD
from tests.review.conftest import BAD, make_adjudicator, make_scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def rater(scene):
    """A rater of the task who adjudicates in the study as well."""
    user = scene.raters[0].user
    enroll(study=scene.study, user=user, role=Role.ADJUDICATOR)
    return user


def by_sql(statement, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        # Checks that wait for the commit would stop a TRUNCATE before the guard.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement, values)


def test_a_claim_lasts_half_an_hour_and_can_be_prolonged(scene):
    now = clock.now()
    first = scene.claim(now=now)
    assert (first.lease_no, first.leased_until) == (1, now + LEASE)

    again = scene.claim(now=now + timedelta(minutes=20))

    assert (again.lease_no, again.leased_until) == (1, now + timedelta(minutes=50))


def test_nobody_takes_a_case_that_is_in_hand(scene):
    scene.claim()
    other = make_adjudicator(scene.study, "Olaf")

    with pytest.raises(Conflict, match="Somebody else"):
        claim_case(case=scene.case, user=other, now=clock.now())


def test_a_claim_that_ran_out_goes_to_whoever_asks(scene):
    scene.claim()
    other = make_adjudicator(scene.study, "Olaf")

    taken = claim_case(case=scene.case, user=other, now=clock.now() + LEASE)

    assert (taken.claimed_by, taken.lease_no) == (other, 2)


def test_giving_back_opens_it_and_only_for_its_holder(scene):
    scene.claim()
    other = make_adjudicator(scene.study, "Olaf")
    assert give_back(case=scene.case, user=other).state == "claimed"

    assert give_back(case=scene.case, user=scene.adjudicator).state == "open"
    assert claim_case(case=scene.case, user=other, now=clock.now()).lease_no == 2


def test_the_next_case_is_the_most_pressing_that_is_free():
    scene = make_scene(n_prompts=3)
    first, second, third = AdjudicationCase.objects.order_by("pk")
    AdjudicationCase.objects.filter(pk=third.pk).update(priority=95)
    other = make_adjudicator(scene.study, "Olaf")

    def take(user):
        return claim_next(study=scene.study, user=user, now=clock.now())

    assert take(scene.adjudicator) == third
    # Asking again gives the one in hand.
    assert take(scene.adjudicator) == third
    assert take(other) == first
    claim_case(case=second, user=make_adjudicator(scene.study, "Oda"), now=clock.now())
    assert take(make_adjudicator(scene.study, "Ole")) is None


def test_a_closed_case_is_not_claimed(scene):
    scene.claim()
    scene.decide()

    with pytest.raises(Conflict, match="decided already"):
        scene.claim()


# --- never a rater ----------------------------------------------------------------------


def test_a_rater_does_not_see_the_case(scene, rater):
    assert list(queue_of(rater, scene.study)) == []
    assert n_kept_from(rater, scene.study) == 1
    with pytest.raises(NotVisible):
        access_case(rater, scene.case.uid, Verb.ADJUDICATION_SEE)


def test_a_rater_gets_404_on_every_page_of_the_case(scene, rater, sign_in):
    browser = sign_in(rater)

    assert browser.get(reverse("case_detail", args=[scene.case.uid])).status_code == 404
    for name in ("case_detail", "case_claim", "case_give_back", "case_withdraw"):
        url = reverse(name, args=[scene.case.uid])
        assert browser.post(url).status_code == 404, name
    queue = browser.get(reverse("case_list", args=[scene.study.uid]))
    assert "1 more waits for somebody else" in " ".join(queue.content.decode().split())
    browser.post(reverse("case_next", args=[scene.study.uid]))
    scene.case.refresh_from_db()
    assert scene.case.claimed_by is None


def test_the_service_refuses_a_rater_under_lock(scene, rater):
    with pytest.raises(Forbidden, match="somebody else settles it"):
        claim_case(case=scene.case, user=rater, now=clock.now())


def test_the_database_refuses_a_rater_by_every_way(scene, rater):
    rows = AdjudicationCase.objects.filter(pk=scene.case.pk)
    by = "is not by a rater of the task: UPDATE refused"
    until = clock.now()

    with pytest.raises(DatabaseError, match=by), transaction.atomic():
        rows.update(state="claimed", claimed_by=rater, leased_until=until)
    with pytest.raises(DatabaseError, match=by):
        by_sql(
            "UPDATE review_adjudicationcase SET state = 'claimed', leased_until = now(),"
            " claimed_by_id = %s WHERE id = %s",
            rater.pk,
            scene.case.pk,
        )


@pytest.mark.parametrize(
    ("state", "is_met"),
    [("leased", True), ("submitted", True), ("declined", True), ("expired", False)],
)
def test_whoever_was_served_the_task_has_met_it(scene, rater, state, is_met):
    Assignment.objects.filter(rater__user=rater).update(
        state=state, decline_reason="known" if state == "declined" else ""
    )

    assert has_met(rater, scene.task.pk) is is_met
    assert (n_kept_from(rater, scene.study) == 1) is is_met


def test_whoever_rated_a_twin_has_met_the_task(scene, rater):
    """A gold or a retest shows the same."""
    task = scene.task
    ordinary = Task.objects.create(
        study=scene.study,
        guideline_version=task.guideline_version,
        prompt=task.prompt,
        kind=task.kind,
        fingerprint="f" * 64,
    )
    Task.objects.filter(pk=task.pk).update(repeats=ordinary, purpose="gold")

    assert has_met(rater, ordinary.pk)
    assert not has_met(scene.adjudicator, ordinary.pk)
    twin_case = AdjudicationCase(
        study=scene.study,
        task=ordinary,
        reason="audit_risk",
        priority=1,
        because="x",
        state="claimed",
        claimed_by=rater,
        leased_until=clock.now(),
    )
    with pytest.raises(DatabaseError, match="not by a rater"), transaction.atomic():
        twin_case.save()


# --- what the row itself refuses ------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"state": "lost", "closed_at": clock.now()}, "case_state_is_known"),
        ({"reason": "whim"}, "case_reason_is_known"),
        ({"because": ""}, "case_priority_has_a_reason"),
        ({"priority": 101}, "case_priority_has_a_reason"),
        ({"reason": "asked"}, "asked_case_says_by_whom"),
        ({"state": "claimed"}, "claimed_case_has_a_holder_and_an_end"),
        ({"state": "decided"}, "case_is_live_xor_closed"),
        ({"closed_at": clock.now()}, "case_is_live_xor_closed"),
        ({"state": "withdrawn", "closed_at": clock.now()}, "withdrawn_case_says_why"),
    ],
)
def test_a_case_that_cannot_be(scene, changes, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        AdjudicationCase.objects.filter(pk=scene.case.pk).update(**changes)


def test_a_closed_case_never_changes(scene):
    scene.claim()
    scene.decide()
    rows = AdjudicationCase.objects.filter(pk=scene.case.pk)
    by = "is sealed: (UPDATE|DELETE) refused"

    with pytest.raises(DatabaseError, match=by), transaction.atomic():
        rows.update(priority=1)
    with pytest.raises(DatabaseError, match=by):
        by_sql("UPDATE review_adjudicationcase SET because = 'x'")
    with pytest.raises(DatabaseError, match="refused"):
        by_sql("TRUNCATE review_adjudicationcase CASCADE")


def test_the_queue_costs_the_same_for_many_cases(sign_in, django_assert_num_queries):
    for n_prompts in (2, 12):
        scene = make_scene(n_prompts=n_prompts, answers=(GOOD, BAD))
        browser = sign_in(scene.adjudicator)
        with django_assert_num_queries(10):
            browser.get(reverse("case_list", args=[scene.study.uid]))
