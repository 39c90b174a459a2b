"""Known answers among many at once: a place for each rater, a decision once."""

from collections import Counter

import pytest

from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.common.exceptions import Conflict
from feedback.quality.qualification import REVIEWED, review_stage
from feedback.studies.assignment import assign_next
from feedback.studies.golds import make_gold
from feedback.studies.models import Enrollment, GoldItem, Slot
from tests import builders
from tests.quality.known import EXPECTED_SINGLE, RIGHT, at_stage, make_known
from tests.rating.test_races import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def everything(study, rater):
    """What a rater meets until nothing is left, answered right."""
    met = []
    while (one := assign_next(study=study, rater=rater, now=clock.now())) is not None:
        builders.submit(one, RIGHT[one.task.kind])
        met.append(one.task_id)
    return met


def test_raters_who_qualify_at_once_each_get_a_place_on_each_gold():
    study = builders.make_study(n_prompts=2)
    golds = make_known(study, 4)
    raters = [builders.make_rater(study) for _ in range(8)]
    for rater in raters:
        at_stage(study, rater, Enrollment.Stage.QUALIFYING)

    met = together(8, lambda index: everything(study, raters[index]))

    known = sorted(gold.task_id for gold in golds)
    assert [sorted(set(one) & set(known)) for one in met] == [known] * 8
    slots = Slot.objects.filter(task__in=known)
    assert slots.count() == 32
    assert set(Counter(slots.values_list("task", "slot_no")).values()) == {1}


def test_two_tabs_of_one_rater_hold_one_gold():
    study = builders.make_study(n_prompts=2)
    make_known(study, 4)
    rater = builders.make_rater(study)
    at_stage(study, rater, Enrollment.Stage.QUALIFYING)

    held = together(
        8, lambda _: assign_next(study=study, rater=rater, now=clock.now()).pk
    )

    assert len(set(held)) == 1
    assert Slot.objects.filter(reserved_for=rater).count() == 1


def test_a_decision_is_made_once_however_many_review_at_once():
    study = builders.make_study(n_prompts=4)
    rater = builders.make_rater(study)
    # Nothing to train on: whoever reviews first ends the training round.
    enrollment = at_stage(study, rater, Enrollment.Stage.TRAINING)

    stages = together(
        8, lambda _: review_stage(enrollment=enrollment, now=clock.now()).stage
    )

    assert set(stages) == {Enrollment.Stage.QUALIFYING}
    assert AuditEvent.objects.filter(action=REVIEWED).count() == 1


def test_a_task_made_known_by_two_leads_at_once_is_known_once():
    study = builders.make_study(n_prompts=2, n_completions=1)
    task = study.tasks.filter(kind="single")[0]

    def make(_):
        try:
            return make_gold(
                task=task,
                expected=EXPECTED_SINGLE,
                explanation="So it is.",
                purpose="gold",
                actor=study.created_by,
            )
        except Conflict:
            return None

    made = together(4, make)

    assert sum(one is not None for one in made) == 1
    assert GoldItem.objects.count() == 1
