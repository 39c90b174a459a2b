"""Links spent at the same moment, and what a person's row must look like."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction

from feedback.accounts.models import SignInLink, User
from feedback.accounts.permissions import Role
from feedback.accounts.selectors import rater_of, usable_link
from feedback.accounts.services import (
    create_rater,
    create_user,
    make_sign_in_link,
    use_sign_in_link,
)
from feedback.common import clock
from feedback.common.exceptions import Conflict, NotVisible
from tests.builders import make_user


@pytest.mark.django_db
def test_link_that_two_pages_hold_is_spent_by_one():
    """Both looked while it was good; the row decides, not the look."""
    user = make_user()
    make_sign_in_link(user=user, now=clock.now(), valid_hours=1)
    link = SignInLink.objects.get()

    assert use_sign_in_link(link=link, now=clock.now()) == user
    with pytest.raises(Conflict, match="used already or has expired") as refusal:
        use_sign_in_link(link=link, now=clock.now())
    assert "Ask for a new one" in refusal.value.next_step


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_link_opened_in_eight_windows_at_once_signs_in_once():
    make_sign_in_link(user=make_user(), now=clock.now(), valid_hours=1)
    link = SignInLink.objects.get()
    barrier = threading.Barrier(8)

    def spend(_window):
        try:
            barrier.wait(timeout=30)
            use_sign_in_link(link=link, now=clock.now())
        except Conflict:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(spend, range(8))).count(True) == 1


@pytest.mark.django_db
def test_each_link_has_a_token_of_its_own_that_nobody_guesses():
    user = make_user()
    tokens = {
        make_sign_in_link(user=user, now=clock.now(), valid_hours=1) for _ in range(20)
    }
    assert len(tokens) == 20
    assert all(len(token) >= 43 for token in tokens)
    assert usable_link(tokens.pop(), now=clock.now()).user == user
    assert usable_link("", now=clock.now()) is None


@pytest.mark.django_db
def test_person_without_a_password_cannot_sign_in_by_one():
    user = create_user(email="A.B@Example.org ", name="Ann")
    assert user.email == "a.b@example.org"
    assert not user.has_usable_password()


@pytest.mark.django_db
def test_one_address_is_one_person():
    create_user(email="ann@example.org", name="Ann")
    with pytest.raises(ValidationError, match="already exists"):
        create_user(email="ANN@example.org", name="Another Ann")


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["", "no address", "a@b"])
def test_what_is_no_address_is_refused(email):
    with pytest.raises(ValidationError):
        create_user(email=email, name="Nobody")


@pytest.mark.django_db
def test_the_database_itself_knows_addresses_and_roles():
    user = make_user()
    people = User.objects.filter(pk=user.pk)
    for change, name in (
        ({"email": "Upper@example.org"}, "user_email_is_lower"),
        ({"email": make_user().email}, "user_email_once"),
        ({"roles": ["lead"]}, "user_roles_are_site_roles"),
        ({"roles": ["owner"]}, "user_roles_are_site_roles"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            people.update(**change)


@pytest.mark.django_db
def test_role_of_a_study_is_not_a_role_of_the_site():
    with pytest.raises((ValidationError, DatabaseError)):
        create_user(email="x@example.org", name="X", roles=(Role.LEAD,))


@pytest.mark.django_db
def test_pseudonym_says_nothing_of_the_person():
    user = make_user("Dr. Rosa Marquardt")
    rater = create_rater(user=user)
    assert rater_of(user) == rater
    for word in (user.email, *user.name.split()):
        assert word.lower() not in rater.pseudonym.lower()


@pytest.mark.django_db
def test_person_who_does_not_judge_is_told_so():
    with pytest.raises(NotVisible, match="not enrolled as a rater"):
        rater_of(make_user())


@pytest.mark.django_db
def test_history_of_a_person_holds_no_password():
    user = make_user()
    user.set_password("another long password")
    user.save()
    history = User.pgh_event_model
    assert "password" not in {field.name for field in history._meta.get_fields()}
