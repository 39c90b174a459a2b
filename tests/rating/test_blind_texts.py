"""A completion that names its maker: masked or marked, and marks keep their place."""

import json

import pytest
from django.http import QueryDict
from django.urls import reverse

from feedback.common import clock
from feedback.rating.forms import submission_from
from feedback.rating.models import Judgment, SpanMark
from feedback.rating.replay import fields_of
from feedback.rating.shown import shown_of
from feedback.studies.assignment import assign_next
from feedback.studies.criteria import FormDraft
from tests.builders import make_rater, submit
from tests.rating.everything import make_everything

pytestmark = pytest.mark.django_db
TEXT = "As an AI made by OpenAI 👩‍⚕️ I advise rest. Ask ChatGPT again."
FORMS = [FormDraft("single", ("marks",))]


@pytest.fixture
def take():
    def take(policy):
        study = make_everything(
            n_completions=1, forms=FORMS, text=TEXT, leak_policy=policy
        )
        return assign_next(study=study, rater=make_rater(study), now=clock.now())

    return take


def answered(shown, **fields):
    post = QueryDict(mutable=True)
    for name, value in fields.items():
        post[name] = value
    post["idempotency_key"] = "5b0f0c5e-7b1e-4b43-9d53-0d6f3a4f5e11"
    post["lease_no"] = "1"
    post["active_seconds"] = "1"
    return submission_from(
        post, asked=shown.asked, order=shown.order, texts=shown.texts
    ).answer


def test_a_masked_name_is_nowhere_on_the_page(take, sign_in):
    assignment = take("mask")
    browser = sign_in(assignment.rater.user)

    page = browser.get(reverse("assignment_detail", args=[assignment.uid]))

    (item,) = page.context["items"]
    assert "OpenAI" not in item.text
    assert "ChatGPT" not in item.text
    assert item.text.count("[model]") == 2
    # The prompt is the asker's own words; only what a model wrote is masked.
    assert page.content.decode().count("OpenAI") == 1
    assert not submit(assignment, answered(shown_of(assignment))).is_unblinded


def test_a_name_that_is_shown_marks_the_vote(take, sign_in):
    assignment = take("mark")
    page = sign_in(assignment.rater.user).get(
        reverse("assignment_detail", args=[assignment.uid])
    )
    assert "OpenAI" in page.content.decode()

    assert submit(assignment, answered(shown_of(assignment))).is_unblinded


def test_a_rater_who_recognizes_the_model_marks_the_vote(take):
    assignment = take("mask")

    judgment = submit(assignment, answered(shown_of(assignment), knows_model="1"))

    assert judgment.is_unblinded


def test_marks_in_masked_text_keep_their_place_in_the_stored_one(take):
    assignment = take("mask")
    shown = shown_of(assignment)
    text = shown.texts[0].text
    quotes = ["rest", "[model] 👩‍⚕️", "model"]
    marks = [
        {
            "id": f"m{number}",
            "item": 0,
            "start": text.index(quote),
            "end": text.index(quote) + len(quote),
            "quote": quote,
            "label": "wrong",
            "severity": "minor",
        }
        for number, quote in enumerate(quotes)
    ]

    judgment = submit(assignment, answered(shown, marks=json.dumps(marks)))

    content = assignment.task.items.get().completion.content
    stored = list(SpanMark.objects.filter(judgment=judgment).order_by("pk"))
    assert [mark.quote for mark in stored] == ["rest", "OpenAI 👩‍⚕️", "OpenAI"]
    assert all(content[one.start : one.end] == one.quote for one in stored)
    # Read back in the shown text, a mask that was touched counts as a whole.
    again = json.loads(fields_of(judgment, shown)["marks"])
    assert [one["quote"] for one in again] == ["rest", "[model] 👩‍⚕️", "[model]"]


def test_an_older_page_of_another_policy_is_refused(take):
    assignment = take("mask")
    seen = shown_of(assignment).sha256
    assignment.study.leak_policy = "mark"

    assert shown_of(assignment).sha256 != seen
    assert not Judgment.objects.exists()
