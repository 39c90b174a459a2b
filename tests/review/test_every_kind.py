"""Whatever a task asks, its case can be read, copied up and settled."""

import json
from dataclasses import replace

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback.accounts.permissions import Verb
from feedback.common import clock
from feedback.rating.answers import Answer, Comparison, Value
from feedback.rating.checks import VERDICTS
from feedback.rating.replay import fields_of
from feedback.rating.shown import shown_of
from feedback.review.case_page import shown_in
from feedback.review.cases import ask_for_case, claim_case
from feedback.review.models import Adjudication
from feedback.review.selectors_cases import access_case
from feedback.review.verdicts import fields_of_verdict, verdict_of
from feedback.studies.assignment import assign_next
from feedback.studies.models import Task
from tests.builders import make_rater, submit
from tests.rating.everything import FORMS, answers, make_everything
from tests.rating.test_every_answer import read
from tests.review.conftest import make_adjudicator

pytestmark = pytest.mark.django_db
FEW = settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def kept(answer: Answer) -> Answer:
    """What a verdict keeps of an answer: its values, not its marks and remarks."""
    return replace(answer, marks=(), reasons=(), comment="", knows_model=False)


def decided(answer: Answer, shown) -> Answer:
    """The same, with an answer where the rater was outside their practice."""
    first = {point.uid: VERDICTS[point.kind][0] for point in shown.asked.all_points}
    return replace(
        answer,
        ratings={
            place: Value(missing="na") if value.missing == "outside" else value
            for place, value in answer.ratings.items()
        },
        comparisons={
            key: Comparison("tie") if one.outcome == "outside_practice" else one
            for key, one in answer.comparisons.items()
        },
        verdicts={
            place: first[place[1]] if verdict == "outside_practice" else verdict
            for place, verdict in answer.verdicts.items()
        },
    )


@pytest.mark.parametrize("kind", Task.Kind.values)
@FEW
@given(data=st.data())
def test_every_answer_is_copied_up_and_comes_back_as_the_verdict(
    db, sign_in, kind, data
):
    forms = [form for form in FORMS if form.kind == kind]
    study = make_everything(forms=forms, n_completions=3)
    said = []
    for _ in range(2):
        assignment = assign_next(study=study, rater=make_rater(study), now=clock.now())
        seen = shown_of(assignment)
        answer = decided(data.draw(answers(seen)), seen)
        said.append((submit(assignment, answer), answer))
    task = assignment.task
    user = make_adjudicator(study)
    case = ask_for_case(task=task, because="Look.", actor=user)
    claim_case(case=case, user=user, now=clock.now())
    browser = sign_in(user)
    url = reverse("case_detail", args=[case.uid])
    page = browser.get(url)
    shown = shown_in(access_case(user, case.uid, Verb.ADJUDICATION_SEE))
    by_fields = {
        one.letter: one.fields for one in page.context["answered"]
    }  # fmt: skip
    letter = data.draw(st.sampled_from(sorted(by_fields)))

    filled = browser.post(url, {"copy": letter}).context["values"]
    names = ("idempotency_key", "lease_no", "shown_sha256")
    hidden = {name: page.context[name] for name in names}
    fields = {name: filled.getlist(name) for name in filled if name != "copy"}
    fields |= hidden | {"active_seconds": 0, "cause": "other", "rationale": "So."}
    done = browser.post(url, fields)

    assert done.status_code == 302, done.context["errors"]
    source = next(
        answer for judgment, answer in said
        if fields_of(judgment, shown) == by_fields[letter]
    )  # fmt: skip
    stored = json.loads(json.dumps(Adjudication.objects.get(case=case).verdict))
    again = kept(read(fields_of_verdict(stored, shown), shown))
    assert verdict_of(again, shown) == stored == verdict_of(kept(source), shown)
