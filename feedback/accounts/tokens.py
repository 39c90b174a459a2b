"""Making, ending and recognizing the tokens of programs."""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from feedback.accounts.models import ApiToken, Scope, User
from feedback.common.exceptions import Invalid, NotVisible
from feedback.common.hashing import text_sha256

MAX_DAYS = 365
# A person can oversee so many; a program that makes tokens in a loop cannot go on.
MAX_LIVE = 50
_KEY_BYTES = 6
_SECRET_BYTES = 32
_USED_AGAIN_AFTER = timedelta(minutes=1)
# The first word tells scanners for leaked secrets what they have found.
_WRITTEN = re.compile(r"^consilium_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$")


@transaction.atomic
def make_token(
    *,
    user: User,
    name: str,
    scopes: Collection[Scope],
    study_uid: UUID | None,
    days: int,
    now: datetime,
) -> tuple[ApiToken, str]:
    """Make a token; the second value is the secret text, which is not kept.

    Args:
        user: for whom a program may act.
        name: what uses it, for people.
        scopes: at least one.
        study_uid: the only study it is for; None for each of the person's.
        days: until it expires, 1 to 365.
        now: the current time.

    Raises:
        Invalid: for no scope, too long a life, or too many live tokens.
    """
    if not 1 <= days <= MAX_DAYS:
        raise Invalid(
            f"A token cannot live for {days} days.",
            next_step=f"Choose 1 to {MAX_DAYS} days.",
            fields={"days": f"From 1 to {MAX_DAYS}."},
        )
    if not scopes:
        raise Invalid(
            "A token that may do nothing is of no use.",
            next_step="Choose what it is for.",
            fields={"scopes": "Choose at least one."},
        )
    # Two forms at once count one after the other.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if live_tokens(user, now=now).count() >= MAX_LIVE:
        raise Invalid(
            f"You have {MAX_LIVE} tokens already.",
            next_step="Revoke one that nothing uses any more.",
        )
    key = secrets.token_hex(_KEY_BYTES)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    token = ApiToken(
        user=user,
        name=name,
        key=key,
        secret_sha256=text_sha256(secret),
        scopes=sorted(scopes),
        study_uid=study_uid,
        expires_at=now + timedelta(days=days),
    )
    token.full_clean()
    token.save()
    return token, f"consilium_{key}_{secret}"


@transaction.atomic
def revoke_token(*, token: ApiToken, now: datetime) -> ApiToken:
    """End a token at once and for good; ending it twice changes nothing."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
    token.refresh_from_db()
    return token


def live_tokens(user: User, *, now: datetime) -> QuerySet[ApiToken]:
    """A person's tokens that still open something."""
    return tokens_of(user).filter(revoked_at=None, expires_at__gt=now)


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """All of a person's tokens, newest first."""
    return ApiToken.objects.filter(user=user).order_by("-created_at", "-pk")


def access_token(user: User, uid: UUID) -> ApiToken:
    """The only door to a token: its own person's.

    Raises:
        NotVisible: for anybody else.
    """
    token = tokens_of(user).filter(uid=uid).first()
    if token is None:
        raise NotVisible
    return token


class Refusal(Enum):
    """Why a token opens nothing."""

    UNKNOWN = auto()
    WRONG_SECRET = auto()
    REVOKED = auto()
    EXPIRED = auto()
    PERSON_IS_OFF = auto()


@dataclass(frozen=True, slots=True)
class Recognized:
    """What became of a token that was shown; `token` is known unless it is a guess."""

    token: ApiToken | None
    refusal: Refusal | None


def public_key_of(text: str) -> str:
    """The part of a token that may be logged; empty if `text` is none."""
    found = _WRITTEN.match(text)
    return found[1] if found else ""


def recognize(text: str, *, now: datetime) -> Recognized:
    """Find the token that `text` is, and whether it still opens anything."""
    found = _WRITTEN.match(text)
    key, secret = found.groups() if found else ("", "")
    token = ApiToken.objects.select_related("user").filter(key=key).first()
    if token is None:
        return Recognized(None, Refusal.UNKNOWN)
    return Recognized(token, _refusal_of(token, secret, now=now))


def _refusal_of(token: ApiToken, secret: str, *, now: datetime) -> Refusal | None:
    if not secrets.compare_digest(token.secret_sha256, text_sha256(secret)):
        return Refusal.WRONG_SECRET
    if token.revoked_at is not None:
        return Refusal.REVOKED
    if token.expires_at <= now:
        return Refusal.EXPIRED
    return None if token.user.is_active else Refusal.PERSON_IS_OFF


def note_use(token: ApiToken, *, now: datetime) -> None:
    """Remember when the token was used, to the minute: not a write per request."""
    ApiToken.objects.filter(pk=token.pk).filter(
        Q(last_used_at=None) | Q(last_used_at__lt=now - _USED_AGAIN_AFTER)
    ).update(last_used_at=now)
