"""The append-only log of actions."""

from django.conf import settings
from django.db import models
from django.db.models.expressions import Func

from feedback.common.guards import said


class ClockTimestamp(Func):
    """The database's clock at this very statement, not at the transaction's start."""

    function = "clock_timestamp"
    output_field = models.DateTimeField()


class AuditEvent(models.Model):
    """One action: who, what, on which object, in which request."""

    at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    action = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=60, blank=True)
    subject_uid = models.UUIDField(null=True)
    details = models.JSONField(default=dict, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            # The history of one object, newest first.
            models.Index(fields=["subject_uid", "-at"], name="audit_subject_at"),
            # What one person did.
            models.Index(fields=["actor", "-at"], name="audit_actor_at"),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.action} at {self.at:%Y-%m-%d %H:%M:%S}"
