"""Settings of a study, and what becomes of places when they change."""

import pytest
from django.urls import reverse

from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid
from feedback.studies.assignment import assign_next
from feedback.studies.lifecycle import set_state
from feedback.studies.models import Slot, Study
from feedback.studies.policies import policy_words
from feedback.studies.services import create_study
from feedback.studies.study_settings import save_settings
from tests.builders import BETTER_A, GOOD, make_user, submit


def save(cast, **values):
    return save_settings(study=cast.study, values=values, actor=cast.lead)


def fields_of(client, study, **changes):
    """What the form of the page would send, with changes."""
    page = client.get(reverse("study_settings", args=[study.uid]))
    form = page.context["form"]
    given = {one.name: one.value() for one in form}
    given |= changes
    return {
        name: value
        for name, value in given.items()
        if value is not None and value is not False
    }


def send(client, study, **changes):
    url = reverse("study_settings", args=[study.uid])
    return client.post(url, fields_of(client, study, **changes), follow=True)


def test_what_is_different_is_stored_and_audited(cast):
    saved = save(cast, name="Renamed", gold_percent=5, overlap=3)
    assert saved.changed == ("name", "gold_percent")
    assert saved.slots is None
    event = AuditEvent.objects.get(action="study.settings_saved")
    assert event.details["gold_percent"] == [0, 5]
    assert save(cast, gold_percent=5).changed == ()
    assert AuditEvent.objects.filter(action="study.settings_saved").count() == 1


def test_fewer_raters_close_open_places_and_keep_those_in_hand(cast):
    for rater in (cast.rater, cast.rater2, cast.rater3):
        assign_next(study=cast.study, rater=rater, now=clock.now())
    task = cast.study.tasks.filter(slots__state="leased").first()
    n_held = task.slots.filter(state="leased").count()
    saved = save(cast, overlap=1)
    assert saved.slots.n_in_hand == 3
    assert saved.slots.n_closed
    for one in cast.study.tasks.all():
        live = one.slots.filter(state__in=["open", "leased"]).count()
        held = one.slots.filter(state="leased").count()
        assert live == max(1, held)
    assert task.slots.filter(state="leased").count() == n_held
    for rater in (cast.rater, cast.rater2, cast.rater3):
        held = rater.assignments.get(state="leased")
        answer = GOOD if held.task.kind == "single" else BETTER_A
        submit(held, answer)
    assert Slot.objects.filter(study=cast.study, state="done").count() == 3


def test_more_raters_open_places_again(cast):
    before = cast.study.slots.filter(state="open").count()
    save(cast, overlap=1)
    saved = save(cast, overlap=3)
    assert cast.study.slots.filter(state="open").count() == before
    assert saved.slots.n_opened == before * 2 // 3


