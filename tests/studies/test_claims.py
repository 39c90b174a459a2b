"""Whom a task is for: specialists, the own practice, nobody who wrote it, no twin."""

import pytest

from feedback.accounts.permissions import Role
from feedback.accounts.services import create_rater
from feedback.common import clock
from feedback.common.exceptions import Conflict, Forbidden, Invalid
from feedback.corpus.models import Completion
from feedback.rating.answers import Answer
from feedback.studies.assignment import assign_next, decline, release_expired
from feedback.studies.models import Assignment, Enrollment, Slot, Task
from feedback.studies.services import enroll
from feedback.studies.slots import open_place
from tests.builders import judge_all, make_rater, make_study, make_user, submit

pytestmark = pytest.mark.django_db


def next_of(study, rater):
    return assign_next(study=study, rater=rater, now=clock.now())


def rater_of(study, specialty, *, tier="general"):
    rater = create_rater(user=make_user(), profession="physician", specialty=specialty)
    enroll(study=study, user=rater.user, role=Role.RATER)
    Enrollment.objects.filter(study=study, user=rater.user).update(tier=tier)
    return rater


@pytest.fixture
def study():
    """Three prompts of cardiology, pediatrics and oncology, an answer each."""
    return make_study(n_prompts=3, n_completions=1, overlap=1)


def test_own_practice_comes_first(study):
    study.practice = "prefer"
    study.save(update_fields=["practice"])
    rater = rater_of(study, " Oncology ")

    specialties = []
    while (assignment := next_of(study, rater)) is not None:
        specialties.append(assignment.task.prompt.specialty)
        submit(assignment, Answer(is_outside_practice=True))
        assert len(specialties) < 9

    assert specialties[0] == "oncology"
    assert sorted(specialties) == ["cardiology", "oncology", "pediatrics"]


def test_own_practice_can_be_all_there_is(study):
    study.practice = "require"
    study.save(update_fields=["practice"])
    rater = rater_of(study, "Oncology")

    assert next_of(study, rater).task.prompt.specialty == "oncology"
    assert next_of(study, rater_of(study, "Dermatology")) is None


def test_a_study_may_ask_some_specialties_only(study):
    study.specialties = ["Cardiology"]
    study.save(update_fields=["specialties"])

    assert next_of(study, rater_of(study, "cardiology")) is not None
    with pytest.raises(Forbidden, match="asks raters of Cardiology; your specialty"):
        next_of(study, rater_of(study, "oncology"))


def test_a_specialist_gets_first_what_waits_for_one(study):
    task = study.tasks.order_by("-slots__shuffle_key").first()
    open_place(task, wave=Slot.Wave.SPECIALIST, is_for_specialist=True)

    assert next_of(study, rater_of(study, "", tier="specialist")).task == task
    generalist = rater_of(study, "")
    served = [one.task_id for one in judge_all(study, generalist)]
    assert len(served) == 3
    assert Slot.objects.get(wave="specialist").state == Slot.State.LEASED


def test_nobody_judges_their_own_text(study):
    rater = make_rater(study)
    task = study.tasks.order_by("slots__shuffle_key").first()
    written = task.items.get().completion
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('consilium.erasure', 'test', true)")
        cursor.execute(
            "UPDATE corpus_completion SET written_by_id = %s WHERE id = %s",
            [rater.pk, written.pk],
        )
        cursor.execute("SELECT set_config('consilium.erasure', '', true)")
    assert Completion.objects.get(pk=written.pk).written_by == rater

    served = {one.task_id for one in judge_all(study, rater)}

    assert served == set(study.tasks.values_list("pk", flat=True)) - {task.pk}
    assert next_of(study, make_rater(study)).task == task


def test_outside_my_practice_leaves_the_place_to_somebody_else(study):
    rater, other = make_rater(study), make_rater(study)
    assignment = next_of(study, rater)

    submit(assignment, Answer(is_outside_practice=True))

    slots = assignment.task.slots.order_by("slot_no")
    assert [one.state for one in slots] == ["passed", "open"]
    assert [one.wave for one in slots] == ["base", "base"]
    assignment.task.refresh_from_db()
    assert assignment.task.state == Task.State.OPEN
    assert assignment.task_id in {one.task_id for one in judge_all(study, other)}
    assignment.task.refresh_from_db()
    assert assignment.task.state == Task.State.COMPLETE


def test_declined_goes_to_somebody_else_and_never_comes_back(study):
    rater = make_rater(study)
    assignment = next_of(study, rater)

    decline(
        assignment=assignment,
        lease_no=assignment.lease_no,
        reason="upsetting",
        note="A child.",
    )

    assignment.refresh_from_db()
    assert (assignment.state, assignment.decline_note) == ("declined", "A child.")
    served = [one.task_id for one in judge_all(study, rater)]
    assert assignment.task_id not in served
    assert len(served) == 2
    assert next_of(study, make_rater(study)).task_id == assignment.task_id


def test_declining_needs_a_reason_and_a_lease(study):
    rater = make_rater(study)
    assignment = next_of(study, rater)
    with pytest.raises(Invalid, match="'' is not a reason"):
        decline(assignment=assignment, lease_no=1, reason="")
    with pytest.raises(Invalid, match="cannot be stored"):
        decline(assignment=assignment, lease_no=1, reason="other", note="a\0")
    with pytest.raises(Conflict):
        decline(assignment=assignment, lease_no=7, reason="other")
    release_expired(now=assignment.leased_until)
    next_of(study, make_rater(study))
    with pytest.raises(Conflict, match="given to another rater"):
        decline(assignment=assignment, lease_no=1, reason="other")
    assert Assignment.objects.get(pk=assignment.pk).state == "expired"


def test_answered_cannot_be_declined(study):
    rater = make_rater(study)
    (judgment,) = judge_all(study, rater, limit=1)
    with pytest.raises(Conflict, match="already answered"):
        decline(assignment=judgment.assignment, lease_no=1, reason="other")


@pytest.mark.parametrize("stage", ["look", "paused", "failed"])
def test_who_waits_is_served_nothing_new_and_keeps_what_is_in_hand(study, stage):
    rater = make_rater(study)
    held = next_of(study, rater)
    Enrollment.objects.filter(user=rater.user).update(stage=stage)

    assert next_of(study, rater) == held
    judge_all(study, rater, limit=1)
    assert next_of(study, rater) is None
