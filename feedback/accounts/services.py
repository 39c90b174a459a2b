"""Making people, letting them in, and what they set for themselves."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from feedback.accounts.events import KeysChanged, PasswordChanged
from feedback.accounts.keys import changed_bindings, checked_bindings, keys_of
from feedback.accounts.models import KeySettings, Rater, SignInLink, User
from feedback.accounts.permissions import Role
from feedback.common.events import emit
from feedback.common.exceptions import Conflict
from feedback.common.hashing import text_sha256

_TOKEN_BYTES = 32


@transaction.atomic
def create_user(
    *,
    email: str,
    name: str,
    roles: tuple[Role, ...] = (),
    password: str | None = None,
) -> User:
    """Make a person. Without a password they can enter by a sign-in link only."""
    user = User(email=email.strip().lower(), name=name, roles=sorted(roles))
    user.set_password(password)
    user.full_clean()
    user.save()
    return user


@transaction.atomic
def create_rater(
    *,
    user: User,
    pseudonym: str = "",
    profession: str = "",
    specialty: str = "",
    is_simulated: bool = False,
) -> Rater:
    """Let a person judge, under a pseudonym that exports may show."""
    rater = Rater(
        user=user,
        pseudonym=pseudonym or f"rater-{secrets.token_hex(4)}",
        profession=profession,
        specialty=specialty,
        is_simulated=is_simulated,
    )
    rater.full_clean()
    rater.save()
    return rater


@transaction.atomic
def make_sign_in_link(*, user: User, now: datetime, valid_hours: int) -> str:
    """Return the token of a new single-use link; only its hash is stored."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    SignInLink.objects.create(
        user=user,
        token_sha256=text_sha256(token),
        expires_at=now + timedelta(hours=valid_hours),
    )
    return token


@transaction.atomic
def use_sign_in_link(*, link: SignInLink, now: datetime) -> User:
    """Spend a link and return whom it signs in.

    Raises:
        Conflict: if it was used, has expired, or its person is switched off.
    """
    # The condition must be on the row itself: PostgreSQL does not look again into a
    # joined table after waiting for the row, and two windows would both get in.
    n_spent = SignInLink.objects.filter(
        pk=link.pk, used_at=None, expires_at__gt=now
    ).update(used_at=now)
    is_welcome = User.objects.filter(pk=link.user_id, is_active=True).exists()
    if not (n_spent and is_welcome):
        raise Conflict(
            "This sign-in link was used already or has expired.",
            next_step="Ask for a new one, or sign in with your password.",
        )
    return link.user


@transaction.atomic
def change_password(*, user: User, password: str, by: str, now: datetime) -> User:
    """Give a person another password; their other sessions and open links are over.

    Sessions are bound to the password's hash, so that each other one is signed out by
    its next request.

    Args:
        user: whose.
        password: already found good enough.
        by: "password" if they knew the old one, "link" if a link had just let them in.
        now: from when open links are dead.
    """
    user.set_password(password)
    user.save(update_fields=["password"])
    SignInLink.objects.filter(user=user, used_at=None, expires_at__gt=now).update(
        expires_at=now
    )
    emit(PasswordChanged(user_id=user.pk, by=by))
    return user


@transaction.atomic
def save_keys(*, user: User, is_on: bool, given: Mapping[str, str]) -> None:
    """Store how a person uses the keyboard; keys that are not given are the defaults.

    Raises:
        Invalid: with a message for each action whose key cannot be used.
    """
    bindings = checked_bindings(given)
    before = keys_of(user.pk)
    KeySettings.objects.update_or_create(
        user=user, defaults={"is_on": is_on, "keys": changed_bindings(bindings)}
    )
    if (before.is_on, before.bindings) != (is_on, bindings):
        emit(KeysChanged(user_id=user.pk))
