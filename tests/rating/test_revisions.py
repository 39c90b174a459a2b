"""Taking an answer back: a new revision within the window, and nothing lost."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from exports.services import request_snapshot, seal_snapshot
from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid
from feedback.rating.answers import Answer, scores
from feedback.rating.models import Draft, Judgment, Reveal
from feedback.rating.replay import fields_of
from feedback.rating.reveals import reveal_after
from feedback.rating.selectors import judgments_of, line_of
from feedback.rating.services import revise_judgment
from feedback.rating.shown import shown_of
from feedback.studies.assignment import assign_next
from feedback.studies.criteria import FormDraft
from feedback.studies.models import Assignment, Study, Task
from tests.builders import GOOD, make_rater, make_study, submit

pytestmark = pytest.mark.django_db
WORSE = Answer(ratings=scores(correctness=2, tone=2, safety=2))
SINGLE = [FormDraft("single", ("ratings",))]


@pytest.fixture
def study():
    return make_study(n_prompts=3, n_completions=1, forms=SINGLE)


@pytest.fixture
def rater(study):
    return make_rater(study)


@pytest.fixture
def judged(study, rater):
    return submit(assign_next(study=study, rater=rater, now=clock.now()), GOOD)


def revise(judgment, answer=WORSE, **fields):
    judgment.assignment.refresh_from_db()
    shown = shown_of(judgment.assignment)
    return revise_judgment(
        **{
            "judgment": judgment,
            "answer": answer,
            "shown": shown,
            "idempotency_key": uuid.uuid4(),
            "shown_sha256_seen": shown.sha256,
            "active_seconds": 5,
            "now": clock.now(),
        }
        | fields
    )


def test_a_revision_supersedes_and_keeps_the_first(judged):
    second = revise(judged)

    assert (second.revision, second.supersedes) == (2, judged)
    assert second.basis == Judgment.Basis.BLIND
    assert judged.ratings.get(criterion__key="tone").value == 4
    assert second.ratings.get(criterion__key="tone").value == 2
    # The slot stays done: a revision is no second judgment of the task.
    assert judged.assignment.slot.state == "done"


def test_the_same_revision_twice_is_one(judged):
    key = uuid.uuid4()

    assert revise(judged, idempotency_key=key) == revise(judged, idempotency_key=key)
    assert Judgment.objects.count() == 2


def test_of_two_windows_the_second_is_refused(judged):
    revise(judged)

    with pytest.raises(Conflict, match="another window"):
        revise(judged, GOOD)


def test_the_window_closes(judged, study):
    late = clock.now() + timedelta(seconds=study.undo_seconds + 1)

    with pytest.raises(Conflict, match="10 minutes have passed"):
        revise(judged, now=late)


def test_an_incomplete_revision_is_refused_and_nothing_changes(judged):
    with pytest.raises(Invalid):
        revise(judged, Answer(ratings=scores(tone=1)))
    assert Judgment.objects.count() == 1


def test_a_closed_study_takes_no_revision(judged, study):
    Study.objects.filter(pk=study.pk).update(state=Study.State.CLOSED)
    judged.study.refresh_from_db()

    with pytest.raises(Conflict, match="was closed") as refused:
        revise(judged)
    assert "Closing is final" in refused.value.next_step


def test_an_answer_in_training_is_not_taken_back(judged, study, rater, sign_in):
    """What was expected is on the page that follows it."""
    Task.objects.filter(pk=judged.task_id).update(purpose=Task.Purpose.TRAINING)
    judged = judgments_of(rater.user).get()
    assert not line_of(judged, now=clock.now()).is_changeable
    browser = sign_in(rater.user)

    page = browser.get(reverse("study_undo", args=[study.uid]), follow=True)
    assert "no answer of the last 10 minutes" in page.content.decode()
    url = reverse("assignment_revise", args=[judged.assignment.uid])
    assert browser.get(url).status_code == 302
    page = browser.get(reverse("assignment_detail", args=[judged.assignment.uid]))
    assert url not in page.content.decode()


def test_undo_opens_the_last_answer_as_it_was_given(judged, study, rater, sign_in):
    browser = sign_in(rater.user)

    response = browser.get(reverse("study_undo", args=[study.uid]))
    page = browser.get(response.url)

    assert response.url == reverse("assignment_revise", args=[judged.assignment.uid])
    checked = {
        (option.value, field.name)
        for item in page.context["items"]
        for field in item.asked.criteria
        for option in field.options
        if option.is_checked
    }
    assert checked == {
        ("5", "ratings-0-correctness"),
        ("4", "ratings-0-tone"),
        ("5", "ratings-0-safety"),
    }


def form(page):
    context = page.context
    return {
        "idempotency_key": str(context["idempotency_key"]),
        "lease_no": context["lease_no"],
        "shown_sha256": context["shown_sha256"],
        "active_seconds": "4",
        "revises": str(context["judgment"].uid),
    }


def test_the_page_stores_a_change_and_drops_the_draft(judged, rater, sign_in):
    browser = sign_in(rater.user)
    url = reverse("assignment_revise", args=[judged.assignment.uid])
    page = browser.get(url)
    Draft.objects.create(
        assignment=judged.assignment,
        fields={},
        page_id=uuid.uuid4(),
        page_seq=1,
        version=1,
    )
    fields = form(page) | fields_of(judged, shown_of(judged.assignment)).dict()

    response = browser.post(url, fields | {"ratings-0-tone": "1"})

    assert response.status_code == 302
    latest = Judgment.objects.get(supersedes=judged)
    assert latest.ratings.get(criterion__key="tone").value == 1
    assert not Draft.objects.exists()
    # An older page of the same answer comes too late.
    assert browser.post(url, fields).status_code == 409


def test_nothing_to_take_back_says_so(study, rater, sign_in):
    browser = sign_in(rater.user)

    page = browser.get(reverse("study_undo", args=[study.uid]), follow=True)

    assert "no answer of the last 10 minutes" in page.content.decode()


# --- commit, reveal, revise -------------------------------------------------------------


@pytest.fixture
def revealing():
    return make_study(
        n_prompts=1, n_completions=1, forms=SINGLE, overlap=3, reveal_percent=100
    )


def take(study):
    rater = make_rater(study)
    return assign_next(study=study, rater=rater, now=clock.now())


def test_nothing_is_revealed_before_others_answered(revealing):
    first = take(revealing)
    assert first.arm == Assignment.Arm.REVEAL

    assert reveal_after(assignment=first, judgment=submit(first, GOOD)) is None


def test_others_are_shown_after_the_own_answer_and_stored(revealing, sign_in):
    submit(take(revealing), GOOD)
    second = take(revealing)
    browser = sign_in(second.rater.user)
    page = browser.get(reverse("assignment_detail", args=[second.uid]))
    assert "Others" not in page.content.decode()

    fields = {
        "idempotency_key": str(page.context["idempotency_key"]),
        "lease_no": page.context["lease_no"],
        "shown_sha256": page.context["shown_sha256"],
        "active_seconds": "4",
        **{f"ratings-0-{key}": "2" for key in ("correctness", "tone", "safety")},
    }
    response = browser.post(reverse("assignment_detail", args=[second.uid]), fields)

    assert response.url == reverse("assignment_reveal", args=[second.uid])
    reveal = Reveal.objects.get(assignment=second)
    assert {
        "item": 0,
        "label": "Tone",
        "value": "4.0",
        "n_raters": 1,
    } in reveal.content
    text = browser.get(response.url).content.decode()
    assert "Revise my answer" in text
    assert "Rater" not in text


def test_one_revision_after_the_reveal_and_the_blind_one_is_exported(
    revealing, tmp_path
):
    submit(take(revealing), GOOD)
    second = take(revealing)
    blind = submit(second, WORSE)
    reveal_after(assignment=second, judgment=blind)

    swayed = revise(blind, GOOD)

    assert swayed.basis == Judgment.Basis.AFTER_REVEAL
    with pytest.raises(Conflict, match="already revised"):
        revise(swayed, WORSE)
    snapshot = request_snapshot(
        study=revealing,
        actor=revealing.created_by,
        app_version="0.0.1",
        is_queued=False,
    )
    sealed = seal_snapshot(snapshot=snapshot, directory=tmp_path)
    members = set(sealed.members.values_list("judgment_id", flat=True))
    assert blind.pk in members
    assert swayed.pk not in members
    kept_out = {line["rule"]: line["n_out"] for line in sealed.contract}
    assert (kept_out["after_reveal"], kept_out["superseded"]) == (1, 0)


def test_revisions_after_a_reveal_are_not_shown_to_the_next_rater(revealing):
    submit(take(revealing), GOOD)
    second = take(revealing)
    blind = submit(second, WORSE)
    reveal_after(assignment=second, judgment=blind)
    revise(blind, GOOD)

    third = take(revealing)
    reveal = reveal_after(assignment=third, judgment=submit(third, GOOD))

    tone = next(line for line in reveal.content if line["label"] == "Tone")
    assert (tone["value"], tone["n_raters"]) == ("3.0", 2)


def test_the_arm_is_drawn_by_the_stated_share():
    study = make_study(
        n_prompts=200, n_completions=1, forms=SINGLE, overlap=1, reveal_percent=30
    )
    rater = make_rater(study)
    arms = []
    while assignment := assign_next(study=study, rater=rater, now=clock.now()):
        arms.append(assignment.arm)
        submit(assignment, GOOD)

    # 200 draws at 0.3: four standard deviations are 26.
    assert abs(arms.count(Assignment.Arm.REVEAL) - 60) < 26
