"""The permission table: which role may do what, and the one question `may`.

Two kinds of role. Those of the whole site (`User.roles`) count everywhere; those of
a study (`studies.Enrollment`) count for that study's objects only. Reading the table
below is reading the policy; nothing else in the code grants anything.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from django.db import models


class Role(models.TextChoices):
    """What a person is here for."""

    RATER = "rater", "Clinician"
    # Judges completions; sees neither model names nor other raters' answers.
    SAFETY_REVIEWER = "safety_reviewer", "Safety reviewer"
    # Handles what could harm; sees flags and the flagged text.
    ADJUDICATOR = "adjudicator", "Adjudicator"
    # Settles what raters disagree on; never what they rated themselves.
    LEAD = "lead", "Study lead"
    # Sets a study up, imports, watches, seals snapshots.
    ML_ENGINEER = "ml_engineer", "ML engineer"
    # Pulls snapshots.
    AUDITOR = "auditor", "Auditor"
    # Reads everything and changes nothing; may sign a release second.
    ADMIN = "admin", "Administrator"
    # Manages people and studies; never rates. May sign a release second.


class Verb(StrEnum):
    """What a view does with an object."""

    STUDY_SEE = "study.see"
    STUDY_CREATE = "study.create"
    STUDY_LEAD = "study.lead"
    CORPUS_IMPORT = "corpus.import"
    TASK_RATE = "task.rate"
    QUALITY_SEE = "quality.see"
    ADJUDICATION_SEE = "adjudication.see"
    ADJUDICATION_DECIDE = "adjudication.decide"
    FLAG_SEE = "flag.see"
    SNAPSHOT_SEAL = "snapshot.seal"
    SNAPSHOT_PULL = "snapshot.pull"
    RELEASE_SEE = "release.see"
    RELEASE_PREPARE = "release.prepare"
    RELEASE_SIGN = "release.sign"
    RATER_NAME_SEE = "rater_name.see"


_EVERYONE = frozenset(Role)

PERMISSIONS: dict[Verb, frozenset[Role]] = {
    Verb.STUDY_SEE: _EVERYONE,
    # Whoever leads one study may begin another; the first is an administrator's.
    Verb.STUDY_CREATE: frozenset({Role.LEAD, Role.ADMIN}),
    Verb.STUDY_LEAD: frozenset({Role.LEAD, Role.ADMIN}),
    Verb.CORPUS_IMPORT: frozenset({Role.LEAD, Role.ADMIN}),
    Verb.TASK_RATE: frozenset({Role.RATER}),
    Verb.QUALITY_SEE: frozenset({Role.LEAD, Role.ADMIN, Role.AUDITOR}),
    Verb.ADJUDICATION_SEE: frozenset({Role.ADJUDICATOR, Role.LEAD, Role.AUDITOR}),
    Verb.ADJUDICATION_DECIDE: frozenset({Role.ADJUDICATOR, Role.LEAD}),
    Verb.FLAG_SEE: frozenset({Role.SAFETY_REVIEWER, Role.LEAD, Role.AUDITOR}),
    Verb.SNAPSHOT_SEAL: frozenset({Role.LEAD}),
    Verb.SNAPSHOT_PULL: frozenset({Role.LEAD, Role.ML_ENGINEER, Role.AUDITOR}),
    Verb.RELEASE_SEE: frozenset(
        {Role.LEAD, Role.ML_ENGINEER, Role.AUDITOR, Role.ADMIN}
    ),
    # Prepares a release, signs it first, and withdraws it.
    Verb.RELEASE_PREPARE: frozenset({Role.LEAD}),
    Verb.RELEASE_SIGN: frozenset({Role.LEAD, Role.AUDITOR, Role.ADMIN}),
    # Who a pseudonym is, where an exported row is walked back.
    Verb.RATER_NAME_SEE: frozenset({Role.LEAD, Role.AUDITOR}),
}

# Roles that `User.roles` may hold: they count for every study.
SITE_ROLES = frozenset({Role.ADMIN, Role.AUDITOR})


class HasRoles(Protocol):
    """An object that knows which roles a person holds for it."""

    def roles_of(self, user_id: int) -> frozenset[Role]:
        """The roles of that person for this object."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token leaves of its person's permissions; it never adds any.

    Attributes:
        verbs: all that may be done.
        study_uid: the only study, or None for each of the person's.
    """

    verbs: frozenset[Verb]
    study_uid: UUID | None

    def covers(self, verb: Verb, obj: HasRoles | None = None) -> bool:
        """Whether `verb` is left, with `obj`: a study or something of one."""
        if verb not in self.verbs:
            return False
        study = getattr(obj, "study", obj)
        return self.study_uid is None or getattr(study, "uid", None) == self.study_uid


class Person(Protocol):
    """The part of a user that permission depends on."""

    pk: int
    is_active: bool
    grant: Grant | None

    @property
    def site_roles(self) -> frozenset[Role]:
        """The roles that count everywhere."""


def roles_with(verb: Verb) -> frozenset[Role]:
    """The roles that may do `verb`, for selectors that put scope into the query."""
    return PERMISSIONS[verb]


def may(user: Person, verb: Verb, obj: HasRoles | None = None) -> bool:
    """Whether `user` may do `verb`, with `obj` if one is given.

    Deny by default: an inactive person may do nothing, and a verb that the table
    does not list is a programming error (KeyError), never a yes.
    """
    if not user.is_active:
        return False
    if user.grant is not None and not user.grant.covers(verb, obj):
        return False
    allowed = PERMISSIONS[verb]
    if user.site_roles & allowed:
        return True
    return obj is not None and bool(obj.roles_of(user.pk) & allowed)
