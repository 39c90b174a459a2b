"""Many at once: nobody too many, nobody twice, every double click one judgment."""

import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from feedback.common import clock
from feedback.rating.models import Judgment
from feedback.studies.assignment import assign_next, release_expired
from feedback.studies.models import Assignment, Slot, Task
from tests.builders import GOOD, judge_all, make_rater, make_study, submit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def together(n_threads, work):
    """Run `work(index)` in threads that start at the same moment; return results."""
    barrier = threading.Barrier(n_threads)

    def one(index):
        try:
            barrier.wait(timeout=60)
            return work(index)
        finally:
            connection.close()

    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(one, range(n_threads)))


@pytest.mark.slow
def test_64_raters_on_500_tasks_with_3_slots():
    study = make_study(n_prompts=500, n_completions=1, overlap=3)
    raters = [make_rater(study) for _ in range(64)]

    n_each = together(64, lambda index: len(judge_all(study, raters[index])))

    assert sum(n_each) == 1500
    per_task = Counter(Judgment.objects.values_list("task_id", flat=True))
    assert set(per_task.values()) == {3}
    assert len(per_task) == 500
    per_rater = Counter(Judgment.objects.values_list("task_id", "rater_id"))
    assert set(per_rater.values()) == {1}
    assert Slot.objects.exclude(state=Slot.State.DONE).count() == 0
    assert study.tasks.exclude(state=Task.State.COMPLETE).count() == 0
    assert Assignment.objects.exclude(state=Assignment.State.SUBMITTED).count() == 0


def test_two_tabs_of_one_rater_hold_one_task():
    study = make_study(n_prompts=3)
    rater = make_rater(study)

    held = together(
        8, lambda _: assign_next(study=study, rater=rater, now=clock.now()).pk
    )

    assert len(set(held)) == 1
    assert Slot.objects.filter(state=Slot.State.LEASED).count() == 1


def test_double_click_stores_one_judgment_and_tells_both():
    study = make_study(n_prompts=1, n_completions=1)
    assignment = assign_next(study=study, rater=make_rater(study), now=clock.now())
    key = uuid.uuid4()

    told = together(8, lambda _: submit(_fresh(assignment), GOOD, key=key).pk)

    assert len(set(told)) == 1
    assert Judgment.objects.count() == 1


def test_sweep_and_submit_of_the_same_lease_do_not_lose_the_answer():
    study = make_study(n_prompts=10, n_completions=1, overlap=1)
    raters = [make_rater(study) for _ in range(10)]
    held = [assign_next(study=study, rater=r, now=clock.now()) for r in raters]
    later = max(assignment.leased_until for assignment in held)

    def work(index):
        if index == 10:
            return [release_expired(now=later) for _ in range(20)]
        return submit(_fresh(held[index]), GOOD).pk

    together(11, work)

    assert Judgment.objects.count() == 10
    assert Slot.objects.exclude(state=Slot.State.DONE).count() == 0


def _fresh(assignment):
    """The assignment as a request of its own would load it."""
    return Assignment.objects.select_related("study", "task__prompt", "rater").get(
        pk=assignment.pk
    )
