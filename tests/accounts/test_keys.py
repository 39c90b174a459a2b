"""Everybody's own keys: what may be one, what is refused, and whose they are."""

import pytest
from django.urls import reverse

from feedback.accounts.keys import ACTIONS, RESERVED, checked_bindings, keys_of
from feedback.accounts.models import KeySettings
from feedback.accounts.services import save_keys
from feedback.audit.models import AuditEvent
from feedback.common.exceptions import Invalid
from tests.builders import make_user

DEFAULTS = {one.name: one.key for one in ACTIONS}
URL = "/settings/keys/"


def fields(**changed):
    """The form as the page sends it, with some keys typed anew."""
    keys = DEFAULTS | changed
    return {"is_on": "1"} | {f"key-{name}": key for name, key in keys.items()}


def refused(**given):
    with pytest.raises(Invalid) as refusal:
        checked_bindings(given)
    return refusal.value.fields


# --- what may be a key -----------------------------------------------------------------


def test_defaults_are_in_order_and_are_what_nothing_means():
    assert checked_bindings(DEFAULTS) == DEFAULTS
    assert checked_bindings({}) == DEFAULTS
    assert checked_bindings({"flag": ""}) == DEFAULTS


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("z", "z"),
        ("Z", "z"),
        (" z ", "z"),
        ("É", "é"),
        ("ß", "ß"),
        ("!", "!"),
        ("§", "§"),
        ("ArrowLeft", "ArrowLeft"),
        ("arrowleft", "ArrowLeft"),
        ("PAGEUP", "PageUp"),
        ("f9", "F9"),
    ],
)
def test_key_is_kept_as_the_browser_spells_it(typed, key):
    assert checked_bindings({"flag": typed})["flag"] == key


@pytest.mark.parametrize("typed", [*sorted(RESERVED), " ", "\u00a0", "esc", "enter"])
def test_reserved_key_is_refused(typed):
    problems = refused(flag=typed)

    assert set(problems) == {"flag"}
    assert "choose another" in problems["flag"]


@pytest.mark.parametrize(
    "typed",
    ["zz", "Arrow", "F13", "Dead", "İ", "😀", "\u200b", "\x00", "e\u0301", "ctrl+z"],
)
def test_what_is_no_key_is_refused(typed):
    problems = refused(flag=typed)

    assert set(problems) == {"flag"}
    assert "is no key" in problems["flag"]


def test_every_row_of_a_clash_is_named_with_the_others():
    assert refused(flag="z", comment="Z", undo="z") == {
        "flag": "z is also the key of “Comment” and “Take back the last answer”.",
        "comment": "z is also the key of “Safety flag” and “Take back the last answer”.",
        "undo": "z is also the key of “Safety flag” and “Comment”.",
    }


def test_clash_with_a_default_that_was_left_empty_is_found():
    assert set(refused(flag="m", comment="")) == {"flag", "comment"}


def test_two_actions_can_swap_their_keys():
    bindings = checked_bindings(DEFAULTS | {"flag": "m", "comment": "f"})

    assert bindings["flag"] == "m"
    assert bindings["comment"] == "f"


# --- the page --------------------------------------------------------------------------


@pytest.fixture
def user(db):
    return make_user("Ada Rater")


def test_page_shows_each_action_with_its_key_and_its_default(user, sign_in):
    save_keys(user=user, is_on=True, given={"flag": "z"})

    response = sign_in(user).get(URL)

    page = response.content.decode()
    assert response.status_code == 200
    assert {row.action.name: row.value for row in response.context["rows"]} == (
        DEFAULTS | {"flag": "z"}
    )
    for one in ACTIONS:
        assert f'name="key-{one.name}"' in page
        assert one.label in page
        assert f"<kbd>{one.key}</kbd>" in page
    assert "data-wrong" not in page


def test_keys_are_stored_where_they_differ_and_said_so(user, sign_in):
    response = sign_in(user).post(URL, fields(flag="Z", undo="Delete"), follow=True)

    assert response.redirect_chain == [(URL, 302)]
    assert "Your keys are saved." in response.content.decode()
    row = KeySettings.objects.get()
    assert row.user == user
    assert row.is_on
    assert row.keys == {"flag": "z", "undo": "Delete"}
    assert keys_of(user.pk).bindings == DEFAULTS | {"flag": "z", "undo": "Delete"}


def test_switching_single_keys_off_is_stored_and_shown(user, sign_in):
    client = sign_in(user)
    given = fields()
    del given["is_on"]

    client.post(URL, given)

    assert not keys_of(user.pk).is_on
    assert not client.get(URL).context["is_on"]


def test_defaults_come_back_and_the_switch_stays(user, sign_in):
    save_keys(user=user, is_on=False, given={"flag": "z"})
    given = fields(flag="not a key") | {"defaults": "1"}
    del given["is_on"]

    response = sign_in(user).post(URL, given, follow=True)

    assert "Each key is the default again." in response.content.decode()
    assert keys_of(user.pk).bindings == DEFAULTS
    assert not keys_of(user.pk).is_on


def test_refused_page_says_why_at_each_row_and_keeps_what_was_typed(user, sign_in):
    typed = fields(flag="Z", comment="z", undo="Enter", help="<b>", omission="p")
    del typed["is_on"]

    response = sign_in(user).post(URL, typed)

    page = response.content.decode()
    assert response.status_code == 422
    assert page.count("data-wrong") == 4
    assert page.count('class="error"') == 4
    assert page.count("autofocus") == 1
    assert "z is also the key of “Comment”." in page
    assert "Enter belongs to" in page
    assert 'value="&lt;b&gt;"' in page
    shown = {row.action.name: row.value for row in response.context["rows"]}
    assert shown["flag"] == "Z"
    assert shown["omission"] == "p"
    assert not response.context["is_on"]
    assert not KeySettings.objects.exists()


def test_nobody_else_is_affected(user, sign_in):
    other = make_user("Grace Rater")
    save_keys(user=other, is_on=False, given={"flag": "w"})

    sign_in(user).post(URL, fields(flag="z") | {"user": other.pk, "user_id": other.pk})

    assert keys_of(other.pk).bindings["flag"] == "w"
    assert not keys_of(other.pk).is_on
    assert keys_of(user.pk).bindings["flag"] == "z"
    assert keys_of(user.pk).is_on
    assert keys_of(None).bindings == DEFAULTS


def test_change_is_logged_once(user, sign_in, django_capture_on_commit_callbacks):
    client = sign_in(user)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(URL, fields(flag="z"))
        client.post(URL, fields(flag="z"))

    event = AuditEvent.objects.get(action="user.keys_changed")
    assert event.actor == user
    assert event.subject_uid == user.uid


def test_every_page_leads_to_the_keys(user, sign_in):
    page = sign_in(user).get(reverse("home")).content.decode()

    assert f'href="{reverse("key_settings")}"' in page
