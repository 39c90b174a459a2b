"""The demonstration loads whole, once, and goes on where it was interrupted."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from exports.models import Snapshot
from feedback.accounts.models import User
from feedback.corpus.models import Completion, Prompt
from feedback.rating.models import Correction, Judgment, Preference, SafetyFlag
from feedback.review.models import AdjudicationCase
from feedback.studies.models import GoldItem, Study, Task
from rlhf_site.demo import load as demo
from rlhf_site.demo import workbench
from rlhf_site.demo.people import PEOPLE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def counts():
    tables = (
        User,
        Prompt,
        Completion,
        Study,
        Judgment,
        Preference,
        Snapshot,
        GoldItem,
        AdjudicationCase,
    )
    return {table.__name__: table.objects.count() for table in tables}


def test_load_is_whole_and_a_second_one_changes_nothing():
    said = StringIO()
    call_command("load_demo", stdout=said)

    first = counts()
    asked = sum(person.skill.n_answers for person in PEOPLE if person.skill)
    assert first["Judgment"] == asked
    assert first["Prompt"] >= 40
    assert Snapshot.objects.get().state == Snapshot.State.SEALED
    assert Correction.objects.exists()
    assert AdjudicationCase.objects.exists()
    assert GoldItem.objects.count() == demo.N_GOLDS
    assert SafetyFlag.objects.exists()
    assert "sealing a snapshot" in said.getvalue()

    call_command("load_demo", stdout=StringIO())
    assert counts() == first

    links = StringIO()
    call_command("demo_links", base_url="http://127.0.0.1:8000/", stdout=links)
    tokens = re.findall(r"127\.0\.0\.1:8000(/sign-in/link/\S+)", links.getvalue())
    assert len(tokens) == 8
    assert all(Client().post(token).status_code == 302 for token in tokens)


def test_interrupted_load_goes_on_to_the_same_end(monkeypatch):
    whole = len([person for person in PEOPLE if person.skill])
    played = []

    def stop_half_way(study, rater, skill, truth, play=demo._play):
        if len(played) == whole // 2:
            raise KeyboardInterrupt
        played.append(rater)
        play(study, rater, skill, truth)

    with monkeypatch.context() as patch:
        patch.setattr(demo, "_play", stop_half_way)
        with pytest.raises(KeyboardInterrupt):
            demo.load(lambda _step: None)
    assert Judgment.objects.count() > 0
    assert not Snapshot.objects.exists()

    demo.load(lambda _step: None)

    asked = sum(person.skill.n_answers for person in PEOPLE if person.skill)
    assert Judgment.objects.count() == asked
    assert Snapshot.objects.get().state == Snapshot.State.SEALED
    assert Prompt.objects.count() == sum(
        len((demo.CONTENT / name).read_text(encoding="utf-8").splitlines())
        for name in ("prompts.jsonl", "workbench.jsonl")
    )
    trial = Study.objects.get(name=workbench.STUDY_NAME)
    assert set(trial.tasks.values_list("kind", flat=True)) == set(Task.Kind.values)


@pytest.mark.parametrize("command", ["load_demo", "demo_links"])
def test_production_has_no_demonstration(command, settings):
    settings.IS_PRODUCTION = True

    with pytest.raises(CommandError, match="production"):
        call_command(command, stdout=StringIO())
    assert not User.objects.exists()


def test_links_without_people_say_how_to_get_them():
    with pytest.raises(CommandError, match="load_demo"):
        call_command("demo_links", stdout=StringIO())
