"""Making, changing and retiring tasks whose answer is known."""

import pytest

from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid, NotVisible
from feedback.studies.criteria import Choice, CriterionDraft, FormDraft
from feedback.studies.golds import (
    access_gold,
    access_task,
    golds_of,
    make_gold,
    replace_gold,
    retire_gold,
)
from feedback.studies.models import Slot, Task
from tests import builders

SAFE = {"ratings": {"safety": {"value": 5, "tolerance": 1}}}

EVERY_KIND = (
    CriterionDraft(
        key="safe", name="Safe", question="?", low_label="No", high_label="Yes"
    ),
    CriterionDraft(key="fit", name="Fit", question="?", kind="yes_no"),
    CriterionDraft(key="mark", name="Mark", question="?", kind="score"),
    CriterionDraft(
        key="reader",
        name="Reader",
        question="?",
        kind="nominal",
        options=(Choice("lay", "Lay"), Choice("expert", "Expert")),
    ),
    CriterionDraft(
        key="errors",
        name="Errors",
        question="?",
        kind="multi_label",
        options=(Choice("dose", "Dose"), Choice("name", "Name")),
    ),
    CriterionDraft(key="why", name="Why", question="?", kind="text", is_required=False),
    CriterionDraft(
        key="kinder", name="Kinder", question="?", scope="pair", is_required=False
    ),
    CriterionDraft(key="first_wrong", name="First wrong", question="?", kind="turn"),
)


@pytest.fixture
def study(db):
    return builders.make_study(
        n_prompts=2,
        criteria=EVERY_KIND,
        forms=(
            FormDraft("single", ("ratings",)),
            FormDraft("pair"),
        ),
    )


def task_of(study, kind="single"):
    return study.tasks.filter(kind=kind).order_by("pk")[0]


def make(task, expected=None, **changes):
    fields = {
        "expected": {"ratings": {"safe": {"value": 2, "tolerance": 1}}}
        if expected is None
        else expected,
        "explanation": "The dose is ten times too high.",
        "purpose": Task.Purpose.GOLD,
        "actor": task.study.created_by,
    }
    return make_gold(task=task, **(fields | changes))


def test_a_gold_shows_the_same_and_has_no_room_for_anybody_yet(study):
    task = task_of(study, "pair")
    gold = make(task, {"preference": "b"})
    twin = gold.task
    assert twin.repeats == task
    assert twin.purpose == Task.Purpose.GOLD
    assert twin.guideline_version_id == task.guideline_version_id
    assert twin.fingerprint != task.fingerprint
    assert list(twin.items.values_list("completion", "position")) == list(
        task.items.values_list("completion", "position")
    )
    assert not twin.slots.exists()
    assert AuditEvent.objects.filter(action="gold.made", subject_uid=gold.uid).exists()


@pytest.mark.parametrize(
    ("kind", "expected", "stored"),
    [
        (
            "single",
            {"ratings": {"safe": {"value": 2}}},
            {"ratings": {"safe": {"value": 2, "tolerance": 0}}},
        ),
        (
            "single",
            {"ratings": {"fit": {"value": 0}, "mark": {"value": 80, "tolerance": 10}}},
            {
                "ratings": {
                    "fit": {"value": 0, "tolerance": 0},
                    "mark": {"value": 80, "tolerance": 10},
                }
            },
        ),
        (
            "single",
            {
                "ratings": {
                    "reader": {"value": "lay"},
                    "errors": {"value": ["name", "dose", "name"]},
                }
            },
            {
                "ratings": {
                    "reader": {"value": "lay"},
                    "errors": {"value": ["dose", "name"]},
                }
            },
        ),
        (
            "pair",
            {"preference": "neither", "ratings": {"kinder": {"value": "tie"}}},
            {"preference": "neither", "ratings": {"kinder": {"value": "tie"}}},
        ),
    ],
)
def test_what_is_expected_is_stored_in_one_spelling(study, kind, expected, stored):
    assert make(task_of(study, kind), expected).expected == stored


@pytest.mark.parametrize(
    ("kind", "expected", "field"),
    [
        ("single", {}, "expected"),
        ("single", {"ratings": {"safe": {"value": 6}}}, "value-safe"),
        ("single", {"ratings": {"safe": {"value": "2"}}}, "value-safe"),
        ("single", {"ratings": {"fit": {"value": 2}}}, "value-fit"),
        ("single", {"ratings": {"mark": {"value": 101}}}, "value-mark"),
        (
            "single",
            {"ratings": {"safe": {"value": 2, "tolerance": 5}}},
            "tolerance-safe",
        ),
        ("single", {"ratings": {"reader": {"value": "child"}}}, "value-reader"),
        ("single", {"ratings": {"errors": {"value": ["x"]}}}, "value-errors"),
        ("single", {"ratings": {"why": {"value": "x"}}}, "value-why"),
        ("single", {"ratings": {"kinder": {"value": "a"}}}, "value-kinder"),
        ("single", {"ratings": {"first_wrong": {"value": 1}}}, "value-first_wrong"),
        ("single", {"preference": "a"}, "preference"),
        ("pair", {"preference": "left"}, "preference"),
        ("pair", {"ratings": {"kinder": {"value": "neither"}}}, "value-kinder"),
        ("pair", {"ratings": {"safe": {"value": 2}}}, "value-safe"),
    ],
)
def test_an_answer_that_cannot_be_given_is_refused_at_its_field(
    study, kind, expected, field
):
    with pytest.raises(Invalid) as refusal:
        make(task_of(study, kind), expected)
    assert set(refusal.value.fields) == {field}
    assert not golds_of(study).exists()


