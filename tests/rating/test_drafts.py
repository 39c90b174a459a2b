"""Unfinished answers on the server: of two pages neither overwrites the other unasked."""

import uuid

import pytest
from django.http import QueryDict
from django.urls import reverse

from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid
from feedback.rating.drafts import (
    MAX_CHARACTERS,
    NOT_KEPT,
    OtherDraft,
    save_draft,
)
from feedback.rating.models import Draft, Judgment
from feedback.rating.services import revise_judgment
from feedback.rating.shown import shown_of
from feedback.studies.assignment import assign_next, release_expired
from feedback.studies.models import Assignment, Slot
from tests.builders import GOOD, make_rater, make_study, submit
from tests.rating.test_races import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment(db):
    study = make_study(n_prompts=1, n_completions=1, overlap=1)
    return assign_next(study=study, rater=make_rater(study), now=clock.now())


@pytest.fixture
def post(assignment, sign_in):
    """Send a draft as the page does."""
    client = sign_in(assignment.rater.user)
    url = reverse("assignment_draft", args=[assignment.uid])
    page_id = uuid.uuid4()

    def post(*, accept="application/json", client=client, **fields):
        sent = {"page_id": page_id, "page_seq": 2, "draft_version": 0} | fields
        return client.post(url, sent, headers={"accept": accept})

    return post


def save(assignment, text, *, page_id, seq=2, **how):
    """Save a draft that holds a comment."""
    usual = {"continues": None, "version": 0, "takes_over": False, "revises": ""}
    return save_draft(
        assignment=assignment,
        post=QueryDict(f"comment={text}"),
        page_id=page_id,
        page_seq=seq,
        now=clock.now(),
        **usual | how,
    )


def kept(assignment):
    """The comment of the one draft there is."""
    return Draft.objects.get(assignment=assignment).fields["comment"][0]


def revise(judgment):
    """Store another answer to the same."""
    shown = shown_of(judgment.assignment)
    return revise_judgment(
        judgment=judgment,
        answer=GOOD,
        shown=shown,
        idempotency_key=uuid.uuid4(),
        shown_sha256_seen=shown.sha256,
        active_seconds=1,
        now=clock.now(),
    )


def test_what_stands_in_the_form_is_kept_and_nothing_about_the_page(post, assignment):
    about_the_page = dict.fromkeys(NOT_KEPT - {"takes_over", "continues"}, "1")
    about_the_page |= {"page_id": uuid.uuid4(), "mode": "open", "revises": ""}

    reply = post(
        **about_the_page, comment="Ƶ 👩‍👩‍👧\r\nЖ ж", reasons=["a", "b"], tone=""
    )

    draft = Draft.objects.get(assignment=assignment)
    assert draft.fields == {
        "comment": ["Ƶ 👩‍👩‍👧\r\nЖ ж"],
        "reasons": ["a", "b"],
    }
    assert reply.json() == {"version": 1, "saved_at": draft.saved_at.isoformat()}


def test_an_older_save_that_comes_late_changes_nothing(assignment):
    page = uuid.uuid4()
    save(assignment, "newest", page_id=page, seq=5)

    assert save(assignment, "old", page_id=page, seq=4).version == 1
    assert save(assignment, "same", page_id=page, seq=5).version == 1
    assert kept(assignment) == "newest"
    assert save(assignment, "newer", page_id=page, seq=6).version == 2
    assert kept(assignment) == "newer"


def test_another_window_is_told_and_overwrites_only_if_a_person_says_so(assignment):
    one, two = uuid.uuid4(), uuid.uuid4()
    save(assignment, "one", page_id=one)

    with pytest.raises(OtherDraft) as refused:
        save(assignment, "two", page_id=two)
    assert refused.value.version == 1
    assert kept(assignment) == "one"

    save(assignment, "two", page_id=two, seq=3, takes_over=True)
    assert kept(assignment) == "two"
    with pytest.raises(OtherDraft):
        save(assignment, "one again", page_id=one, seq=3, version=1)
    assert kept(assignment) == "two"


