"""Which task comes next, for whom, and what a lease that runs out leaves behind."""

from datetime import timedelta

import pytest

from feedback.common import clock
from feedback.common.exceptions import Conflict, Forbidden
from feedback.studies.assignment import assign_next, is_still_open, release_expired
from feedback.studies.models import Assignment, Enrollment, Slot, Study, Task
from feedback.studies.sampling import shown_order, shuffle_key
from tests.builders import judge_all, make_rater, make_study


@pytest.fixture
def study(db):
    return make_study(n_prompts=3, overlap=2)


def test_same_task_until_it_is_answered(study):
    rater = make_rater(study)

    first = assign_next(study=study, rater=rater, now=clock.now())
    again = assign_next(study=study, rater=rater, now=clock.now())

    assert first == again
    assert Slot.objects.filter(state=Slot.State.LEASED).count() == 1


def test_every_task_once_then_nothing(study):
    rater = make_rater(study)

    judgments = judge_all(study, rater)

    tasks = [judgment.task_id for judgment in judgments]
    assert len(tasks) == len(set(tasks)) == study.tasks.count()
    assert assign_next(study=study, rater=rater, now=clock.now()) is None


def test_no_task_gets_more_answers_than_slots(study):
    raters = [make_rater(study) for _ in range(3)]

    n_answers = [len(judge_all(study, rater)) for rater in raters]

    assert n_answers == [9, 9, 0]
    assert study.tasks.exclude(state=Task.State.COMPLETE).count() == 0


def test_order_is_the_study_seed_and_not_the_order_of_import(study):
    rater = make_rater(study)
    fingerprints = [judgment.task.fingerprint for judgment in judge_all(study, rater)]

    keys = [shuffle_key(seed=study.seed, fingerprint=f) for f in fingerprints]
    assert keys == sorted(keys)
    other = [shuffle_key(seed=study.seed + 1, fingerprint=f) for f in fingerprints]
    assert other != sorted(other)


def test_side_is_a_fair_coin_over_pairs_and_raters():
    sides = [
        shown_order(
            seed=1, fingerprint=f"{pair:064x}", pseudonym=f"r{rater}", n_items=2
        )[0]
        for pair in range(200)
        for rater in range(10)
    ]

    # 2,000 flips of a fair coin: five standard deviations are 112.
    assert abs(sum(sides) - 1000) < 112


def test_person_who_is_not_enrolled_gets_nothing(study):
    with pytest.raises(Forbidden):
        assign_next(study=study, rater=make_rater(), now=clock.now())


def test_ended_enrollment_gets_nothing(study):
    rater = make_rater(study)
    Enrollment.objects.filter(user=rater.user).update(ended_at=clock.now())

    with pytest.raises(Forbidden):
        assign_next(study=study, rater=rater, now=clock.now())


@pytest.mark.parametrize("state", [Study.State.PAUSED, Study.State.CLOSED])
def test_study_that_is_not_open_serves_nothing_new(study, state):
    Study.objects.filter(pk=study.pk).update(state=state)
    study.refresh_from_db()

    with pytest.raises(Conflict, match=state.lower()):
        assign_next(study=study, rater=make_rater(study), now=clock.now())


def test_lease_that_ran_out_goes_to_somebody_else(study):
    slow, quick = make_rater(study), make_rater(study)
    late = assign_next(study=study, rater=slow, now=clock.now())
    others = make_rater(study)
    # All other slots of that task are taken, so only the expired one can serve it.
    Slot.objects.filter(task=late.task).exclude(pk=late.slot_id).update(state="done")

    assert release_expired(now=late.leased_until + timedelta(seconds=1)) == 1

    late.refresh_from_db()
    assert late.state == Assignment.State.EXPIRED
    tasks = {judgment.task_id for judgment in judge_all(study, quick)}
    assert late.task_id in tasks
    assert late.task_id not in {j.task_id for j in judge_all(study, others)}


def test_lease_in_time_is_not_given_back(study):
    held = assign_next(study=study, rater=make_rater(study), now=clock.now())

    assert release_expired(now=held.leased_until - timedelta(seconds=1)) == 0


def test_withdrawn_task_is_not_served(study):
    study.tasks.update(state=Task.State.WITHDRAWN)

    assert assign_next(study=study, rater=make_rater(study), now=clock.now()) is None


def test_statements_do_not_grow_with_the_study(db, django_assert_max_num_queries):
    counts = []
    for n_prompts in (2, 200):
        study = make_study(n_prompts=n_prompts)
        rater = make_rater(study)
        with django_assert_max_num_queries(20) as captured:
            assign_next(study=study, rater=rater, now=clock.now())
        counts.append(len(captured))
    assert counts == [11, 11]


def test_own_lease_that_ran_out_is_given_back_and_taken_anew(study):
    rater = make_rater(study)
    held = assign_next(study=study, rater=rater, now=clock.now())
    later = held.leased_until + timedelta(minutes=1)

    again = assign_next(study=study, rater=rater, now=later)

    assert again.leased_until > later
    assert Assignment.objects.filter(rater=rater, state="leased").count() == 1
    assert Slot.objects.filter(state=Slot.State.LEASED).count() == 1


def test_search_goes_around_to_tasks_before_where_the_rater_stands(study):
    slow, quick, third = (make_rater(study) for _ in range(3))
    first = assign_next(study=study, rater=slow, now=clock.now())
    judge_all(study, quick)
    # Both places of the first task are taken, so the third rater passes it by.
    passed = {judgment.task_id for judgment in judge_all(study, third)}
    assert first.task_id not in passed

    release_expired(now=first.leased_until + timedelta(seconds=1))

    taken = assign_next(study=study, rater=third, now=clock.now())
    assert taken.task_id == first.task_id


@pytest.mark.parametrize(
    ("state", "slot_state", "lease_no", "is_open"),
    [
        ("leased", "leased", 1, True),
        ("expired", "open", 1, True),
        ("expired", "leased", 2, False),
        ("expired", "done", 1, False),
        ("submitted", "done", 1, False),
    ],
)
def test_assignment_is_open_while_nobody_else_has_its_place(
    study, state, slot_state, lease_no, is_open
):
    held = assign_next(study=study, rater=make_rater(study), now=clock.now())
    held.state = state
    held.slot.state, held.slot.lease_no = slot_state, lease_no

    assert is_still_open(held) is is_open