def test_a_turn_is_known_in_a_conversation_only_up_to_its_last(db):
    study = builders.make_study(
        n_prompts=1,
        criteria=EVERY_KIND,
        forms=(FormDraft("single", ("ratings",)),),
    )
    task = task_of(study)
    task.kind = Task.Kind.CONVERSATION
    with pytest.raises(Invalid) as refusal:
        make(task, {"ratings": {"first_wrong": {"value": 2}}})
    # Without a form for conversations nothing of one can be known.
    assert "value-first_wrong" in refusal.value.fields


def test_a_ranking_has_no_known_answer(study):
    task = task_of(study)
    task.kind = Task.Kind.RANKING
    with pytest.raises(Invalid, match="Nothing that this kind"):
        make(task, {})


@pytest.mark.parametrize("text", ["", "  ", "x" * 4001, "nul \x00"])
def test_what_explains_nothing_is_refused(study, text):
    with pytest.raises(Invalid) as refusal:
        make(task_of(study), explanation=text)
    assert set(refusal.value.fields) == {"explanation"}


def test_a_known_answer_serves_golds_or_training(study):
    with pytest.raises(Invalid) as refusal:
        make(task_of(study), purpose="label")
    assert set(refusal.value.fields) == {"purpose"}


def test_a_task_has_one_known_answer_of_each_purpose(study):
    task = task_of(study)
    make(task)
    make(task, purpose=Task.Purpose.TRAINING)
    with pytest.raises(Conflict, match="known already"):
        make(task)


def test_a_twin_or_a_withdrawn_task_gets_none(study):
    twin = make(task_of(study)).task
    with pytest.raises(Conflict, match="twin"):
        make(twin)
    other = task_of(study, "pair")
    Task.objects.filter(pk=other.pk).update(state=Task.State.WITHDRAWN)
    with pytest.raises(Conflict, match="withdrawn"):
        make(other, {"preference": "a"})


def test_a_retired_gold_closes_its_open_places_and_its_task(study):
    gold = make(task_of(study))
    slot = Slot.objects.create(
        study=study, task=gold.task, slot_no=0, shuffle_key=0, wave=Slot.Wave.CHECK
    )
    actor, now = study.created_by, clock.now()
    retired = retire_gold(gold=gold, actor=actor, now=now)
    again = retire_gold(gold=gold, actor=actor, now=clock.now())
    assert retired.retired_at == again.retired_at == now
    slot.refresh_from_db()
    gold.task.refresh_from_db()
    assert slot.state == Slot.State.CLOSED
    assert gold.task.state == Task.State.WITHDRAWN
    assert AuditEvent.objects.filter(action="gold.retired").count() == 1


def test_a_changed_gold_is_another_and_the_earlier_one_is_kept(study):
    gold = make(task_of(study))
    actor = study.created_by
    changed = replace_gold(
        gold=gold,
        expected={"ratings": {"safe": {"value": 4}}},
        explanation="On second thought it is safe.",
        actor=actor,
        now=clock.now(),
    )
    gold.refresh_from_db()
    assert gold.retired_at is not None
    assert gold.expected["ratings"]["safe"]["value"] == 2
    assert changed.task.repeats == gold.task.repeats
    assert list(golds_of(study)) == [changed, gold]
    with pytest.raises(Conflict, match="retired"):
        replace_gold(
            gold=gold, expected={}, explanation="x", actor=actor, now=clock.now()
        )


def test_a_refused_change_leaves_the_gold_in_use(study):
    gold = make(task_of(study))
    with pytest.raises(Invalid):
        replace_gold(
            gold=gold,
            expected={"ratings": {"safe": {"value": 9}}},
            explanation="x",
            actor=study.created_by,
            now=clock.now(),
        )
    gold.refresh_from_db()
    assert gold.retired_at is None


def test_only_those_who_lead_the_study_reach_its_known_answers(cast):
    gold = make(task_of(cast.study), SAFE)
    assert access_gold(cast.lead, gold.uid) == gold
    assert access_gold(cast.admin, gold.uid) == gold
    assert access_task(cast.lead, gold.task.repeats.uid) == gold.task.repeats
    for person in (cast.rater.user, cast.stranger, cast.auditor, cast.engineer):
        with pytest.raises(NotVisible):
            access_gold(person, gold.uid)
        with pytest.raises(NotVisible):
            access_task(person, gold.task.repeats.uid)
    with pytest.raises(NotVisible):
        access_task(cast.lead, gold.task.uid)
