"""One submit: stored whole, stored once, or refused with the reason."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid
from feedback.rating.answers import Answer, FlagDraft, scores
from feedback.rating.models import (
    Correction,
    CriterionRating,
    Judgment,
    Preference,
    SafetyFlag,
)
from feedback.rating.services import submit_judgment
from feedback.rating.shown import shown_of
from feedback.studies.assignment import assign_next, release_expired
from feedback.studies.models import Assignment, Slot, Study, Task
from tests.builders import BETTER_A, GOOD, make_rater, make_study, submit


@pytest.fixture
def study(db):
    return make_study(n_prompts=2, overlap=2)


@pytest.fixture
def rater(study):
    return make_rater(study)


def take(study, rater, kind):
    """Lease tasks until one of `kind` is in hand, answering the others."""
    while True:
        assignment = assign_next(study=study, rater=rater, now=clock.now())
        assert assignment is not None, f"no {kind} task left"
        if assignment.task.kind == kind:
            return assignment
        submit(assignment, GOOD if kind == Task.Kind.PAIR else BETTER_A)


@pytest.fixture
def single(study, rater):
    return take(study, rater, Task.Kind.SINGLE)


@pytest.fixture
def pair(study, rater):
    return take(study, rater, Task.Kind.PAIR)


def test_rating_is_stored_with_each_criterion(single):
    judgment = submit(single, replace(GOOD, comment="Clear."))

    stored = {
        rating.criterion.key: rating.value
        for rating in judgment.ratings.select_related("criterion")
    }
    assert stored == {"correctness": 5, "tone": 4, "safety": 5}
    assert judgment.comment == "Clear."
    assert judgment.guideline_version == single.guideline_version
    single.refresh_from_db()
    assert single.state == Assignment.State.SUBMITTED
    assert single.slot.__class__.objects.get(pk=single.slot_id).state == "done"


def test_not_applicable_is_stored_as_no_value(single):
    judgment = submit(
        single, Answer(ratings=scores(correctness=None, tone=3, safety=3))
    )

    row = judgment.ratings.get(criterion__key="correctness")
    assert row.value is None
    assert row.is_not_applicable


def test_outside_practice_is_an_answer_without_values(single):
    judgment = submit(single, Answer(is_outside_practice=True))

    assert judgment.outcome == Judgment.Outcome.OUTSIDE_PRACTICE
    assert not judgment.ratings.exists()


def test_preference_is_stored_in_canonical_order(pair):
    judgment = submit(pair, BETTER_A)

    preference = judgment.preferences.get()
    assert preference.completion_a_id < preference.completion_b_id
    assert (preference.outcome, preference.strength) == ("a", 2)
    assert preference.reasons == ["correctness"]


def test_correction_and_flag_belong_to_their_completion(pair):
    items = list(pair.task.items.order_by("position"))
    answer = replace(
        BETTER_A,
        corrections={1: "Please call your clinic first."},
        flag=FlagDraft("dose_error", "severe", "Ten times the dose.", item=1),
    )

    judgment = submit(pair, answer)

    assert judgment.corrections.get().completion_id == items[1].completion_id
    assert judgment.safety_flags.get().completion_id == items[1].completion_id


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (Answer(ratings=scores(correctness=5, tone=4)), "ratings-0-safety"),
        (Answer(ratings=GOOD.ratings | scores(tone=6)), "ratings-0-tone"),
        (Answer(ratings=GOOD.ratings | scores(tone=0)), "ratings-0-tone"),
        (Answer(ratings=GOOD.ratings | scores(charm=3)), "ratings-0-charm"),
        (replace(GOOD, corrections={1: "No such answer."}), "correction_of"),
        (replace(GOOD, flag=FlagDraft("", "severe", "Harm.")), "flag_category"),
        (replace(GOOD, flag=FlagDraft("bias", "", "Harm.")), "flag_severity"),
        (replace(GOOD, flag=FlagDraft("bias", "mild", " ")), "flag_rationale"),
    ],
)
def test_incomplete_rating_is_refused_and_nothing_is_stored(single, answer, field):
    before = Judgment.objects.count()

    with pytest.raises(Invalid) as refusal:
        submit(single, answer)

    assert field in refusal.value.fields
    assert Judgment.objects.count() == before
    single.refresh_from_db()
    assert single.state == Assignment.State.LEASED


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (Answer(), "preference"),
        (Answer(outcome="a", strength=1, reasons=("luck",)), "reasons"),
        (Answer(outcome="neither"), "correction_text"),
    ],
)
def test_incomplete_preference_is_refused(pair, answer, field):
    with pytest.raises(Invalid) as refusal:
        submit(pair, answer)

    assert field in refusal.value.fields


def test_correction_that_changes_nothing_is_refused(single):
    text = single.task.items.get().completion.content

    with pytest.raises(Invalid) as refusal:
        submit(single, replace(GOOD, corrections={0: text}))

    assert "correction_text" in refusal.value.fields


def test_twin_submit_is_one_judgment_and_a_success_to_both(single):
    key = uuid.uuid4()

    first = submit(single, GOOD, key=key)
    second = submit(single, GOOD, key=key)

    assert first == second
    assert Judgment.objects.filter(assignment=single).count() == 1


def test_one_key_does_not_serve_two_answers(single):
    key = uuid.uuid4()
    submit(single, GOOD, key=key)

    with pytest.raises(Invalid, match="already used for another answer"):
        submit(single, replace(GOOD, comment="Second thoughts."), key=key)


def test_answering_again_under_a_new_key_is_refused(single):
    submit(single, GOOD)

    with pytest.raises(Conflict, match="already answered"):
        submit(single, GOOD)


def test_answer_under_an_old_lease_is_refused(single):
    with pytest.raises(Conflict, match="given to another rater"):
        submit(single, GOOD, lease_no=single.lease_no - 1)


def test_expired_lease_is_taken_up_again_while_the_slot_is_free(single):
    release_expired(now=clock.now() + timedelta(days=1))

    judgment = submit(single, GOOD)

    assert judgment.assignment == single
    assert Slot.objects.get(pk=single.slot_id).state == Slot.State.DONE


def test_expired_lease_that_went_to_another_is_refused(single, study):
    slot = single.slot
    release_expired(now=clock.now() + timedelta(days=1))
    Slot.objects.filter(pk=slot.pk).update(
        state=Slot.State.LEASED,
        lease_no=slot.lease_no + 1,
        leased_until=clock.now() + timedelta(hours=1),
    )

    with pytest.raises(Conflict, match="given to another rater"):
        submit(single, GOOD)
    assert not Judgment.objects.filter(assignment=single).exists()


def test_closed_study_accepts_nothing(single, study):
    Study.objects.filter(pk=study.pk).update(state=Study.State.CLOSED)
    single.study.refresh_from_db()

    with pytest.raises(Conflict, match="was closed"):
        submit(single, GOOD)


def test_paused_study_still_accepts_what_is_in_hand(single, study):
    Study.objects.filter(pk=study.pk).update(state=Study.State.PAUSED)
    single.study.refresh_from_db()

    assert submit(single, GOOD)


def test_another_text_than_was_shown_is_refused(single):
    with pytest.raises(Conflict, match="another text"):
        submit_judgment(
            assignment=single,
            answer=GOOD,
            shown=shown_of(single),
            idempotency_key=uuid.uuid4(),
            lease_no=single.lease_no,
            shown_sha256_seen="0" * 64,
            active_seconds=1,
            now=clock.now(),
        )


def test_task_is_complete_with_its_last_slot(single, study):
    submit(single, GOOD)
    task = Task.objects.get(pk=single.task_id)
    assert task.state == Task.State.OPEN

    second = make_rater(study)
    while (
        taken := assign_next(study=study, rater=second, now=clock.now())
    ) is not None:
        submit(taken, GOOD if taken.task.kind == Task.Kind.SINGLE else BETTER_A)

    task.refresh_from_db()
    assert task.state == Task.State.COMPLETE


@pytest.mark.parametrize(
    "model", [Judgment, CriterionRating, Preference, Correction, SafetyFlag]
)
def test_what_was_said_cannot_be_unsaid(study, rater, model):
    pair = take(study, rater, Task.Kind.PAIR)
    submit(
        pair,
        replace(
            BETTER_A,
            corrections={0: "Better so."},
            flag=FlagDraft("bias", "mild", "A stereotype."),
        ),
    )
    submit(take(study, make_rater(study), Task.Kind.SINGLE), GOOD)
    assert model.objects.exists()

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        model.objects.all()._raw_delete("default")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        model.objects.update(id=-1)


def test_statements_of_a_submit_do_not_grow_with_the_study(
    db, django_assert_max_num_queries
):
    counts = []
    for n_prompts in (2, 200):
        study = make_study(n_prompts=n_prompts, overlap=2)
        assignment = take(study, make_rater(study), Task.Kind.SINGLE)
        # What a published guideline asks is read once and kept.
        shown_of(assignment)
        with django_assert_max_num_queries(40) as captured:
            submit(assignment, GOOD)
        counts.append(len(captured))
    assert counts == [13, 13]
