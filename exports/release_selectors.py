"""Reading releases, comparisons and tombstones; the doors from a view to them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from exports.comparisons import KINDS
from exports.models import Comparison, Release, Snapshot, Tombstone
from exports.tombstones import EVERYTHING
from feedback.accounts.models import User
from feedback.accounts.permissions import Role, Verb, may, roles_with
from feedback.common.exceptions import Invalid, NotVisible
from feedback.studies.models import Study
from feedback.studies.selectors import studies_for

CHANGES_A_PAGE = 500
_MOST_DIGITS = 18


def releases_for(user: User, verb: Verb) -> QuerySet[Release]:
    """The releases with which a person may do `verb`, newest first."""
    return (
        Release.objects.filter(study__in=studies_for(user, verb))
        .select_related("study", "snapshot", "requested_by", "withdrawn_by", "key")
        .order_by("-pk")
    )


def access_release(user: User, uid: UUID, verb: Verb) -> Release:
    """The only door to a release.

    Raises:
        NotVisible: if it does not exist or the person may not do `verb` with it.
    """
    release = releases_for(user, verb).filter(uid=uid).first()
    if release is None:
        raise NotVisible
    return release


def releases_of(study: Study) -> QuerySet[Release]:
    """A study's releases, newest first, each with how many rows were withdrawn since."""
    return (
        Release.objects.filter(study=study)
        .select_related("snapshot", "requested_by", "key")
        .annotate(n_withdrawn=Count("tombstones"))
        .order_by("-pk")
    )


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """How many rows of a release were withdrawn for one reason."""

    reason: str
    n_rows: int


def withdrawn_rows(release: Release) -> list[Withdrawn]:
    """Rows withdrawn since the release, by reason; the commonest first."""
    counts = (
        release.tombstones.exclude(configuration=EVERYTHING)
        .values_list("reason")
        .annotate(n=Count("pk"))
        .order_by("-n", "reason")
    )
    return [Withdrawn(Tombstone.Reason(reason).label, n) for reason, n in counts]


def why_not_sign(user: User, release: Release) -> str:
    """What keeps a person from signing now, as they read it; empty if nothing does."""
    if not release.is_waiting:
        return "This release does not wait for signatures."
    if not may(user, Verb.RELEASE_SIGN, release):
        return "A lead, an auditor or an administrator signs a release."
    signers = set(release.signoffs.values_list("signer_id", flat=True))
    if user.pk in signers:
        return "You have signed. Another person gives the second signature."
    if not signers and not may(user, Verb.RELEASE_PREPARE, release):
        return "A study lead signs first; then you can."
    return ""


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Tombstones of a study after a cursor, oldest first."""

    changes: tuple[Tombstone, ...]
    next: str
    has_more: bool


def changes_since(study: Study, *, since: str) -> ChangePage:
    """What was withdrawn of a study's releases after a cursor, in a stable order.

    Args:
        study: whose releases.
        since: the `next` of the page before; empty for the beginning.

    Raises:
        Invalid: if `since` is no cursor.
    """
    after = _position(since)
    rows = list(
        Tombstone.objects.filter(release__study=study, pk__gt=after)
        .select_related("release")
        .order_by("pk")[: CHANGES_A_PAGE + 1]
    )
    page = rows[:CHANGES_A_PAGE]
    last = page[-1].pk if page else after
    return ChangePage(tuple(page), str(last), len(rows) > len(page))


def _position(since: str) -> int:
    is_number = since.isascii() and since.isdigit() and len(since) <= _MOST_DIGITS
    if since and not is_number:
        raise Invalid(
            f"{since[:40]!r} is not a cursor.",
            next_step="Use `next` of the page before, or leave `since` out.",
            fields={"since": "Not a cursor."},
        )
    return int(since or 0)


@dataclass(frozen=True, slots=True)
class ComparedPart:
    """One configuration of a comparison, as a table shows it."""

    configuration: str
    before: int
    after: int
    counts: tuple[int, ...]
    examples: tuple[tuple[str, tuple[str, ...]], ...]


def compared_parts(comparison: Comparison) -> list[ComparedPart]:
    """A computed comparison, configuration by configuration."""
    parts: dict[str, dict[str, Any]] = comparison.result.get("configurations", {})
    return [
        ComparedPart(
            configuration=name,
            before=part["before"],
            after=part["after"],
            counts=tuple(part[kind] for kind in KINDS),
            examples=tuple(
                (kind, tuple(part["examples"][kind]))
                for kind in KINDS
                if kind in part["examples"]
            ),
        )
        for name, part in sorted(parts.items())
    ]


def sealed_before(snapshot: Snapshot) -> QuerySet[Snapshot]:
    """The other sealed snapshots of its study, newest first."""
    return (
        Snapshot.objects.filter(study=snapshot.study_id, state=Snapshot.State.SEALED)
        .exclude(pk=snapshot.pk)
        .order_by("-number")
    )


def snapshot_to_compare(snapshot: Snapshot, given: str) -> Snapshot | None:
    """The sealed snapshot of the same study with this number; by default the one before.

    Raises:
        Invalid: if there is none with this number.
    """
    others = sealed_before(snapshot)
    if not given:
        return others.filter(number__lt=snapshot.number).first() or others.first()
    found = others.filter(number=given).first() if _is_small(given) else None
    if found is None:
        numbers = ", ".join(str(one.number) for one in others[:50]) or "none"
        raise Invalid(
            f"There is no other sealed snapshot {given[:40]!r}.",
            next_step=f"Sealed are: {numbers}.",
            fields={"with": "Not the number of another sealed snapshot."},
        )
    return found


def _is_small(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9  # noqa: PLR2004


def people_who_sign(study: Study, *, but: Iterable[int]) -> list[str]:
    """Names of those who may give the next signature."""
    allowed = roles_with(Verb.RELEASE_SIGN)
    enrolled = User.objects.filter(
        enrollments__study=study,
        enrollments__ended_at=None,
        enrollments__role__in=allowed,
    )
    of_site = User.objects.filter(
        roles__overlap=[r.value for r in allowed if r in {Role.AUDITOR, Role.ADMIN}]
    )
    people = (enrolled | of_site).filter(is_active=True).exclude(pk__in=list(but))
    return sorted(set(people.values_list("name", flat=True)))
