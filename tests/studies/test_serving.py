"""Golds, retests and training tasks among a rater's tasks."""

import pytest

from feedback.accounts.permissions import Role
from feedback.common import clock
from feedback.studies.assignment import assign_next, decline
from feedback.studies.golds import make_gold, replace_gold, retire_gold
from feedback.studies.models import Assignment, Enrollment, Slot, Task
from feedback.studies.services import publish_guideline
from feedback.studies.serving import (
    TRAINING_TASKS,
    claim_check,
    golds_for,
    original_of,
    reserve_golds,
    training_left,
)
from tests import builders

Stage = Enrollment.Stage
SAFE = {"ratings": {"safety": {"value": 5, "tolerance": 1}}}
FIRST = {"preference": "a"}


@pytest.fixture
def study(db):
    return builders.make_study(n_prompts=12, overlap=2)


@pytest.fixture
def rater(study):
    return builders.make_rater(study)


def enrollment_of(study, rater):
    return Enrollment.objects.get(study=study, user=rater.user)


def at_stage(study, rater, stage):
    enrollment = enrollment_of(study, rater)
    enrollment.stage = stage
    enrollment.save(update_fields=["stage"])
    return enrollment


def make_golds(study, n, *, purpose=Task.Purpose.GOLD, skip=0):
    tasks = study.tasks.filter(purpose="label").order_by("pk")[skip : skip + n]
    return [
        make_gold(
            task=task,
            expected=SAFE if task.kind == "single" else FIRST,
            explanation="Because it is so.",
            purpose=purpose,
            actor=study.created_by,
        )
        for task in tasks
    ]


def with_shares(study, **shares):
    """The study with shares of golds or retests."""
    for name, percent in shares.items():
        setattr(study, name, percent)
    study.save(update_fields=list(shares))
    return study


def check(study, rater):
    return claim_check(
        study=study,
        rater=rater,
        enrollment=enrollment_of(study, rater),
        now=clock.now(),
    )


def answer_next(study, rater):
    """Take the next task and answer it well."""
    assignment = assign_next(study=study, rater=rater, now=clock.now())
    if assignment is None:
        return None
    kind = assignment.task.kind
    builders.submit(
        assignment, builders.GOOD if kind == "single" else builders.BETTER_A
    )
    assignment.refresh_from_db()
    return assignment


def test_a_ready_rater_of_a_plain_study_meets_no_check(study, rater):
    make_golds(study, 5)
    assert check(study, rater) is None


def test_training_comes_in_the_order_the_lead_made_it(study, rater):
    golds = make_golds(study, 3, purpose=Task.Purpose.TRAINING)
    at_stage(study, rater, Stage.TRAINING)
    met = [answer_next(study, rater).task_id for _ in range(3)]
    assert met == [gold.task_id for gold in golds]


def test_a_round_of_training_is_five_tasks_then_golds_come(study, rater):
    make_golds(study, 7, purpose=Task.Purpose.TRAINING)
    make_golds(study, 3, skip=7)
    at_stage(study, rater, Stage.TRAINING)
    purposes = [answer_next(study, rater).task.purpose for _ in range(7)]
    assert purposes == ["training"] * TRAINING_TASKS + ["gold"] * 2
    assert training_left(study=study, rater=rater, now=clock.now()) == 0


def test_how_much_training_is_left_counts_what_is_in_hand(study, rater):
    make_golds(study, 2, purpose=Task.Purpose.TRAINING)
    at_stage(study, rater, Stage.TRAINING)
    assert training_left(study=study, rater=rater, now=clock.now()) == 2
    assign_next(study=study, rater=rater, now=clock.now())
    assert training_left(study=study, rater=rater, now=clock.now()) == 2
    answer_next(study, rater)
    assert training_left(study=study, rater=rater, now=clock.now()) == 1


def test_a_qualifying_rater_meets_each_gold_once_and_nothing_else(study, rater):
    golds = make_golds(study, 4)
    at_stage(study, rater, Stage.QUALIFYING)
    met = [answer_next(study, rater).task_id for _ in range(4)]
    assert sorted(met) == [gold.task_id for gold in golds]
    assert answer_next(study, rater) is None


def test_raters_meet_golds_in_orders_of_their_own(study):
    make_golds(study, 8)
    orders = []
    for _ in range(3):
        rater = builders.make_rater(study)
        at_stage(study, rater, Stage.QUALIFYING)
        orders.append([answer_next(study, rater).task_id for _ in range(8)])
    assert len({tuple(order) for order in orders}) == 3


@pytest.mark.parametrize("stage", [Stage.LOOK, Stage.PAUSED, Stage.FAILED])
def test_whoever_waits_is_served_nothing(study, rater, stage):
    make_golds(study, 3)
    at_stage(study, rater, stage)
    assert check(study, rater) is None
    assert answer_next(study, rater) is None