def test_the_seed_stays_once_there_are_tasks(cast, sign_in):
    with pytest.raises(Invalid) as refusal:
        save(cast, seed=7)
    assert set(refusal.value.fields) == {"seed"}
    answer = send(sign_in(cast.lead), cast.study, seed=7)
    assert "Nothing was different." in answer.text
    bare = create_study(name="Bare", created_by=cast.lead)
    assert save_settings(study=bare, values={"seed": 7}, actor=cast.lead).changed


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"overlap": 0}, "overlap"),
        ({"overlap": 51}, "overlap"),
        ({"cap": 1}, "cap"),
        ({"policy": "lead", "overlap": 5, "cap": 4}, "cap"),
        ({"policy": "guess"}, "policy"),
        ({"practice": "never"}, "practice"),
        ({"leak_policy": "shout"}, "leak_policy"),
        ({"gold_percent": 51}, "gold_percent"),
        ({"retest_percent": 51}, "retest_percent"),
        ({"audit_percent": 101}, "audit_percent"),
        ({"reveal_percent": 101}, "reveal_percent"),
        ({"lease_seconds": 59}, "lease_seconds"),
        ({"name": ""}, "name"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(cast, values, field):
    with pytest.raises(Invalid) as refusal:
        save(cast, **values)
    assert field in refusal.value.fields
    assert Study.objects.get(pk=cast.study.pk).name == cast.study.name


def test_a_closed_study_keeps_its_settings(cast, sign_in):
    set_state(study=cast.study, state="closed", actor=cast.lead)
    with pytest.raises(Conflict, match="stay as they are"):
        save(cast, overlap=2)
    page = sign_in(cast.lead).get(reverse("study_settings", args=[cast.study.uid]))
    assert "Save settings" not in page.text


@pytest.mark.parametrize("policy", Study.Policy.values)
def test_every_policy_is_told_in_words_with_the_numbers(policy):
    study = Study(policy=policy, overlap=4, cap=6, audit_percent=12)
    words = policy_words(study)
    number = {"lead": "6", "posterior": "6"}.get(policy, "4")
    assert number in words
    assert ("12 %" in words) is (policy != "fixed")


def test_the_page_stores_every_setting(cast, sign_in):
    answer = send(
        sign_in(cast.lead),
        cast.study,
        name="Renamed",
        description="Why we ask.",
        overlap=2,
        policy="lead",
        cap=5,
        decides_on="safety",
        audit_percent=20,
        gold_percent=5,
        retest_percent=4,
        needs_qualification="on",
        practice="prefer",
        specialties="cardiology, Oncology, cardiology,",
        lease_minutes=45,
        undo_minutes=5,
        reveal_percent=10,
        leak_policy="mark",
    )
    assert "The settings are saved. Places opened:" in answer.text
    study = Study.objects.get(pk=cast.study.pk)
    assert study.specialties == ["cardiology", "Oncology"]
    assert (study.lease_seconds, study.undo_seconds) == (2700, 300)
    assert (study.policy, study.cap, study.decides_on) == ("lead", 5, "safety")
    assert (study.audit_percent, study.gold_percent) == (20, 5)
    assert (study.retest_percent, study.reveal_percent) == (4, 10)
    assert (study.practice, study.leak_policy) == ("prefer", "mark")
    assert study.needs_qualification
    assert (study.name, study.description) == ("Renamed", "Why we ask.")


def test_a_time_that_is_no_whole_minute_stays(cast, sign_in):
    Study.objects.filter(pk=cast.study.pk).update(lease_seconds=90)
    send(sign_in(cast.lead), cast.study, name="Renamed")
    assert Study.objects.get(pk=cast.study.pk).lease_seconds == 90


def test_the_page_states_the_rule_and_refuses_at_the_field(cast, sign_in):
    client = sign_in(cast.lead)
    page = client.get(reverse("study_settings", args=[cast.study.uid])).text
    assert "are closed. Places that raters hold are kept" in page
    assert "one label is ahead of every other" in page
    refused = send(client, cast.study, overlap=99, name="Kept name")
    assert refused.status_code == 422
    assert 'id="id_overlap_error"' in refused.text
    assert "Kept name" in refused.text
    refused = send(client, cast.study, policy="lead", overlap=6, cap=4)
    assert refused.status_code == 422
    assert 'id="id_cap_error"' in refused.text


def test_what_is_no_longer_asked_can_still_be_chosen_away(cast, sign_in):
    Study.objects.filter(pk=cast.study.pk).update(decides_on="gone")
    client = sign_in(cast.lead)
    page = client.get(reverse("study_settings", args=[cast.study.uid])).text
    assert "gone (no longer asked)" in page
    send(client, cast.study, decides_on="")
    assert Study.objects.get(pk=cast.study.pk).decides_on == ""


def test_the_pages_start_pause_and_close(cast, sign_in):
    client = sign_in(cast.lead)
    url = reverse("study_state", args=[cast.study.uid])
    assert "Start the study" not in client.get(url).text
    client.post(url, {"state": "paused", "reason": "Holidays"})
    assert Study.objects.get(pk=cast.study.pk).state == "paused"
    client.post(url, {"state": "open"})
    refused = client.post(url, {"state": "closed", "typed_name": "Another"})
    assert refused.status_code == 422
    assert "to close the study for good" in refused.text
    assert Study.objects.get(pk=cast.study.pk).state == "open"
    client.post(url, {"state": "closed", "typed_name": f" {cast.study.name} "})
    assert Study.objects.get(pk=cast.study.pk).state == "closed"
    assert "which is final" in client.get(url).text
    assert client.post(url, {"state": "open"}).status_code == 409


def test_a_long_reason_is_refused(cast, sign_in):
    url = reverse("study_state", args=[cast.study.uid])
    given = {"state": "paused", "reason": "x" * 301}
    assert sign_in(cast.lead).post(url, given).status_code == 422


def test_a_study_of_nobody_else_is_not_there(cast, sign_in):
    other = sign_in(make_user())
    for name in ("study_settings", "study_setup", "study_state", "study_clone"):
        assert other.get(reverse(name, args=[cast.study.uid])).status_code == 404
