"""Who is asked to take part in a study, before they have."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from feedback.accounts.models import Credential
from feedback.accounts.permissions import Role
from feedback.common.history import tracked
from feedback.common.models import Identified
from feedback.studies.models.studies import Enrollment, Study


@tracked(exclude=["token_sha256"])
class Invitation(Identified):
    """An offer of a role in a study, by a link of which only the hash is kept."""

    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, related_name="invitations"
    )
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=20, choices=Role.choices)
    profession = models.CharField(max_length=100, blank=True)
    specialty = models.CharField(max_length=100, blank=True)
    tier = models.CharField(
        max_length=12,
        choices=Enrollment.Tier.choices,
        default=Enrollment.Tier.GENERAL,
    )
    credential_kind = models.CharField(
        max_length=10, choices=Credential.Kind.choices, blank=True
    )
    credential_title = models.CharField(max_length=200, blank=True)
    credential_issuer = models.CharField(max_length=200, blank=True)
    credential_identifier = models.CharField(max_length=100, blank=True)
    token_sha256 = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token_sha256"], name="invitation_token_once"
            ),
            models.UniqueConstraint(
                fields=["study", "email", "role"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="one_open_invitation_per_role",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="accepted_invitation_says_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(revoked_at=None),
                name="invitation_accepted_xor_revoked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} as {self.role} in {self.study}"