def test_a_gold_shows_nothing_that_an_ordinary_task_would_not(study, rater):
    make_golds(study, 1)
    at_stage(study, rater, Stage.QUALIFYING)
    gold = assign_next(study=study, rater=rater, now=clock.now())
    assert gold.arm == Assignment.Arm.PLAIN
    assert sorted(gold.shown_order) == list(range(gold.task.items.count()))
    assert gold.slot.wave == Slot.Wave.CHECK
    assert gold.slot.reserved_for == rater


def test_asking_again_makes_no_second_slot(study, rater):
    make_golds(study, 3)
    at_stage(study, rater, Stage.QUALIFYING)
    first, again = check(study, rater), check(study, rater)
    assert first == again
    assert Slot.objects.filter(reserved_for=rater).count() == 1


def test_a_gold_whose_lease_ran_out_comes_back_to_its_rater(study, rater):
    make_golds(study, 2)
    at_stage(study, rater, Stage.QUALIFYING)
    gold = assign_next(study=study, rater=rater, now=clock.now())
    Assignment.objects.filter(pk=gold.pk).update(state=Assignment.State.EXPIRED)
    Slot.objects.filter(pk=gold.slot_id).update(
        state=Slot.State.OPEN, leased_until=None
    )
    again = assign_next(study=study, rater=rater, now=clock.now())
    assert again == gold


def test_a_declined_gold_never_comes_back(study, rater):
    golds = make_golds(study, 2)
    at_stage(study, rater, Stage.QUALIFYING)
    gold = assign_next(study=study, rater=rater, now=clock.now())
    decline(assignment=gold, lease_no=gold.lease_no, reason="upsetting")
    other = answer_next(study, rater)
    assert {gold.task_id, other.task_id} == {one.task_id for one in golds}
    assert answer_next(study, rater) is None


def test_who_met_the_ordinary_task_never_meets_its_gold(study, rater):
    judged = builders.judge_all(study, rater, limit=5)
    for judgment in judged:
        make_gold(
            task=judgment.task,
            expected=SAFE if judgment.task.kind == "single" else FIRST,
            explanation="So it is.",
            purpose=Task.Purpose.GOLD,
            actor=study.created_by,
        )
    at_stage(study, rater, Stage.QUALIFYING)
    assert not golds_for(study=study, rater=rater, now=clock.now()).exists()
    assert check(study, rater) is None


def test_who_met_the_gold_never_meets_the_ordinary_task(study, rater):
    golds = make_golds(study, 3)
    at_stage(study, rater, Stage.QUALIFYING)
    for _ in golds:
        answer_next(study, rater)
    at_stage(study, rater, Stage.READY)
    judged = builders.judge_all(study, rater)
    originals = {gold.task.repeats_id for gold in golds}
    assert originals.isdisjoint(judgment.task_id for judgment in judged)
    assert len(judged) == study.tasks.filter(purpose="label").count() - 3


def test_who_met_a_gold_does_not_meet_the_one_that_replaced_it(study, rater):
    (gold,) = make_golds(study, 1)
    at_stage(study, rater, Stage.QUALIFYING)
    answer_next(study, rater)
    replace_gold(
        gold=gold,
        expected=SAFE if gold.task.kind == "single" else FIRST,
        explanation="Better said.",
        actor=study.created_by,
        now=clock.now(),
    )
    assert check(study, rater) is None


def test_a_gold_made_ready_is_given_up_once_its_ordinary_task_was_met(study, rater):
    (gold,) = make_golds(study, 1)
    slot = check(study, rater)
    assert slot is None
    assert reserve_golds(study=study, rater=rater, n=2, now=clock.now()) == 1
    ordinary = gold.task.repeats
    Assignment.objects.create(
        study=study,
        task=ordinary,
        slot=ordinary.slots.all()[0],
        rater=rater,
        guideline_version_id=ordinary.guideline_version_id,
        lease_no=1,
        leased_until=clock.now(),
        state=Assignment.State.EXPIRED,
    )
    assert check(study, rater) is None
    assert Slot.objects.get(reserved_for=rater).state == Slot.State.CLOSED


def test_reserved_golds_come_next(study, rater):
    make_golds(study, 4)
    assert reserve_golds(study=study, rater=rater, n=3, now=clock.now()) == 3
    purposes = [answer_next(study, rater).task.purpose for _ in range(4)]
    assert purposes == ["gold"] * 3 + ["label"]


