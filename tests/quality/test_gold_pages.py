"""The lead's pages of known answers."""

import pytest
from django.urls import reverse

from feedback.studies.models import Enrollment, GoldItem
from tests import builders
from tests.quality.known import WRONG, answer_next, at_stage, make_known


@pytest.fixture
def study(db):
    return builders.make_study(n_prompts=4, overlap=3)


@pytest.fixture
def lead(study, sign_in):
    return sign_in(study.created_by)


def answered(study, n_raters=3):
    for _ in range(n_raters):
        builders.judge_all(study, builders.make_rater(study))


def task_of(study, kind):
    return study.tasks.filter(kind=kind, purpose="label").order_by("pk")[0]


def test_without_known_answers_the_page_says_what_to_do(study, lead):
    page = lead.get(reverse("known_answers", args=[study.uid]))
    assert "There are none yet" in page.content.decode()


def test_complete_tasks_are_offered_those_agreed_on_first(study, lead):
    answered(study, 2)
    other = builders.make_rater(study)
    while answer_next(study, other, WRONG) is not None:
        pass
    page = lead.get(reverse("known_answer_choose", args=[study.uid]))
    candidates = page.context["page"].object_list
    assert len(candidates) == study.tasks.count()
    agreeing = [one.agreeing for one in candidates]
    assert agreeing == sorted(agreeing, reverse=True)
    assert "67 % of them the same" in page.content.decode()


def test_incomplete_and_known_tasks_are_not_offered(study, lead):
    url = reverse("known_answer_choose", args=[study.uid])
    assert "No task is complete yet" in lead.get(url).content.decode()
    answered(study)
    make_known(study, 2)
    offered = lead.get(url).context["page"].object_list
    assert len(offered) == study.tasks.filter(purpose="label").count() - 2


def test_the_form_begins_with_what_most_raters_said(study, lead):
    answered(study)
    page = lead.get(reverse("known_answer_create", args=[task_of(study, "single").uid]))
    chosen = {
        field.name: [one.value for one in field.options if one.is_chosen]
        for field in page.context["fields"]
    }
    assert chosen == {
        "value-correctness": ["5"],
        "value-tone": ["4"],
        "value-safety": ["5"],
    }
    pair = lead.get(reverse("known_answer_create", args=[task_of(study, "pair").uid]))
    (preference,) = pair.context["fields"]
    assert [one.value for one in preference.options if one.is_chosen] == ["a"]


def test_a_lead_makes_a_known_answer_of_what_they_name(study, lead):
    task = task_of(study, "single")
    sent = lead.post(
        reverse("known_answer_create", args=[task.uid]),
        {
            "value-correctness": "2",
            "tolerance-correctness": "1",
            "value-tone": "",
            "explanation": "The dose is wrong.",
            "purpose": "training",
        },
    )
    assert sent.status_code == 302
    gold = GoldItem.objects.get()
    assert gold.expected == {"ratings": {"correctness": {"value": 2, "tolerance": 1}}}
    assert gold.task.purpose == "training"
    page = lead.get(sent.url).content.decode()
    assert "The known answer is stored" in page
    assert "no answers yet" in page


def test_a_refused_form_keeps_what_was_typed_and_says_what_is_wrong(study, lead):
    task = task_of(study, "single")
    page = lead.post(
        reverse("known_answer_create", args=[task.uid]),
        {
            "value-safety": "4",
            "tolerance-safety": "9",
            "explanation": "",
            "purpose": "gold",
        },
    )
    assert page.status_code == 422
    text = page.content.decode()
    assert "how far off still counts goes from 0 to 4" in text
    assert 'value="9"' in text
    assert page.context["first_wrong"] == "tolerance-safety"
    assert not GoldItem.objects.exists()
    empty = lead.post(
        reverse("known_answer_create", args=[task.uid]),
        {"value-safety": "4", "explanation": " ", "purpose": "gold"},
    )
    assert empty.status_code == 422
    assert "Say in a sentence or two" in empty.content.decode()


def test_a_task_known_already_is_a_conflict_with_all_that_was_typed(study, lead):
    (gold,) = make_known(study, 1)
    task = gold.task.repeats
    page = lead.post(
        reverse("known_answer_create", args=[task.uid]),
        {
            "value-safety": "4",
            "preference": "a" if task.kind == "pair" else "",
            "explanation": "Typed with care.",
            "purpose": "gold",
        },
    )
    assert page.status_code == 409
    assert "Typed with care." in page.content.decode()


def test_a_change_retires_the_earlier_answer_and_takes_its_place(study, lead):
    (gold,) = make_known(study, 1)
    url = reverse("known_answer_edit", args=[gold.uid])
    assert gold.explanation in lead.get(url).content.decode()
    fields = (
        {"value-safety": "1"} if gold.task.kind == "single" else {"preference": "tie"}
    )
    sent = lead.post(url, {**fields, "explanation": "Read again."})
    assert sent.status_code == 302
    gold.refresh_from_db()
    assert gold.retired_at is not None
    new = GoldItem.objects.get(retired_at=None)
    assert new.explanation == "Read again."
    assert lead.post(url, {**fields, "explanation": "x"}).status_code == 409


def test_a_retired_answer_stays_in_the_list_and_is_out_of_use(study, lead):
    (gold,) = make_known(study, 1)
    sent = lead.post(reverse("known_answer_retire", args=[gold.uid]))
    assert sent.status_code == 302
    gold.refresh_from_db()
    assert gold.retired_at is not None
    assert "Retired" in lead.get(sent.url).content.decode()


def test_the_list_says_how_raters_did_in_a_fixed_number_of_queries(
    study, lead, django_assert_num_queries
):
    make_known(study, 6)
    url = reverse("known_answers", args=[study.uid])
    for plan in (None, WRONG):
        rater = builders.make_rater(study)
        at_stage(study, rater, Enrollment.Stage.QUALIFYING)
        while answer_next(study, rater, plan) is not None:
            pass
    page = lead.get(url)
    assert {(one.right.n_so, one.right.n) for one in page.context["lines"]} == {(1, 2)}
    assert "1 of 2: 50 %" in page.content.decode()
    with django_assert_num_queries(8):
        lead.get(url)


@pytest.mark.parametrize("person", ["rater", "auditor", "ml_engineer", "stranger"])
def test_nobody_else_sees_known_answers(cast, sign_in, person):
    (gold,) = make_known(cast.study, 1)
    browser = sign_in(cast.everyone[person])
    for name, uid in (
        ("known_answers", cast.study.uid),
        ("known_answer_choose", cast.study.uid),
        ("known_answer_create", gold.task.repeats.uid),
        ("known_answer_edit", gold.uid),
    ):
        assert browser.get(reverse(name, args=[uid])).status_code == 404
    retire = browser.post(reverse("known_answer_retire", args=[gold.uid]))
    assert retire.status_code == 404
