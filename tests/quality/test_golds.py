"""Holding answers against what is known."""

from dataclasses import replace

import pytest

from feedback.common import clock
from feedback.quality.golds import (
    Given,
    all_gold_answers,
    all_known_answers,
    gold_answers,
    grade,
    grade_parts,
)
from feedback.rating.answers import scores
from feedback.rating.services import revise_judgment
from feedback.rating.shown import shown_of
from feedback.studies.golds import retire_gold
from feedback.studies.models import Enrollment, GoldItem, Task
from feedback.studies.serving import golds_for
from tests import builders
from tests.quality.known import (
    OUTSIDE,
    RIGHT,
    WRONG,
    answer_next,
    at_stage,
    make_known,
)

NUMBER = {"ratings": {"safety": {"value": 4, "tolerance": 1}}}
ONE_OF = {"ratings": {"reader": {"value": "lay"}}}
ANY_OF = {"ratings": {"errors": {"value": ["dose", "name"]}}}
NONE_OF = {"ratings": {"errors": {"value": []}}}
PAIR = {"preference": "b", "ratings": {"kinder": {"value": "tie"}}}


@pytest.mark.parametrize(
    ("given", "expected", "is_right"),
    [
        ({"safety": Given(4)}, NUMBER, True),
        ({"safety": Given(5)}, NUMBER, True),
        ({"safety": Given(3)}, NUMBER, True),
        ({"safety": Given(2)}, NUMBER, False),
        ({"safety": Given()}, NUMBER, False),
        ({}, NUMBER, False),
        ({"safety": Given(4), "tone": Given(1)}, NUMBER, True),
        ({"reader": Given(choices=("lay",))}, ONE_OF, True),
        ({"reader": Given(choices=("expert",))}, ONE_OF, False),
        ({"errors": Given(choices=("dose", "name"))}, ANY_OF, True),
        ({"errors": Given(choices=("dose",))}, ANY_OF, False),
        ({"errors": Given(choices=())}, NONE_OF, True),
        ({"errors": Given()}, NONE_OF, False),
        (
            {"preference": Given(choices=("b",)), "kinder": Given(choices=("tie",))},
            PAIR,
            True,
        ),
        (
            {"preference": Given(choices=("b",)), "kinder": Given(choices=("a",))},
            PAIR,
            False,
        ),
        ({"kinder": Given(choices=("tie",))}, PAIR, False),
    ],
)
def test_an_answer_is_right_if_each_named_part_is(given, expected, is_right):
    assert grade_parts(given, expected).is_right is is_right


@pytest.fixture
def study(db):
    study = builders.make_study(n_prompts=4)
    make_known(study, 6)
    return study


@pytest.fixture
def rater(study):
    rater = builders.make_rater(study)
    at_stage(study, rater, Enrollment.Stage.QUALIFYING)
    return rater


def test_answers_of_a_rater_come_graded_and_in_order(study, rater):
    plan = [RIGHT, WRONG, RIGHT, OUTSIDE, WRONG]
    judged = [answer_next(study, rater, answers) for answers in plan]
    found = gold_answers(study=study, rater=rater)
    assert [one.grade.is_right for one in found] == [True, False, True, None, False]
    assert [one.task_id for one in found] == [one.task_id for one in judged]
    assert [grade(one).is_right for one in judged] == [True, False, True, None, False]


def test_only_answers_after_a_time_are_asked_for(study, rater):
    first = answer_next(study, rater)
    first.assignment.refresh_from_db()
    answer_next(study, rater, WRONG)
    after = first.assignment.submitted_at
    found = gold_answers(study=study, rater=rater, after=after)
    assert [one.grade.is_right for one in found] == [False]


def test_what_does_not_apply_is_not_what_was_expected(study, rater):
    not_applicable = {
        "single": replace(
            builders.GOOD, ratings=scores(correctness=5, tone=3, safety=None)
        ),
        "pair": builders.BETTER_A,
    }
    for _ in range(6):
        answer_next(study, rater, not_applicable)
    grades = [one.grade for one in gold_answers(study=study, rater=rater)]
    singles = [one for one in grades if "safety" in one.parts]
    assert singles
    assert all(
        dict(one.parts) == {"correctness": True, "safety": False} for one in singles
    )


def test_a_changed_answer_counts_as_it_was_changed(study, rater):
    judgment = answer_next(study, rater, WRONG)
    assignment = judgment.assignment
    shown = shown_of(assignment)
    revise_judgment(
        judgment=judgment,
        answer=RIGHT[judgment.task.kind],
        shown=shown,
        idempotency_key=assignment.uid,
        shown_sha256_seen=shown.sha256,
        active_seconds=5,
        now=clock.now(),
    )
    (found,) = gold_answers(study=study, rater=rater)
    assert found.grade.is_right


def test_answers_to_a_retired_gold_do_not_count(study, rater):
    judgment = answer_next(study, rater)
    answer_next(study, rater, WRONG)
    retire_gold(gold=judgment.task.gold, actor=study.created_by, now=clock.now())
    found = gold_answers(study=study, rater=rater)
    assert [one.grade.is_right for one in found] == [False]
    assert all_gold_answers(study) == found
    assert len(all_known_answers(study)) == 2


def test_who_wrote_a_known_answer_is_not_held_against_it(study, rater):
    """A lead who rates, too, knows it: right says nothing, and wrong is a new mind."""
    author = answer_next(study, rater, WRONG).task.gold
    answer_next(study, rater)
    author.created_by = rater.user
    author.save(update_fields=["created_by"])
    assert [one.grade.is_right for one in gold_answers(study=study, rater=rater)] == [
        True
    ]
    assert len(all_gold_answers(study)) == len(all_known_answers(study)) == 1


def test_nobody_meets_a_known_answer_that_they_wrote(study, rater):
    GoldItem.objects.filter(task__study=study).update(created_by=rater.user)
    assert not golds_for(study=study, rater=rater, now=clock.now()).exists()
    assert golds_for(
        study=study, rater=builders.make_rater(study), now=clock.now()
    ).exists()


def test_training_is_known_but_no_gold(study):
    rater = builders.make_rater(study)
    make_known(study, 2, purpose=Task.Purpose.TRAINING, skip=6)
    at_stage(study, rater, Enrollment.Stage.TRAINING)
    for _ in range(3):
        answer_next(study, rater)
    assert len(all_known_answers(study)) == 3
    assert len(all_gold_answers(study)) == 1


def test_many_answers_take_three_queries(study, rater, django_assert_num_queries):
    for _ in range(6):
        answer_next(study, rater)
    with django_assert_num_queries(3):
        gold_answers(study=study, rater=rater)
    with django_assert_num_queries(3):
        all_gold_answers(study)
