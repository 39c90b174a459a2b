"""Finding people and their links."""

from datetime import datetime

from feedback.accounts.models import Rater, SignInLink, User
from feedback.common.exceptions import NotVisible
from feedback.common.hashing import text_sha256


def usable_link(token: str, *, now: datetime) -> SignInLink | None:
    """The link that `token` opens, if it can still be used."""
    return (
        SignInLink.objects.select_related("user")
        .filter(
            token_sha256=text_sha256(token),
            used_at=None,
            expires_at__gt=now,
            user__is_active=True,
        )
        .first()
    )


def rater_of(user: User) -> Rater:
    """The judge that a person is.

    Raises:
        NotVisible: if the person does not judge.
    """
    rater = Rater.objects.filter(user=user).first()
    if rater is None:
        raise NotVisible("You are not enrolled as a rater.")
    return rater
