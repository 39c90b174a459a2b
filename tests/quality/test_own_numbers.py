"""A rater's own page: their numbers, each with what it rests on."""

import re

import numpy as np
import pytest
from django.urls import reverse

from feedback.common import clock
from feedback.quality.own_page import drift_picture, duration, in_fives, own_parts
from feedback.quality.rater_numbers import RaterNumbers, rater_numbers
from feedback.rating.answers import Answer, scores
from feedback.studies.models import Enrollment, Study, Task
from feedback.studies.serving import original_of
from tests import builders
from tests.quality.known import answer_next, at_stage, make_known


def lines_of(numbers, *, in_steps=True):
    return {
        line.name: line
        for part in own_parts(numbers, in_steps=in_steps)
        for line in part.lines
    }


def plain(**changes):
    empty = np.zeros(0, dtype=np.bool_)
    fields = {"n_tasks": 0, "active_seconds": 0, "golds": empty}
    return RaterNumbers(**{**fields, "golds_since": empty, **changes})


def test_whoever_has_not_begun_reads_not_defined():
    lines = lines_of(plain())
    assert {line.value for line in lines.values()} == {"not defined"}


@pytest.mark.parametrize(
    ("n", "shown", "shown_closed"), [(0, 0, 0), (4, 0, 0), (5, 5, 5), (13, 10, 13)]
)
def test_checks_are_shown_in_steps_of_five_while_the_study_is_open(
    n, shown, shown_closed
):
    right = np.ones(n, dtype=np.bool_)
    assert len(in_fives(right, in_steps=True)) == shown
    assert len(in_fives(right, in_steps=False)) == shown_closed


def test_known_answers_have_a_posterior_with_its_interval():
    right = np.array([True] * 9 + [False] + [True] * 3)
    line = lines_of(plain(golds=right))["As expected"]
    # Beta(10, 2): mean 10/12, 2.5 % and 97.5 % quantiles .587 and .977.
    assert line.value == "83 %"
    assert line.n == "9 of 10 known tasks"
    assert line.interval == "95 % interval 59 % to 98 %"
    closed = lines_of(plain(golds=right), in_steps=False)["As expected"]
    assert closed.n == "12 of 13 known tasks"


def test_votes_for_the_left_have_wilsons_interval():
    # Newcombe (1998), table I: 15 of 148 has .0624 to .1605.
    line = lines_of(plain(n_left=15, n_decisive=148))["Votes for the left"]
    assert line.value == "10 %"
    assert line.interval == "95 % interval 6 % to 16 %"


def test_the_drift_chart_says_where_the_sum_stands():
    calm = drift_picture(np.ones(12, dtype=np.bool_), in_steps=True)
    assert len(calm.steps) == 10
    assert "it has not come to the limit of 3.5" in calm.says
    assert "<svg" in calm.drawn
    alarm = drift_picture(np.array([True] * 6 + [False] * 4), in_steps=True)
    assert "at known task 10 of 10" in alarm.says
    assert drift_picture(np.ones(4, dtype=np.bool_), in_steps=True).drawn is None


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 min"), (150, "2 min"), (3600 * 3 + 720, "3 h 12 min")]
)
def test_time_is_told_in_hours_and_minutes(seconds, told):
    assert duration(seconds) == told


@pytest.fixture
def study(db):
    return builders.make_study(n_prompts=12, overlap=3)


def numbers_of(study, rater):
    """As they are once nothing can be taken back and the study is over."""
    Study.objects.filter(pk=study.pk).update(state="closed")
    study.refresh_from_db()
    return rater_numbers(study=study, rater=rater, now=clock.now())


def judge_differently(study, rater, shift):
    """Answer everything, each task by its own key, shifted."""
    while (
        assignment := builders.assign_next(
            study=study, rater=rater, now=builders.clock.now()
        )
    ) is not None:
        value = 1 + (assignment.task.prompt_id + shift) % 5
        answer = (
            Answer(ratings=scores(correctness=value, tone=3, safety=value))
            if assignment.task.kind == "single"
            else builders.BETTER_A
        )
        builders.submit(assignment, answer)


def test_agreement_with_the_rest_is_the_correlation_with_the_others(study):
    raters = [builders.make_rater(study) for _ in range(3)]
    for rater in raters:
        judge_differently(study, rater, 0)
    numbers = numbers_of(study, raters[0])
    lines = lines_of(numbers)
    assert numbers.n_tasks == study.tasks.count()
    assert numbers.active_seconds == 20 * study.tasks.count()
    assert numbers.rest["Correctness"].n == 24
    assert lines["Correctness"].value == "1.00"
    assert lines["Tone"].value == "not defined"
    assert lines["Preference"].value == "not defined"
    assert lines["Correctness"].interval.startswith("95 % interval")


def test_a_rater_is_told_apart_from_the_others_on_the_same_tasks(study):
    raters = [builders.make_rater(study) for _ in range(3)]
    for rater, shift in zip(raters, (2, 0, 0), strict=True):
        judge_differently(study, rater, shift)
    odd = numbers_of(study, raters[0]).rest["Correctness"]
    even = numbers_of(study, raters[1]).rest["Correctness"]
    assert odd.correlation < even.correlation


