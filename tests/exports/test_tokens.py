"""Tokens: made on a page, shown once, and never more than their person may."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from feedback.accounts.models import ApiToken, Scope
from feedback.accounts.permissions import Role
from feedback.accounts.tokens import MAX_LIVE, make_token, revoke_token
from feedback.audit.models import AuditEvent
from feedback.common import clock
from feedback.common.exceptions import Invalid
from feedback.common.hashing import text_sha256
from feedback.studies.services import enroll
from tests import builders

PAGE = "/settings/tokens/"
LIST = "/api/v1/snapshots/"
READ, CREATE = Scope.EXPORTS_READ, Scope.EXPORTS_CREATE
CHOICES = {"name": "Cluster", "scopes": ["exports:read"], "study": "", "days": "30"}


@pytest.fixture
def snapshot(judged):
    return judged.seal()


@pytest.fixture
def person(judged):
    user = builders.make_user("Mel Engineer")
    enroll(study=judged.study, user=user, role=Role.ML_ENGINEER)
    return user


def token_for(user, *scopes, study_uid=None, now=None, days=7):
    return make_token(
        user=user,
        name="Cluster",
        scopes=scopes or (READ,),
        study_uid=study_uid,
        days=days,
        now=now or clock.now(),
    )


def bearer(text):
    return Client(headers={"Authorization": f"Bearer {text}"})


def found(answer):
    assert answer.status_code == 200, answer.content
    return [row["uid"] for row in answer.json()["results"]]


def test_the_text_is_shown_once_and_only_its_hash_is_kept(person, sign_in):
    browser = sign_in(person)
    page = browser.post(PAGE, CHOICES)
    text = page.context["text"]
    assert page.status_code == 200
    assert text in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    token = ApiToken.objects.get()
    secret = text.removeprefix(f"consilium_{token.key}_")
    assert token.secret_sha256 == text_sha256(secret)
    assert text.startswith(f"consilium_{token.key}_")
    assert secret not in browser.get(PAGE).content.decode()
    rows = [repr(vars(event)) for event in AuditEvent.objects.all()]
    assert not [row for row in rows if secret in row]
    assert AuditEvent.objects.get(action="token.made").subject_uid == token.uid


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("scopes", []), ("scopes", ["all"]), ("days", "366"), ("days", "0")],
)
def test_what_cannot_be_is_refused_at_its_field(person, sign_in, field, value):
    page = sign_in(person).post(PAGE, CHOICES | {field: value})
    assert page.status_code == 422
    assert page.context["form"].errors.keys() == {field}
    assert not ApiToken.objects.exists()


def test_only_a_study_of_ones_own_can_be_chosen(person, sign_in):
    other = builders.make_study(n_prompts=1)
    page = sign_in(person).post(PAGE, CHOICES | {"study": str(other.uid)})
    assert page.status_code == 422
    assert page.context["form"].errors.keys() == {"study"}


@pytest.mark.parametrize("days", [0, 366, -1])
def test_no_token_lives_longer_than_a_year(person, days):
    with pytest.raises(Invalid):
        token_for(person, days=days)


def test_a_loop_that_makes_tokens_comes_to_an_end(person):
    for _ in range(MAX_LIVE):
        token_for(person)
    with pytest.raises(Invalid, match="already"):
        token_for(person)
    revoke_token(token=ApiToken.objects.first(), now=clock.now())
    token_for(person)


def test_a_token_reads_what_its_person_may_pull(person, snapshot):
    token, text = token_for(person)
    program = bearer(text)
    assert found(program.get(LIST)) == [str(snapshot.uid)]
    detail = program.get(reverse("api_snapshot_detail", args=[snapshot.uid]))
    assert detail.status_code == 200
    assert detail["Cache-Control"] == "no-store"
    token.refresh_from_db()
    assert token.last_used_at is not None


def test_a_token_of_one_study_opens_no_other(person, judged, snapshot):
    other = builders.make_study(n_prompts=1)
    enroll(study=other, user=person, role=Role.ML_ENGINEER)
    program = bearer(token_for(person, study_uid=other.uid)[1])
    assert found(program.get(LIST)) == []
    assert found(program.get("/api/v1/studies/")) == [str(other.uid)]
    for name, uid in (
        ("api_snapshot_detail", snapshot.uid),
        ("api_study_snapshots", judged.study.uid),
    ):
        assert program.get(reverse(name, args=[uid])).status_code == 404
    url = reverse("api_snapshot_file", args=[snapshot.uid, "README.md"])
    assert program.get(url).status_code == 404
    url = reverse("api_download_create", args=[snapshot.uid])
    assert program.post(url, {}, content_type="application/json").status_code == 404


def test_a_scope_is_not_enough_without_the_role(person, judged):
    program = bearer(token_for(person, READ, CREATE)[1])
    url = reverse("api_study_snapshots", args=[judged.study.uid])
    assert program.post(url, {}, content_type="application/json").status_code == 404
    assert not judged.study.snapshots.exists()


def test_a_role_is_not_enough_without_the_scope(judged, snapshot):
    lead = judged.study.created_by
    url = reverse("api_study_snapshots", args=[judged.study.uid])
    reader, maker = (bearer(token_for(lead, one)[1]) for one in (READ, CREATE))
    refused = reader.post(url, {}, content_type="application/json")
    assert refused.status_code == 403
    assert "exports:create" in refused.json()["detail"]
    refused = maker.get(url)
    assert refused.status_code == 403
    assert "exports:read" in refused.json()["detail"]
    assert maker.post(url, {}, content_type="application/json").status_code == 202


def test_a_token_opens_no_page(person, judged):
    program = bearer(token_for(person)[1])
    page = program.get(reverse("snapshot_list", args=[judged.study.uid]))
    assert page.status_code == 302
    assert program.get(PAGE).status_code == 302


def spoil(token, how):
    if how == "revoked":
        revoke_token(token=token, now=clock.now())
    elif how == "expired":
        ApiToken.objects.filter(pk=token.pk).update(expires_at=clock.now())
    elif how == "off":
        token.user.is_active = False
        token.user.save(update_fields=["is_active"])


@pytest.mark.parametrize("how", ["revoked", "expired", "off"])
def test_a_token_that_ended_opens_nothing(person, snapshot, how):
    token, text = token_for(person)
    spoil(token, how)
    answer = bearer(text).get(LIST)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == 'Bearer realm="Consilium"'
    event = AuditEvent.objects.get(action="token.refused")
    assert event.subject_uid == token.uid


def test_who_leaves_the_study_pulls_nothing_any_more(person, judged, snapshot):
    text = token_for(person)[1]
    judged.study.enrollments.filter(user=person).update(ended_at=clock.now())
    assert found(bearer(text).get(LIST)) == []


def test_its_person_revokes_it_and_nobody_else(person, sign_in, lead):
    token, text = token_for(person)
    url = reverse("token_revoke", args=[token.uid])
    assert lead.post(url).status_code == 404
    assert bearer(text).get(LIST).status_code == 200
    assert sign_in(person).post(url).status_code == 302
    assert bearer(text).get(LIST).status_code == 401
    assert "Revoked" in sign_in(person).get(PAGE).content.decode()


@pytest.mark.parametrize(
    "text",
    ["", "x", "consilium_", "consilium_000000000000_" + "A" * 43, "\u00e9", "a b c"],
)
def test_a_guess_is_refused(person, text):
    assert bearer(text.encode().decode("latin-1")).get(LIST).status_code == 401


def test_ten_guesses_of_a_secret_lock_the_guesser_out_and_nobody_else(
    person, snapshot, caplog
):
    text = token_for(person)[1]
    colleague = token_for(person)[1]
    guess = text[:-1] + ("A" if text[-1] != "A" else "B")
    answers = [bearer(guess).get(LIST).status_code for _ in range(12)]
    assert answers == [401] * 9 + [429] * 3
    locked = bearer(guess).get(LIST)
    assert locked["Retry-After"] == "900"
    assert locked["Content-Type"] == "application/problem+json"
    # The right secret does not help at the locked address; elsewhere it does.
    assert bearer(text).get(LIST).status_code == 429
    elsewhere = Client(
        headers={"Authorization": f"Bearer {text}"}, REMOTE_ADDR="192.0.2.9"
    )
    assert elsewhere.get(LIST).status_code == 200
    assert bearer(colleague).get(LIST).status_code == 200
    assert text[30:] not in caplog.text
    assert guess[30:] not in caplog.text


def test_the_last_use_is_noted_to_the_minute(person, snapshot, time_machine):
    start = clock.now()
    token, text = token_for(person)
    seen = []
    for seconds in (0, 30, 61):
        time_machine.move_to(start + timedelta(seconds=seconds), tick=False)
        bearer(text).get(LIST)
        token.refresh_from_db()
        seen.append((token.last_used_at - start).total_seconds())
    assert seen == [0, 0, 61]