def test_a_page_that_saw_the_draft_goes_on_with_it(assignment):
    save(assignment, "one", page_id=uuid.uuid4())

    save(assignment, "two", page_id=uuid.uuid4(), version=1)

    assert kept(assignment) == "two"


def test_a_late_save_of_the_page_before_is_no_other_window(assignment):
    before, page = uuid.uuid4(), uuid.uuid4()
    save(assignment, "late", page_id=before)

    save(assignment, "taken up", page_id=page, continues=before)

    assert kept(assignment) == "taken up"
    with pytest.raises(OtherDraft):
        save(assignment, "later still", page_id=before, seq=3)
    assert kept(assignment) == "taken up"


def test_the_reply_names_the_other_window_and_its_time(post, assignment):
    saved = save(assignment, "one", page_id=uuid.uuid4())

    reply = post(comment="two")

    assert reply.status_code == 409
    assert reply.json()["why"] == "other_window"
    assert reply.json()["version"] == 1
    assert reply.json()["saved_at"] == saved.saved_at.isoformat()
    assert post(comment="two", takes_over="1").status_code == 200
    assert kept(assignment) == "two"


def test_without_javascript_the_page_comes_back_with_the_draft(post, assignment):
    save(assignment, "one", page_id=uuid.uuid4())

    reply = post(accept="text/html", comment="by hand")

    detail = reverse("assignment_detail", args=[assignment.uid])
    assert reply.status_code == 302
    assert reply.url == detail
    assert "by hand" in reply.client.get(detail).text


