"""Proving again, at the moment of a signature, that it is really this person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from feedback.accounts.models import SignInLink, User
from feedback.accounts.selectors import usable_link

# A link made earlier may lie in an inbox that others read.
FRESH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Proof:
    """How a person proved it: by their password, or by a link that this spends."""

    user_id: int
    link: SignInLink | None = None

    @property
    def how(self) -> str:
        """`password` or `link`."""
        return "password" if self.link is None else "link"


def proof_by_link(address: str, *, user: User, now: datetime) -> Proof | None:
    """The proof that a pasted sign-in link gives; None if it gives none.

    Args:
        address: the link as it was handed over, or its token alone.
        user: who must be the one it is for.
        now: the link must be unused and made within `FRESH` before.
    """
    token = urlsplit(address.strip()).path.rstrip("/").rpartition("/")[2]
    link = usable_link(token, now=now)
    if link is None or link.user_id != user.pk or now - link.created_at > FRESH:
        return None
    return Proof(user_id=user.pk, link=link)
