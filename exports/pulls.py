"""What changed since somebody last pulled a study's data, from the log of pulls."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from exports.models import Release, Snapshot, Tombstone
from exports.selectors import SplitCount, split_counts
from feedback.accounts.models import User
from feedback.audit.models import AuditEvent
from feedback.rating.models import Judgment
from feedback.studies.models import Study

PULLED = "snapshot.file_pulled"


@dataclass(frozen=True, slots=True)
class Change:
    """Rows of one configuration, then and now."""

    configuration: str
    n_then: int
    n_now: int

    @property
    def difference(self) -> str:
        """With its sign, for people."""
        change = self.n_now - self.n_then
        return f"{change:+,}" if change else "same"


@dataclass(frozen=True, slots=True)
class Pull:
    """Somebody's last pull."""

    at: datetime
    snapshot: Snapshot
    by: str


@dataclass(frozen=True, slots=True)
class News:
    """What has become of a study's data since a pull.

    Attributes:
        pull: the last one; None if the person has not pulled yet.
        newest: the newest sealed snapshot.
        changes: rows by configuration, of the pulled one and the newest.
        withdrawn: reason and number of rows withdrawn since.
        releases: those taken back since.
        n_judgments: given since the newest snapshot was pinned.
    """

    pull: Pull | None
    newest: Snapshot | None
    changes: tuple[Change, ...]
    withdrawn: tuple[tuple[str, int], ...]
    releases: tuple[Release, ...]
    n_judgments: int

    @property
    def is_current(self) -> bool:
        """Whether the person has the newest, and nothing of it was withdrawn."""
        return (
            self.pull is not None
            and self.pull.snapshot == self.newest
            and not self.withdrawn
            and not self.releases
        )


def last_pull(user: User, snapshots: QuerySet[Snapshot]) -> Pull | None:
    """The person's last pull of one of these, by page, token or link."""
    by_uid = {snapshot.uid: snapshot for snapshot in snapshots}
    event = (
        AuditEvent.objects.filter(
            actor=user, action=PULLED, subject_uid__in=by_uid.keys()
        )
        .order_by("-at", "-pk")
        .first()
    )
    if event is None or event.subject_uid is None:
        return None
    return Pull(event.at, by_uid[event.subject_uid], _how(event.details))


def news_since(pull: Pull | None, study: Study) -> News:
    """What there is to know for who pulled then."""
    newest = (
        study.snapshots.filter(state=Snapshot.State.SEALED).order_by("-number").first()
    )
    since = newest.pinned_at if newest else None
    judgments = Judgment.objects.filter(study=study)
    return News(
        pull=pull,
        newest=newest,
        changes=_changes(pull.snapshot, newest) if pull and newest else (),
        withdrawn=_withdrawn(study, pull.at) if pull else (),
        releases=tuple(
            Release.objects.filter(
                study=study, released_at__isnull=False, withdrawn_at__gt=pull.at
            ).order_by("withdrawn_at")
        )
        if pull
        else (),
        n_judgments=(
            judgments.filter(created_at__gt=since) if since else judgments
        ).count(),
    )


def _changes(then: Snapshot, now: Snapshot) -> tuple[Change, ...]:
    before: dict[str, SplitCount] = {c.configuration: c for c in split_counts(then)}
    return tuple(
        Change(count.configuration, before[count.configuration].n_rows, count.n_rows)
        for count in split_counts(now)
        if count.n_rows or before[count.configuration].n_rows
    )


def _withdrawn(study: Study, since: datetime) -> tuple[tuple[str, int], ...]:
    counts = (
        Tombstone.objects.filter(release__study=study, at__gt=since)
        .values("reason")
        .annotate(n=Count("pk"))
        .order_by("reason")
    )
    return tuple((Tombstone.Reason(c["reason"]).label, c["n"]) for c in counts)


def _how(details: dict[str, Any]) -> str:
    return str(details.get("by", "session"))