def test_without_javascript_a_refusal_is_a_page(post):
    reply = post(accept="text/html", comment="x" * (MAX_CHARACTERS + 1))

    assert reply.status_code == 422
    assert "500,001 characters" in reply.text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"comment": "x" * (MAX_CHARACTERS + 1)}, "500,001 characters"),
        ({"comment": "a\x00b"}, "comment holds a character"),
        ({"page_id": "me"}, "page_id is not valid"),
        ({"continues": "me"}, "continues is not valid"),
        ({"page_seq": "-1"}, "page_seq is '-1', not a number"),
        ({"page_seq": "²"}, "page_seq is '²', not a number"),
        ({"draft_version": "9" * 10}, "draft_version is '9999999999', not a number"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(post, fields, says):
    reply = post(**fields)

    assert reply.status_code == 422
    assert reply.json()["why"] == "refused"
    assert says in reply.json()["message"]
    assert reply.json()["next_step"]
    assert not Draft.objects.exists()


def test_too_many_fields_are_refused(assignment):
    post = QueryDict(mutable=True)
    for number in range(2001):
        post[f"f{number}"] = "1"

    with pytest.raises(Invalid):
        save_draft(
            assignment=assignment,
            post=post,
            page_id=uuid.uuid4(),
            page_seq=1,
            continues=None,
            version=0,
            takes_over=False,
            revises="",
            now=clock.now(),
        )


def test_no_draft_comes_after_the_submit(post, assignment):
    post(comment="before")
    submit(assignment, GOOD)
    assert not Draft.objects.exists()

    reply = post(comment="after", page_seq=3, takes_over="1")

    assert reply.status_code == 409
    assert reply.json()["why"] == "answered"
    assert not Draft.objects.exists()
    assert Judgment.objects.get().comment == ""


def test_a_task_that_went_to_somebody_else_still_keeps_the_text(post, assignment):
    release_expired(now=assignment.leased_until)
    other = make_rater(assignment.study)
    assert assign_next(study=assignment.study, rater=other, now=clock.now())

    assert post(comment="mine").status_code == 200
    assert kept(assignment) == "mine"


@pytest.mark.parametrize("who", ["rater2", "lead", "admin", "stranger"])
def test_nobody_else_saves_a_draft(cast, sign_in, who):
    mine = assign_next(study=cast.study, rater=cast.rater, now=clock.now())
    person = getattr(cast, who)
    client = sign_in(getattr(person, "user", person))
    sent = {"page_id": uuid.uuid4(), "page_seq": 2, "draft_version": 0, "comment": "x"}

    reply = client.post(
        reverse("assignment_draft", args=[mine.uid]),
        sent,
        headers={"accept": "application/json"},
    )

    assert reply.status_code == 404
    assert not Draft.objects.exists()


def test_signed_out_the_reply_says_where_to_sign_in(client, assignment):
    page = reverse("assignment_detail", args=[assignment.uid])

    reply = client.post(
        reverse("assignment_draft", args=[assignment.uid]),
        headers={"accept": "application/json", "referer": f"http://testserver{page}"},
    )

    assert reply.status_code == 401
    assert reply.json()["sign_in"].endswith(f"?next={page.replace('/', '%2F')}")


def test_a_change_has_a_draft_of_its_own_until_it_is_stored(assignment):
    first = submit(assignment, GOOD)
    page = uuid.uuid4()

    save(assignment, "changed", page_id=page, revises=str(first.uid))
    assert kept(assignment) == "changed"
    revise(first)
    assert not Draft.objects.exists()

    with pytest.raises(Conflict, match="in another window"):
        save(assignment, "late", page_id=page, seq=3, revises=str(first.uid))
    assert not Draft.objects.exists()


@pytest.mark.parametrize("revises", ["not-a-uid", str(uuid.UUID(int=1))])
def test_a_change_of_an_answer_that_is_not_there_is_refused(assignment, revises):
    with pytest.raises(Conflict):
        save(assignment, "x", page_id=uuid.uuid4(), revises=revises)


def test_a_change_by_hand_goes_back_to_the_change(post, assignment):
    first = submit(assignment, GOOD)

    reply = post(
        accept="text/html", comment="changed", mode="revise", revises=first.uid
    )

    assert reply.url == reverse("assignment_revise", args=[assignment.uid])
    assert kept(assignment) == "changed"


# --- many at once -----------------------------------------------------------------------


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_many_windows_one_is_first_and_every_other_is_told(assignment):
    def one(index):
        try:
            return save(fresh(assignment), f"w{index}", page_id=uuid.uuid4()).version
        except OtherDraft as refused:
            return refused

    told = together(8, one)

    assert [one for one in told if not isinstance(one, OtherDraft)] == [1]
    winner = next(i for i, one in enumerate(told) if one == 1)
    assert kept(assignment) == f"w{winner}"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_saves_of_one_page_in_any_order_end_with_the_last(assignment):
    page = uuid.uuid4()

    together(
        8, lambda index: save(fresh(assignment), f"s{index}", page_id=page, seq=index)
    )

    assert kept(assignment) == "s7"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_a_save_at_the_moment_of_the_submit_leaves_no_draft(assignment, _round):
    page = uuid.uuid4()

    def one(index):
        if index == 3:
            return submit(fresh(assignment), GOOD)
        try:
            return save(fresh(assignment), f"s{index}", page_id=page, seq=index + 2)
        except Conflict as refused:
            return refused

    together(7, one)

    assert not Draft.objects.exists()
    assert Judgment.objects.get().comment == ""
    assert Slot.objects.get().state == Slot.State.DONE


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_a_save_at_the_moment_of_a_change_leaves_no_draft(assignment, _round):
    first = submit(assignment, GOOD)
    page = uuid.uuid4()

    def one(index):
        if index == 2:
            return revise(first)
        try:
            return save(
                fresh(assignment),
                f"s{index}",
                page_id=page,
                seq=index + 2,
                revises=str(first.uid),
            )
        except Conflict as refused:
            return refused

    together(5, one)

    assert not Draft.objects.exists()
    assert Judgment.objects.count() == 2


def fresh(assignment):
    """The assignment as a request of its own would load it."""
    return Assignment.objects.select_related("study", "task__prompt", "rater").get(
        pk=assignment.pk
    )