def test_the_side_is_the_one_on_which_the_rater_saw_it(study):
    rater = builders.make_rater(study)
    judged = builders.judge_all(study, rater)
    pairs = [one for one in judged if one.task.kind == "pair"]
    numbers = numbers_of(study, rater)
    assert numbers.n_decisive == len(pairs)
    assert numbers.n_left == sum(one.assignment.shown_order[0] == 0 for one in pairs)


def test_repeated_tasks_are_held_against_their_originals(study):
    Study.objects.filter(pk=study.pk).update(retest_percent=50)
    study.refresh_from_db()
    rater = builders.make_rater(study)
    while (judgment := answer_next(study, rater)) is not None:
        retest = judgment
    retests = Task.objects.filter(study=study, purpose="retest")
    n_singles = retests.filter(kind="single").count()
    n_pairs = retests.filter(kind="pair").count()
    assert n_singles
    assert n_pairs
    assert original_of(task=retests[0], rater=rater).rater == rater
    assert retest is not None
    numbers = numbers_of(study, rater)
    assert set(numbers.repeated) == {"Correctness", "Safety", "Tone"}
    assert len(numbers.repeated["Tone"].before) == n_singles
    assert (numbers.repeated["Tone"].before == 4).all()
    assert len(numbers.swapped.before) == n_pairs
    lines = lines_of(numbers, in_steps=False)
    if n_pairs >= 5:
        swapped = lines["Pairs with sides swapped, decided the same"]
        assert swapped.value == "100 %"


def test_too_fast_answers_show_in_the_time(study):
    slow, fast = builders.make_rater(study), builders.make_rater(study)
    while answer_next(study, slow, active_seconds=60) is not None:
        pass
    while answer_next(study, fast, active_seconds=1) is not None:
        pass
    assert lines_of(numbers_of(study, slow))["Time enough"].value == ("100 %")
    assert lines_of(numbers_of(study, fast))["Time enough"].value == ("0 %")


@pytest.fixture
def checked(study):
    """A rater who is asked known answers and ordinary tasks, then repeated ones."""
    rater = builders.make_rater(study)
    Study.objects.filter(pk=study.pk).update(
        undo_seconds=0, gold_percent=30, retest_percent=30
    )
    study.refresh_from_db()
    make_known(study, 12)
    return rater


def answered(study, rater, n):
    """Answer some tasks; returns the purpose of each."""
    return [answer_next(study, rater).task.purpose for _ in range(n)]


def page_of(study, browser):
    page = browser.get(reverse("my_rating", args=[study.uid]))
    assert page.status_code == 200
    return page


def told(page):
    """Everything the page says of the rater, but where they stand."""
    said = page.context
    return said["n_tasks"], said["active"], said["parts"], said["drift"].steps


def test_the_page_moves_on_in_tens_and_shows_no_single_check(study, checked, sign_in):
    browser = sign_in(checked.user)
    begun = told(page_of(study, browser))
    answered(study, checked, 9)
    assert told(page_of(study, browser)) == begun
    answered(study, checked, 1)
    first_ten = told(page_of(study, browser))
    assert first_ten != begun
    answered(study, checked, 9)
    assert told(page_of(study, browser)) == first_ten


def test_tasks_and_their_times_cannot_be_subtracted(study, checked, sign_in):
    """Which left out checks would count them for whoever compares the two."""
    purposes = answered(study, checked, 20)
    while set(purposes) != {"label", "gold", "retest"}:
        purposes += answered(study, checked, 10)
    n_tasks = len(purposes)
    page = page_of(study, sign_in(checked.user))
    assert page.context["n_tasks"] == n_tasks
    lines = {line.name: line for part in page.context["parts"] for line in part.lines}
    assert lines["Time enough"].n == f"{n_tasks} of {n_tasks} tasks"
    # Half of the tasks are pairs, all of them decided, whatever they are for.
    n_pairs = Task.objects.filter(assignments__rater=checked, kind="pair").count()
    assert lines["Votes for the left"].n.endswith(f" of {n_pairs} decisive votes")


def test_nothing_counts_that_can_still_be_taken_back(study, checked, sign_in):
    """Else a rater could try which answer raises a count, or see a repeat at once."""
    answered(study, checked, 30)
    Study.objects.filter(pk=study.pk).update(undo_seconds=600)
    browser = sign_in(checked.user)
    nothing = told(page_of(study, browser))
    assert nothing[:2] == (0, "0 min")
    assert {line.value for part in nothing[2] for line in part.lines} == {"not defined"}
    Study.objects.filter(pk=study.pk).update(undo_seconds=0)
    lines = {
        line.name: line
        for part in told(page_of(study, browser))[2]
        for line in part.lines
    }
    assert re.fullmatch(r"(5|10) of \1 known tasks", lines["As expected"].n)
    assert lines["Tone, the same"].n.endswith("repeated answers")


def test_after_the_study_is_closed_everything_is_shown(study, sign_in):
    rater = builders.make_rater(study)
    make_known(study, 7)
    at_stage(study, rater, Enrollment.Stage.QUALIFYING)
    for _ in range(6):
        answer_next(study, rater)
    Study.objects.filter(pk=study.pk).update(state="closed")
    page = sign_in(rater.user).get(reverse("my_rating", args=[study.uid]))
    assert "6 of 6 known tasks" in page.content.decode()


def test_only_raters_have_such_a_page(cast, sign_in):
    url = reverse("my_rating", args=[cast.study.uid])
    for name in ("lead", "auditor", "admin", "stranger"):
        assert sign_in(cast.everyone[name]).get(url).status_code == 404
