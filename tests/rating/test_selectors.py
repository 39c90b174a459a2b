"""A judgment read back, in the words of the page on which it was given."""

from dataclasses import replace

import pytest

from feedback.common import clock
from feedback.rating.answers import Answer, FlagDraft, scores
from feedback.rating.selectors import answers_of, judgments_of, line_of
from feedback.studies.assignment import assign_next
from feedback.studies.models import Assignment, Task
from tests.builders import BETTER_A, GOOD, make_rater, make_study, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study(n_prompts=4, overlap=1)


def judge(study, kind, answer, *, left_position=0):
    """Give `answer` to the next task of a kind, and read it back."""
    rater = make_rater(study)
    while (taken := assign_next(study=study, rater=rater, now=clock.now())) is not None:
        if taken.task.kind == kind:
            break
        submit(taken, GOOD if taken.task.kind == Task.Kind.SINGLE else BETTER_A)
    Assignment.objects.filter(pk=taken.pk).update(
        shown_order=[left_position, 1 - left_position]
    )
    submit(taken, answer)
    return judgments_of(rater.user).get(assignment=taken)


def test_ratings_name_each_criterion(study):
    answer = Answer(ratings=scores(correctness=4, tone=None, safety=2))

    judgment = judge(study, Task.Kind.SINGLE, answer)

    assert answers_of(judgment) == [
        ("Correctness", "Correctness 4"),
        ("Tone", "Tone does not apply"),
        ("Safety", "Safety 2"),
    ]


def test_outside_practice_says_so(study):
    judgment = judge(study, Task.Kind.SINGLE, Answer(is_outside_practice=True))

    assert answers_of(judgment) == [("Answer", "Outside my practice")]


@pytest.mark.parametrize(
    ("outcome", "strength", "left_position", "words"),
    [
        ("a", 2, 0, "Left is much better"),
        ("a", 1, 1, "Right is slightly better"),
        ("b", 2, 1, "Left is much better"),
        ("b", 1, 0, "Right is slightly better"),
        ("tie", 0, 1, "About equal"),
    ],
)
def test_preference_names_the_side_that_this_rater_saw(
    study, outcome, strength, left_position, words
):
    answer = Answer(outcome=outcome, strength=strength)

    judgment = judge(study, Task.Kind.PAIR, answer, left_position=left_position)

    assert answers_of(judgment) == [("Preference", words)]


def test_everything_that_was_written_is_read_back(study):
    answer = Answer(
        outcome="neither",
        reasons=("safety", "tone"),
        corrections={1: "Call your clinic first."},
        flag=FlagDraft("dose_error", "severe", "Ten times the dose.", item=0),
        comment="Both miss it.",
    )

    judgment = judge(study, Task.Kind.PAIR, answer)

    assert answers_of(judgment) == [
        ("Preference", "Neither is acceptable"),
        ("Because of", "safety, tone"),
        ("Correction", "Call your clinic first."),
        ("Safety flag", "Dose error, severe. Ten times the dose."),
        ("Comment", "Both miss it."),
    ]
    assert line_of(judgment, now=clock.now()).summary == (
        "Neither is acceptable · safety, tone · corrected · flagged: Dose error, severe"
    )


def test_long_prompt_is_cut_in_the_list(study):
    judgment = judge(study, Task.Kind.SINGLE, replace(GOOD, comment="x"))
    judgment.task.prompt.messages = [{"role": "user", "content": "word " * 100}]

    line = line_of(judgment, now=clock.now())

    assert len(line.prompt_excerpt) == 121
    assert line.prompt_excerpt.endswith("…")
