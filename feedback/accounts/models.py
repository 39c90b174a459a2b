"""People: who may sign in, and as what they judge."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from feedback.accounts.permissions import Grant, Role
from feedback.accounts.token_models import VERBS, ApiToken, Scope
from feedback.common.guards import NoTruncate, Sealed
from feedback.common.history import tracked
from feedback.common.models import Identified

__all__ = [
    "VERBS",
    "ApiToken",
    "Credential",
    "KeySettings",
    "Rater",
    "Scope",
    "SignInLink",
    "User",
    "UserManager",
]


class UserManager(BaseUserManager["User"]):
    """Finds people by e-mail address, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the person whose address is `username`."""
        return self.get(email=(username or "").lower())


# `last_login` changes at every sign-in, which AuditEvent records by itself.
@tracked(exclude=["password", "last_login"])
class User(AbstractBaseUser, Identified):
    """Somebody who can sign in. Never deleted; switched off by `is_active`."""

    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=200)
    roles = ArrayField(
        models.CharField(max_length=20, choices=Role.choices),
        default=list,
        blank=True,
        help_text="Roles that count for the whole site: admin, auditor.",
    )
    is_active = models.BooleanField(default=True)

    # Narrows what the person may do while a token speaks for them; not a column.
    grant: Grant | None = None

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["email"], name="user_email_once"),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="user_email_is_lower"
            ),
            models.CheckConstraint(
                condition=models.Q(roles__contained_by=["admin", "auditor"]),
                name="user_roles_are_site_roles",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def site_roles(self) -> frozenset[Role]:
        """The roles that count for every study."""
        return frozenset(Role(role) for role in self.roles)


@tracked()
class Rater(Identified):
    """A person in the capacity of a judge; exports know only the pseudonym."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="rater")
    pseudonym = models.CharField(max_length=40)
    profession = models.CharField(max_length=100, blank=True)
    specialty = models.CharField(max_length=100, blank=True)
    # Given freely, for comparing groups of raters; never shown beside an answer.
    age_band = models.CharField(max_length=20, blank=True)
    sex = models.CharField(max_length=40, blank=True)
    ethnicity = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=35, blank=True)
    is_simulated = models.BooleanField(
        default=False,
        help_text="A program with a stated seed and skill, as in the demo.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pseudonym"], name="rater_pseudonym_once"),
        ]

    def __str__(self) -> str:
        return self.pseudonym


@tracked()
class Credential(Identified):
    """What qualifies a rater, and who looked at the proof. Final once checked."""

    class Kind(models.TextChoices):
        LICENSE = "license", "License to practice"
        BOARD = "board", "Board certification"
        DEGREE = "degree", "Degree"
        OTHER = "other", "Other"

    rater = models.ForeignKey(
        Rater, on_delete=models.PROTECT, related_name="credentials"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    title = models.CharField(max_length=200)
    issuer = models.CharField(max_length=200, blank=True)
    identifier = models.CharField(
        max_length=100, blank=True, help_text="Number by which the issuer knows it."
    )
    valid_until = models.DateField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    checked_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    checked_how = models.CharField(
        max_length=200, blank=True, help_text="E.g. looked up in the public register."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["license", "board", "degree", "other"]),
                name="credential_kind_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(checked_at=None, checked_by=None)
                | models.Q(checked_at__isnull=False, checked_by__isnull=False),
                name="checked_credential_says_by_whom",
            ),
        ]
        triggers = [Sealed(column="checked_at"), NoTruncate()]

    def __str__(self) -> str:
        return self.title


class SignInLink(Identified):
    """A link that signs one person in once. Only the hash of its token is kept."""

    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="sign_in_links"
    )
    token_sha256 = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token_sha256"], name="sign_in_link_token_once"
            ),
        ]

    def __str__(self) -> str:
        return f"sign-in link of {self.user}"


class KeySettings(models.Model):
    """How a person uses the keyboard on the rating page."""

    user = models.OneToOneField(
        User, on_delete=models.PROTECT, related_name="key_settings"
    )
    is_on = models.BooleanField(
        default=True, help_text="Single keys act; off for people who speak to the page."
    )
    keys = models.JSONField(
        default=dict,
        blank=True,
        help_text="Action -> key, where it is not the default.",
    )

    def __str__(self) -> str:
        return f"keys of {self.user}"
