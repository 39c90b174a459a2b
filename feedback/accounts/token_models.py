"""Tokens by which a program acts for a person, within limits."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models

from feedback.accounts.permissions import Grant, Verb
from feedback.common.history import tracked
from feedback.common.models import Identified


class Scope(models.TextChoices):
    """What a token may be for."""

    EXPORTS_READ = "exports:read", "Read and download datasets"
    EXPORTS_CREATE = "exports:create", "Seal snapshots"


# A token never does more than its person: both the scope and the role must allow it.
VERBS: dict[Scope, frozenset[Verb]] = {
    Scope.EXPORTS_READ: frozenset({Verb.SNAPSHOT_PULL}),
    Scope.EXPORTS_CREATE: frozenset({Verb.SNAPSHOT_SEAL}),
}


# `last_used_at` moves with every use and means nothing later.
@tracked(exclude=["last_used_at", "secret_sha256"])
class ApiToken(Identified):
    """A secret that lets a program act for a person. Ends; never deleted."""

    user = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="api_tokens"
    )
    name = models.CharField(max_length=80, help_text="What uses it, e.g. a cluster.")
    # Public: finds the row, names the token in logs.
    key = models.CharField(max_length=12)
    secret_sha256 = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices))
    # Not a foreign key: accounts know nothing of studies. An unknown uid opens none.
    study_uid = models.UUIDField(
        null=True, blank=True, help_text="Only this study; empty: all of the person's."
    )
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], name="api_token_key_once"),
            models.CheckConstraint(
                condition=models.Q(
                    scopes__contained_by=["exports:read", "exports:create"]
                )
                & ~models.Q(scopes=[]),
                name="api_token_scopes_are_known",
            ),
        ]
        indexes = [
            # The settings page of one person, newest first.
            models.Index(fields=["user", "-created_at"], name="api_token_of_user"),
        ]

    def __str__(self) -> str:
        return f"token {self.key}"

    def is_live(self, now: datetime) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and self.expires_at > now

    @property
    def grant(self) -> Grant:
        """What it leaves of the person's permissions."""
        verbs = frozenset[Verb]().union(*(VERBS[Scope(one)] for one in self.scopes))
        return Grant(verbs=verbs, study_uid=self.study_uid)
