"""Links that give one file to whoever has them: signed, short-lived, for one download.

A link is used up when a reply begins that holds the file's last byte. If that reply
breaks off, the link opens again, so that a download can be resumed while the link
lives. Of two requests for the end at once, one gets it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing
from django.db import transaction

from exports.models import DownloadLink, ExportFile, Snapshot
from exports.selectors import access_file, access_snapshot
from feedback.accounts.models import ApiToken, User
from feedback.accounts.permissions import Verb
from feedback.audit.services import record
from feedback.common.exceptions import Gone, NotVisible

_SALT = "exports.download"
_KEPT = timedelta(days=1)


def make_link(
    *,
    snapshot: Snapshot,
    file: ExportFile | None,
    user: User,
    token: ApiToken | None,
    now: datetime,
    minutes: int,
) -> DownloadLink:
    """Allow one download of a file, or of the archive, to whoever has the link."""
    with transaction.atomic():
        DownloadLink.objects.filter(expires_at__lt=now - _KEPT).delete()
        link = DownloadLink.objects.create(
            snapshot=snapshot,
            path=file.path if file else "",
            user=user,
            token=token,
            expires_at=now + timedelta(minutes=minutes),
        )
        record(
            action="snapshot.link_made",
            subject=snapshot,
            actor=user,
            details={"path": link.path or "*", "by": _by(token)},
        )
    return link


def signed(link: DownloadLink) -> str:
    """The text that stands in the address; nobody can make one from the table."""
    return signing.Signer(salt=_SALT).sign(str(link.uid))


def open_link(text: str, *, now: datetime) -> DownloadLink:
    """The link behind an address, if it may still be used.

    Raises:
        NotVisible: if the address is none of ours, or its person may no longer pull.
        Gone: if the link has expired or was used.
    """
    try:
        uid = UUID(signing.Signer(salt=_SALT).unsign(text))
    except (signing.BadSignature, ValueError) as error:
        raise NotVisible from error
    link = (
        DownloadLink.objects.select_related("snapshot__study", "user", "token")
        .filter(uid=uid)
        .first()
    )
    if link is None:
        raise NotVisible
    if link.used_at is not None:
        raise _gone("was used")
    if link.expires_at <= now:
        raise _gone("has expired")
    if link.token is not None:
        if not link.token.is_live(now):
            raise NotVisible
        link.user.grant = link.token.grant
    # What the person may have lost since the link was made.
    access_snapshot(link.user, link.snapshot.uid, Verb.SNAPSHOT_PULL)
    return link


def file_of(link: DownloadLink) -> ExportFile | None:
    """The file that the link is for; None for the archive."""
    if not link.path:
        return None
    return access_file(link.user, link.snapshot.uid, link.path)


class SentOnce:
    """Uses a link up and passes bytes on; opens it again if they do not all go.

    Not a generator: the reply may be closed before its first byte is asked for.
    """

    def __init__(
        self, link: DownloadLink, blocks: Iterator[bytes], *, now: datetime
    ) -> None:
        links = DownloadLink.objects.filter(pk=link.pk, used_at=None)
        if not links.update(used_at=now):
            raise _gone("was used")
        self._link = link
        self._blocks = blocks
        self._is_complete = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._blocks)
        except StopIteration:
            self._is_complete = True
            raise

    def close(self) -> None:
        """Called when the reply is over, however it ended."""
        if not self._is_complete:
            DownloadLink.objects.filter(pk=self._link.pk).update(used_at=None)


def note_pull(
    *, snapshot: Snapshot, path: str, user: User, token: ApiToken | None, how: str
) -> None:
    """Log that somebody took a file or the archive, from its first byte."""
    record(
        action="snapshot.file_pulled",
        subject=snapshot,
        actor=user,
        details={"path": path, "by": _by(token), "how": how},
    )


def _by(token: ApiToken | None) -> str:
    return f"token {token.key}" if token else "session"


def _gone(what: str) -> Gone:
    return Gone(
        f"This download link {what}.",
        next_step="Ask for a new one; what you have of the file can be continued.",
    )
