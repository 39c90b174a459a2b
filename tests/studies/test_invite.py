"""Inviting one person or many, renewing, taking back; links are shown once."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.common.exceptions import Conflict, Invalid
from feedback.studies.invitation_lines import COLUMNS, InvitationDraft, read_lines
from feedback.studies.invitations import (
    invite,
    open_invitations,
    renew,
    revoke,
    usable_invitation,
)
from feedback.studies.lifecycle import set_state
from feedback.studies.models import Invitation

ADA = InvitationDraft(email="ada@example.org", name="Ada")


def ask(cast, *drafts, now=None):
    return invite(
        study=cast.study,
        drafts=drafts,
        invited_by=cast.lead,
        now=now or clock.now(),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada@example.org", ("ada@example.org", "ada", "rater", "")),
        (
            "Ada Example <ADA@example.org>",
            ("ada@example.org", "Ada Example", "rater", ""),
        ),
        (
            "ada@example.org; Ada; Study lead; physician",
            ("ada@example.org", "Ada", "lead", "physician"),
        ),
        (
            "name\temail\tprofession\nAda\tada@example.org\tnurse",
            ("ada@example.org", "Ada", "rater", "nurse"),
        ),
        (
            'E-mail,Name,Role\n\nada@example.org,"Example, Ada",adjudicator\n',
            ("ada@example.org", "Example, Ada", "adjudicator", ""),
        ),
    ],
)
def test_a_line_says_whom_as_what(text, expected):
    ((_, draft),) = read_lines(text).drafts
    assert (draft.email, draft.name, draft.role, draft.profession) == expected


def test_a_line_may_say_everything():
    row = "a@example.org,A,rater,nurse,oncology,specialist,license,RN,State,12"
    ((number, draft),) = read_lines(row).drafts
    assert number == 1
    assert tuple(getattr(draft, name) for name in COLUMNS) == tuple(row.split(","))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a@example.org\nb@example.org,B,boss", 2, "'boss', not one of rater,"),
        ("email,pay\na@example.org,9", 1, "No column is called 'pay'"),
        ("email\na@example.org,9", 2, "2 fields; there are 1 columns"),
        ("\n".join(["a@example.org"] * 201), 201, "201 lines"),
        ("a@example.org,\x07", 1, "U+0007"),
        (
            'a@example.org\nb@example.org,"Bea\nc@example.org',
            2,
            "opened and not closed",
        ),
        ("a@example.org\n" + "b" * 200_000, 2, "200,000 characters"),
        ("a@example.org\n" + "(" * 1500, 2, "several brackets"),
    ],
)
def test_a_wrong_line_is_named(text, line, said):
    (problem,) = read_lines(text).problems
    assert problem.line == line
    assert said in problem.text


def test_an_invitation_keeps_only_the_hash_of_its_link(cast):
    (sent,) = ask(cast, ADA)
    assert sent.invitation.expires_at > clock.now() + timedelta(days=13)
    assert usable_invitation(sent.token, now=clock.now()) == sent.invitation
    row = Invitation.objects.filter(pk=sent.invitation.pk).values().get()
    assert sent.token not in str(row)
    assert AuditEvent.objects.filter(action="invitation.made").count() == 1


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        (InvitationDraft(email="no address", name="N"), "email: Enter a valid"),
        (InvitationDraft(email="x@example.org", name=""), "name: "),
        (InvitationDraft(email="x@example.org", name="X", role="admin"), "nobody is"),
        (ADA, "has an open invitation"),
        (
            InvitationDraft(email="x@example.org", name="X", credential_title="MD"),
            "which kind",
        ),
        (
            InvitationDraft(email="x@example.org", name="X", credential_kind="board"),
            "what the credential is called",
        ),
    ],
)
def test_one_wrong_draft_means_nobody_is_invited(cast, draft, said):
    with pytest.raises(Invalid) as refusal:
        ask(cast, ADA, draft)
    assert said in refusal.value.fields["1"]
    assert set(refusal.value.fields) == {"1"}
    assert not Invitation.objects.exists()


def test_who_takes_part_already_is_not_invited_to_the_same(cast):
    here = InvitationDraft(email=cast.rater.user.email, name="Ada")
    with pytest.raises(Invalid) as refusal:
        ask(cast, here)
    assert "takes part as Clinician already" in refusal.value.fields["0"]
    ask(cast, InvitationDraft(email=here.email, name="Ada", role="adjudicator"))


def test_an_invitation_that_ran_out_makes_way(cast):
    (old,) = ask(cast, ADA, now=clock.now() - timedelta(days=15))
    (new,) = ask(cast, ADA)
    assert [one.pk for one in open_invitations(cast.study)] == [new.invitation.pk]
    assert usable_invitation(old.token, now=clock.now()) is None


def test_a_new_link_kills_the_old_one(cast):
    (sent,) = ask(cast, ADA)
    fresh = renew(invitation=sent.invitation, actor=cast.lead, now=clock.now())
    assert usable_invitation(sent.token, now=clock.now()) is None
    assert usable_invitation(fresh.token, now=clock.now()) == sent.invitation


def test_what_was_taken_back_stays_so(cast):
    (sent,) = ask(cast, ADA)
    revoke(invitation=sent.invitation, actor=cast.lead, now=clock.now())
    assert usable_invitation(sent.token, now=clock.now()) is None
    for again in (revoke, renew):
        with pytest.raises(Conflict, match="accepted or taken back already"):
            again(invitation=sent.invitation, actor=cast.lead, now=clock.now())


def test_nobody_joins_a_closed_study(cast):
    (sent,) = ask(cast, ADA)
    set_state(study=cast.study, state="closed", actor=cast.lead)
    assert usable_invitation(sent.token, now=clock.now()) is None
    with pytest.raises(Conflict, match="is closed"):
        ask(cast, InvitationDraft(email="b@example.org", name="B"))


@pytest.fixture
def page(cast, sign_in):
    client = sign_in(cast.lead)
    url = reverse("invitation_create", args=[cast.study.uid])

    def page(**fields):
        return client.post(url, fields)

    return page


def test_the_page_shows_the_link_once(page, cast):
    given = {"email": "Ada@Example.org", "name": "Ada", "role": "rater"}
    answer = page(**given)
    assert answer.status_code == 200
    (link,) = (part for part in answer.text.split('"') if "/join/" in part)
    token = link.rstrip("/").rpartition("/")[2]
    assert usable_invitation(token, now=clock.now()).email == "ada@example.org"
    assert "no-store" in answer["Cache-Control"]
    again = page(**given)
    assert again.status_code == 422
    assert "has an open invitation" in again.text


def test_the_page_names_what_is_wrong_at_its_field(page):
    answer = page(email="nowhere", name="", role="rater", credential_title="MD")
    assert answer.status_code == 422
    assert 'value="nowhere"' in answer.text
    assert answer.text.count("autofocus") == 1
    assert "Write how they are called." in answer.text
    answer = page(email="a@example.org", name="A", role="rater", credential_title="MD")
    assert 'id="id_credential_kind_error"' in answer.text


def test_lines_are_all_invited_or_nobody_is(page):
    answer = page(many="1", lines="a@example.org\nnowhere\na@example.org\n")
    assert answer.status_code == 422
    assert "Line 2: email: Enter a valid" in answer.text
    assert "Line 3: a@example.org has an open invitation" in answer.text
    assert "a@example.org\nnowhere" in answer.text
    assert not Invitation.objects.exists()
    answer = page(many="1", lines="a@example.org\nb@example.org\n")
    assert answer.text.count("/join/") == 2


def test_a_file_is_read_like_lines(page):
    def file(content):
        return SimpleUploadedFile("people.csv", content, "text/csv")

    good = "\ufeffname,email\nÄnne,a@example.org\n".encode()
    assert "Änne" in page(many="1", file=file(good)).text
    for bad, said in (
        (file(b"\xff\xfe\x00"), "It is not UTF-8 text"),
        (file(b"email\n" + b"x" * 200_001), "more than 200 KB"),
        (file(b"name,email\n"), "There is nobody"),
        (file(b"email\nnowhere\n"), "Line 2"),
    ):
        answer = page(many="1", file=bad)
        assert answer.status_code == 422
        assert said in answer.text
    assert (
        "Use the lines or the file" in page(many="1", lines="a", file=file(good)).text
    )
    assert "Write at least one address" in page(many="1", lines=" ").text


def test_renewing_and_taking_back_from_the_page(page, cast, sign_in):
    page(email="a@example.org", name="A", role="rater")
    invitation = Invitation.objects.get()
    client = sign_in(cast.lead)
    renewed = client.post(reverse("invitation_renew", args=[invitation.uid]))
    assert renewed.text.count("/join/") == 1
    url = reverse("invitation_revoke", args=[invitation.uid])
    answer = client.post(url, follow=True)
    assert "its link is dead" in answer.text
    assert client.post(url).status_code == 409
