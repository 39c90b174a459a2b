"""A study whose raters disagree, and somebody who may settle it."""

import uuid
from dataclasses import dataclass
from datetime import date

import pytest

from feedback.accounts.models import User
from feedback.accounts.permissions import Role
from feedback.common import clock
from feedback.rating.answers import Answer, scores
from feedback.rating.shown import Shown
from feedback.review.case_page import shown_in
from feedback.review.cases import claim_case
from feedback.review.deciding import Citation, Decision, decide_case
from feedback.review.evidence import NewEdition, add_edition
from feedback.review.models import Adjudication, AdjudicationCase
from feedback.review.opening import open_cases_for
from feedback.studies.criteria import FormDraft
from feedback.studies.models import Study
from feedback.studies.services import enroll
from tests.builders import GOOD, judge_all, make_rater, make_study, make_user

SINGLE = [FormDraft("single", ("ratings",))]
BAD = Answer(ratings=scores(correctness=5, tone=4, safety=1))
VERDICT = Answer(ratings=scores(correctness=5, tone=4, safety=2))


@dataclass
class Scene:
    """Two raters who judged one task differently, and its case."""

    study: Study
    case: AdjudicationCase
    adjudicator: User
    raters: list

    @property
    def task(self):
        return self.case.task

    def claim(self, user=None, now=None) -> AdjudicationCase:
        self.case = claim_case(
            case=self.case, user=user or self.adjudicator, now=now or clock.now()
        )
        return self.case

    def shown(self) -> Shown:
        return shown_in(self.case)

    def decide(self, *, user=None, now=None, **changes) -> Adjudication:
        shown = self.shown()
        fields = {
            "answer": VERDICT,
            "lease_no": self.case.lease_no,
            "rationale": "Warfarin and ibuprofen bleed.",
            "cause": "slip",
            "idempotency_key": uuid.uuid4(),
            "shown_sha256_seen": shown.sha256,
        }
        made = decide_case(
            case=self.case,
            decided_by=user or self.adjudicator,
            decision=Decision(**fields | changes),
            shown=shown,
            now=now or clock.now(),
        )
        self.case.refresh_from_db()
        return made


def make_adjudicator(study, name="Ana Adjudicator") -> User:
    user = make_user(name)
    enroll(study=study, user=user, role=Role.ADJUDICATOR)
    return user


def make_scene(*, answers=(GOOD, BAD), n_prompts=1, **study_fields) -> Scene:
    fields = {"audit_percent": 0, "overlap": len(answers)} | study_fields
    audit_percent = fields.pop("audit_percent")
    study = make_study(n_prompts=n_prompts, n_completions=1, forms=SINGLE, **fields)
    study.audit_percent = audit_percent
    study.save(update_fields=["audit_percent"])
    raters = [make_rater(study, f"Rater {n}") for n in range(len(answers))]
    for rater, answer in zip(raters, answers, strict=True):
        judge_all(study, rater, single=answer)
    open_cases_for(study, now=clock.now())
    case = AdjudicationCase.objects.filter(study=study).order_by("pk").first()
    return Scene(study, case, make_adjudicator(study), raters)


def make_edition(study, edition="2019", *, title="Bleeding", year=2019):
    return add_edition(
        study=study,
        new=NewEdition(
            title=title,
            publisher="Society of Blood",
            kind="guideline",
            edition=edition,
            published_on=date(year, 3, 1),
        ),
        actor=study.created_by,
    )


def settle(scene: Scene, **changes) -> Adjudication:
    """Claim the case and decide it, with a citation if none is given."""
    scene.claim()
    cited = Citation(make_edition(scene.study), locator="section 4")
    return scene.decide(**{"evidence": (cited,)} | changes)


@pytest.fixture
def scene(db) -> Scene:
    """A dispute about safety that nobody has claimed."""
    return make_scene()


@pytest.fixture
def settled(scene) -> Adjudication:
    """A verdict that cites the edition of 2019."""
    return settle(scene)
