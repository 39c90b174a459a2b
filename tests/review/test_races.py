"""Many at once: one holder, one verdict, one case, and nobody waits forever."""

import uuid
from collections import Counter

import pytest

from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid
from feedback.review.cases import claim_case, claim_next
from feedback.review.deciding import Citation
from feedback.review.evidence import supersede_edition
from feedback.review.models import Adjudication, AdjudicationCase
from feedback.review.opening import open_cases_for
from feedback.review.selectors_cases import current_adjudications
from tests.rating.test_races import together
from tests.review.conftest import make_adjudicator, make_edition, make_scene

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]
N = 8


def test_one_of_many_gets_the_case():
    scene = make_scene()
    users = [make_adjudicator(scene.study, f"Ana {n}") for n in range(N)]

    def claim(index):
        try:
            return claim_case(case=scene.case, user=users[index], now=clock.now())
        except Conflict:
            return None

    held = [case for case in together(N, claim) if case is not None]

    assert len(held) == 1
    assert held[0].lease_no == 1


def test_whoever_asks_for_the_next_case_gets_another():
    scene = make_scene(n_prompts=N)
    users = [make_adjudicator(scene.study, f"Ana {n}") for n in range(N)]

    taken = together(
        N,
        lambda index: (
            claim_next(study=scene.study, user=users[index], now=clock.now()).pk
        ),
    )

    assert Counter(taken).most_common(1)[0][1] == 1


def test_a_decision_pressed_many_times_is_one_verdict():
    scene = make_scene()
    scene.claim()
    lease_no, key = scene.case.lease_no, uuid.uuid4()

    made = together(
        N, lambda _: scene.decide(idempotency_key=key, lease_no=lease_no).pk
    )

    assert len(set(made)) == 1
    assert Adjudication.objects.count() == 1


def test_sweeps_at_once_open_one_case():
    scene = make_scene()
    AdjudicationCase.objects.filter(pk=scene.case.pk)._raw_delete("default")

    swept = together(N, lambda _: open_cases_for(scene.study, now=clock.now()))

    assert sum(one.n_opened for one in swept) == 1
    assert AdjudicationCase.objects.count() == 1


def test_no_verdict_slips_by_while_its_evidence_is_superseded():
    """Either the citation is refused, or the verdict is stale and waits again."""
    for _ in range(6):
        scene = make_scene()
        old = make_edition(scene.study)
        new = make_edition(scene.study, "2024", year=2024)
        scene.claim()
        _decide_and_supersede(scene, old, new)
        for verdict in current_adjudications(scene.study):
            assert verdict.is_stale
            assert AdjudicationCase.objects.filter(
                study=scene.study, reason="stale", state="open"
            ).exists()


def _decide_and_supersede(scene, old, new):
    def act(index):
        if index:
            supersede_edition(
                edition=old, by=new, actor=scene.adjudicator, now=clock.now()
            )
            return ""
        try:
            scene.decide(evidence=(Citation(old),))
        except Invalid as error:
            return error.message
        return ""

    refusal, _ = together(2, act)
    assert not refusal or "is superseded" in refusal
