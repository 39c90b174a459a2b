"""Settings that change while tasks are complete: who is asked again, and who is not."""

import pytest

from feedback.studies import building
from feedback.studies.building import build_tasks
from feedback.studies.criteria import FormDraft
from feedback.studies.models import Slot, Study, Task
from feedback.studies.study_settings import save_settings
from tests.builders import (
    BETTER_A,
    judge_all,
    make_prompts,
    make_rater,
    make_study,
)
from tests.quality.test_route_task import GOOD, POOR, make, say, specialist, work

pytestmark = pytest.mark.django_db


def change(study, **values):
    save_settings(study=study, values=values, actor=study.created_by)
    work()
    study.refresh_from_db()
    return study.tasks.order_by("pk").first()


def places(task):
    rows = task.slots.order_by("slot_no").values_list("wave", "state")
    return [f"{wave} {state}" for wave, state in rows]


def test_a_higher_cap_asks_on_where_the_cap_ended_it():
    study = make("lead", cap=3, overlap=3)
    assert say(study, GOOD, POOR, GOOD).stopped_by == "cap"

    task = change(study, cap=5)

    assert (task.state, task.stopped_by) == ("open", "")
    assert places(task) == ["base done", "base done", "more done", "more open"]


def test_a_higher_overlap_asks_on_where_the_leader_could_be_caught_now():
    study = make("locked", overlap=3)
    assert say(study, GOOD, GOOD).stopped_by == "locked"

    task = change(study, overlap=5)

    assert (task.state, task.stopped_by) == ("open", "")
    assert places(task) == ["base done", "base done", "more open"]
    assert say(study, GOOD).stopped_by == "locked"
    assert change(study, overlap=5, cap=9).state == Task.State.COMPLETE


@pytest.mark.parametrize("policy", ["lead", "posterior"])
def test_what_was_certain_stays_complete(policy):
    study = make(policy, cap=5)
    before = say(study, GOOD, GOOD)
    assert before.stopped_by == policy

    task = change(study, cap=9)

    assert (task.state, task.stopped_by) == ("complete", policy)
    assert places(task) == ["base done", "base done"]


def test_another_policy_looks_again_at_what_only_had_its_number():
    study = make("fixed", overlap=2)
    assert say(study, GOOD, POOR).stopped_by == "fixed"

    task = change(study, policy="lead", cap=5)

    assert places(task) == ["base done", "base done", "more open"]


@pytest.mark.parametrize(
    "values", [{"policy": "fixed", "overlap": 7}, {"policy": "lead", "cap": 7}]
)
def test_what_a_specialist_decided_asks_nobody_else(values):
    study = make("lead", cap=3, overlap=3)
    expert = specialist(study)
    say(study, GOOD, POOR, GOOD)
    assert say(study, GOOD, by=expert).stopped_by == "specialist"

    task = change(study, **values)

    assert (task.state, task.stopped_by) == ("complete", "specialist")
    assert not task.slots.filter(state="open").exists()


def test_a_higher_cap_asks_another_rater_before_the_specialist():
    study = make("lead", cap=3, overlap=3)
    expert = specialist(study)
    assert "specialist open" in places(say(study, GOOD, POOR, GOOD))

    task = change(study, cap=7)

    assert places(task)[3:] == ["specialist closed", "more open"]
    assert say(study, POOR).state == Task.State.OPEN
    change(study, cap=4)
    assert say(study, GOOD, by=expert).stopped_by == "specialist"


def test_a_lower_cap_closes_open_places_and_leaves_what_is_held():
    study = make("lead", cap=7)
    say(study, GOOD, POOR)
    task = change(study, cap=2, overlap=2)
    assert (task.state, task.stopped_by) == ("complete", "cap")
    assert places(task) == ["base done", "base done", "more closed"]

    study = make("lead", cap=7)
    say(study, GOOD, POOR)
    Slot.objects.filter(study=study, state="open").update(
        state="leased", leased_until="2030-01-01T00:00Z"
    )
    task = change(study, cap=2, overlap=2)
    assert places(task) == ["base done", "base done", "more leased"]


def test_a_task_that_was_complete_is_not_drawn_for_an_audit_later():
    study = make("locked", overlap=3, audit_percent=100)
    say(study, GOOD, GOOD)
    specialist(study)

    task = change(study, policy="lead")

    assert task.state == Task.State.COMPLETE
    assert not task.slots.filter(wave="audit").exists()


def test_pairs_by_information_are_asked_on_when_the_sum_grows():
    study = make_study(n_prompts=2, overlap=2, forms=[FormDraft("pair")])
    change(study, policy="information")
    for _ in range(2):
        judge_all(study, make_rater(study), pair=BETTER_A)
        work()
    assert study.tasks.exclude(state="complete").count() == 0

    change(study, overlap=3)

    assert study.slots.filter(state="open").count() == 2
    assert study.tasks.filter(state="open").count() == 2


def test_tasks_made_while_the_number_changes_have_the_new_number(monkeypatch):
    """The job read the study before; the lead saves between two chunks."""
    study = make_study(n_prompts=0, overlap=2)
    make_prompts(study.sources.get(), n_prompts=4, n_completions=1)
    old = Study.objects.get(pk=study.pk)
    monkeypatch.setattr(building, "_PROMPTS_A_CHUNK", 2)
    make_chunk = building._build_chunk

    def with_a_change(*args):
        n_new = make_chunk(*args)
        save_settings(study=study, values={"overlap": 4}, actor=study.created_by)
        return n_new

    monkeypatch.setattr(building, "_build_chunk", with_a_change)

    assert build_tasks(study=old) == 4

    for task in study.tasks.all():
        assert task.slots.filter(state="open").count() == 4