def test_a_retired_gold_is_served_to_nobody_else(study, rater):
    golds = make_golds(study, 2)
    at_stage(study, rater, Stage.QUALIFYING)
    check(study, rater)
    for gold in golds:
        retire_gold(gold=gold, actor=study.created_by, now=clock.now())
    assert check(study, rater) is None


def test_golds_of_before_a_major_version_are_served_to_nobody(study, rater):
    make_golds(study, 2)
    at_stage(study, rater, Stage.QUALIFYING)
    publish_guideline(
        study=study,
        title="Other rules",
        body="Judge anew.",
        criteria=builders.CRITERIA,
        published_by=study.created_by,
        now=clock.now(),
        is_major=True,
    )
    assert check(study, rater) is None


def test_a_gold_of_a_raters_own_text_is_not_for_them(study, rater):
    (gold,) = make_golds(study, 1)
    at_stage(study, rater, Stage.QUALIFYING)
    other = builders.make_rater(study)
    at_stage(study, other, Stage.QUALIFYING)
    item = gold.task.items.select_related("completion")[0]
    written = item.completion
    copy = type(written).objects.create(
        prompt=written.prompt,
        batch=written.batch,
        written_by=rater,
        content="By hand.",
        content_sha256="0" * 64,
    )
    gold.task.items.filter(pk=item.pk).update(completion=copy)
    assert check(study, rater) is None
    assert check(study, other) is not None


def test_where_practice_is_required_golds_are_of_the_own_one(study, rater):
    study.practice = "require"
    study.save(update_fields=["practice"])
    rater.specialty = "Cardiology"
    rater.save(update_fields=["specialty"])
    make_golds(study, 12)
    found = golds_for(study=study, rater=rater, now=clock.now())
    assert found.exists()
    assert set(found.values_list("prompt__specialty", flat=True)) == {"cardiology"}


def test_the_share_of_golds_is_met_and_begins_within_twenty(db):
    study = with_shares(builders.make_study(n_prompts=30), gold_percent=10)
    make_golds(study, 30)
    rater = builders.make_rater(study)
    purposes = [answer_next(study, rater).task.purpose for _ in range(20)]
    assert 1 <= purposes.count("gold") <= 8
    assert set(purposes) == {"gold", "label"}


def test_a_retest_repeats_an_own_answer_of_some_time_ago_with_sides_swapped(db):
    study = with_shares(builders.make_study(n_prompts=12), retest_percent=50)
    rater = builders.make_rater(study)
    answered = []
    while (assignment := answer_next(study, rater)) is not None:
        answered.append(assignment)
    retests = [one for one in answered if one.task.purpose == "retest"]
    assert retests
    order = [one.task_id for one in answered]
    for retest in retests:
        original = original_of(task=retest.task, rater=rater)
        assert retest.shown_order == original.shown_order[::-1]
        apart = order.index(retest.task_id) - order.index(original.task_id)
        assert apart > 10
    assert len({one.task.repeats_id for one in retests}) == len(retests)


def test_retests_are_of_one_rater_only(db):
    study = with_shares(builders.make_study(n_prompts=12), retest_percent=50)
    raters = [builders.make_rater(study) for _ in range(2)]
    for rater in raters:
        while answer_next(study, rater) is not None:
            pass
    twins = Task.objects.filter(study=study, purpose="retest")
    assert twins.exists()
    for twin in twins:
        assert twin.assignments.count() == 1
        assert twin.slots.count() == 1


def test_a_check_does_not_move_the_raters_place_in_the_order(study, rater):
    builders.judge_all(study, rater, limit=3)
    before = Assignment.objects.filter(study=study, rater=rater).order_by("-pk")[0]
    make_golds(study, 10)
    reserve_golds(study=study, rater=rater, n=1, now=clock.now())
    gold = answer_next(study, rater)
    assert gold.task.purpose == Task.Purpose.GOLD
    assert gold.slot.shuffle_key == before.slot.shuffle_key


def test_two_raters_share_a_gold_in_slots_of_their_own(study):
    (gold,) = make_golds(study, 1)
    for _ in range(3):
        rater = builders.make_rater(study)
        at_stage(study, rater, Stage.QUALIFYING)
        assert answer_next(study, rater).task == gold.task
    numbers = gold.task.slots.order_by("slot_no").values_list("slot_no", flat=True)
    assert list(numbers) == [0, 1, 2]
    assert Enrollment.objects.filter(study=study, role=Role.RATER).count() == 3


def test_a_check_costs_few_queries(study, rater, django_assert_max_num_queries):
    make_golds(study, 10)
    at_stage(study, rater, Stage.QUALIFYING)
    enrollment = enrollment_of(study, rater)
    with django_assert_max_num_queries(9):
        claim_check(study=study, rater=rater, enrollment=enrollment, now=clock.now())
