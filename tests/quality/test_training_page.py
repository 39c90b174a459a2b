"""After a training answer its rater reads how it compares, and nobody else does."""

import pytest
from django.urls import reverse

from feedback.common import clock
from feedback.quality.explaining import explanation_url
from feedback.studies.assignment import assign_next
from feedback.studies.models import Enrollment, Task
from tests import builders
from tests.quality.known import OUTSIDE, RIGHT, WRONG, answer_next, at_stage, make_known


@pytest.fixture
def study(db):
    return builders.make_study(n_prompts=3)


@pytest.fixture
def rater(study):
    rater = builders.make_rater(study)
    make_known(study, 4, purpose=Task.Purpose.TRAINING)
    at_stage(study, rater, Enrollment.Stage.TRAINING)
    return rater


def answered(study, rater, kind, answers):
    """The rater's answer to the first training task of a kind."""
    while (judgment := answer_next(study, rater, answers)) is not None:
        if judgment.task.kind == kind:
            return judgment.assignment
    raise AssertionError(f"no {kind} task to train on")


@pytest.mark.parametrize(
    ("answers", "said", "n_right"), [(RIGHT, "As expected", 2), (WRONG, "Different", 0)]
)
def test_a_rating_stands_beside_what_was_expected(
    study, rater, sign_in, answers, said, n_right
):
    assignment = answered(study, rater, "single", answers)
    page = sign_in(rater.user).get(explanation_url(assignment))
    text = page.content.decode()
    assert page.status_code == 200
    assert said in text
    assert "names the interaction" in text
    assert "4, give or take 1" in text
    assert page.context["explained"].n_as_expected == n_right
    assert page.context["next_url"] in text


@pytest.mark.parametrize("answers", [RIGHT, WRONG])
def test_a_preference_is_told_by_the_sides_the_rater_saw(
    study, rater, sign_in, answers
):
    assignment = answered(study, rater, "pair", answers)
    page = sign_in(rater.user).get(explanation_url(assignment))
    (compared,) = page.context["explained"].compared
    a_side = "Left" if assignment.shown_order[0] == 0 else "Right"
    b_side = "Right" if a_side == "Left" else "Left"
    assert compared.expected == f"{a_side} is better"
    said = a_side if answers is RIGHT else b_side
    assert compared.said == f"{said} is better"
    assert compared.is_as_expected is (answers is RIGHT)


def test_outside_ones_practice_is_shown_as_such(study, rater, sign_in):
    assignment = answered(study, rater, "single", OUTSIDE)
    text = sign_in(rater.user).get(explanation_url(assignment)).content.decode()
    assert "That is an answer" in text
    assert "Not compared" in text
    assert "Different" not in text


def test_there_is_nothing_before_the_answer(study, rater, sign_in):
    assignment = assign_next(study=study, rater=rater, now=clock.now())
    page = sign_in(rater.user).get(explanation_url(assignment))
    assert page.status_code == 404


def test_golds_and_ordinary_tasks_are_never_explained(study, sign_in):
    rater = builders.make_rater(study)
    make_known(study, 1)
    at_stage(study, rater, Enrollment.Stage.QUALIFYING)
    gold = answer_next(study, rater).assignment
    at_stage(study, rater, Enrollment.Stage.READY)
    ordinary = answer_next(study, rater).assignment
    browser = sign_in(rater.user)
    for assignment in (gold, ordinary):
        assert browser.get(explanation_url(assignment)).status_code == 404


def test_an_explanation_is_its_raters_own(study, rater, sign_in):
    assignment = answered(study, rater, "single", RIGHT)
    other = builders.make_rater(study)
    for person in (other.user, study.created_by):
        page = sign_in(person).get(explanation_url(assignment))
        assert page.status_code == 404


def test_a_training_answer_leads_to_its_explanation(study, rater, sign_in):
    browser = sign_in(rater.user)
    page = browser.get(reverse("study_rate", args=[study.uid]), follow=True)
    shown = page.context
    kind = shown["kind"]
    fields = (
        {f"ratings-0-{key}": "4" for key in ("correctness", "tone", "safety")}
        if kind == "single"
        else {"preference": "left_much"}
    )
    sent = browser.post(
        reverse("assignment_detail", args=[shown["assignment"].uid]),
        {
            **fields,
            "idempotency_key": str(shown["idempotency_key"]),
            "lease_no": str(shown["lease_no"]),
            "shown_sha256": shown["shown_sha256"],
            "active_seconds": "12",
        },
    )
    assert sent.status_code == 302
    assert sent.url == explanation_url(shown["assignment"])
