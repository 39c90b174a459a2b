"""How datasets reach those who train on them, by themselves or when asked."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from exports.models.snapshot import Snapshot
from feedback.accounts.token_models import ApiToken
from feedback.common.guards import said
from feedback.common.history import tracked
from feedback.common.models import Identified
from feedback.studies.models import Study


class SnapshotRequest(models.Model):
    """A program asked for a snapshot under a key; asked again, it gets the same one."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    key = models.CharField(max_length=100)
    request_sha256 = models.CharField(max_length=64)
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "key"], name="snapshot_request_key_once"
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"request {self.key} for {self.snapshot}"


class DownloadLink(Identified):
    """An address that gives one file to whoever has it, once and not for long."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    path = models.CharField(
        max_length=200, blank=True, help_text="Of one file; empty: the whole archive."
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    token = models.ForeignKey(
        ApiToken, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(
        null=True, blank=True, help_text="When the last byte was given to a reply."
    )

    class Meta:
        indexes = [
            # Forgetting links that opened long ago.
            models.Index(fields=["expires_at"], name="download_link_expires"),
        ]

    def __str__(self) -> str:
        return f"link to {self.path or 'the archive'} of {self.snapshot}"


@tracked()
class WebhookEndpoint(Identified):
    """Where a study tells another system its news. Its secret is derived, not kept."""

    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, related_name="webhook_endpoints"
    )
    url = models.URLField(max_length=500)
    # Goes into the secret: a new salt is a new secret.
    salt = models.CharField(max_length=32)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "url"],
                condition=Q(ended_at=None),
                name="webhook_endpoint_once",
            ),
            models.CheckConstraint(
                condition=Q(url__startswith="https://"), name="webhook_url_is_https"
            ),
        ]

    def __str__(self) -> str:
        return f"webhook of {self.study}"


class WebhookDelivery(Identified):
    """One piece of news for one endpoint, until it answers or nobody tries any more."""

    # The kind of the job that sends it.
    SEND_JOB = "exports.send_webhook"

    class Kind(models.TextChoices):
        PING = "ping", "Test"
        RELEASE = "release.published", "Release published"
        WITHDRAWAL = "rows.withdrawn", "Rows withdrawn"

    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.PROTECT, related_name="deliveries"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    # Names what happened: the same news twice is one delivery.
    event_key = models.CharField(max_length=100)
    body = models.JSONField()

    n_attempts = models.PositiveSmallIntegerField(default=0)
    last_tried_at = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # Also serves the log of one endpoint.
            models.UniqueConstraint(
                fields=["endpoint", "event_key"], name="webhook_delivery_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["ping", "release.published", "rows.withdrawn"]),
                name="webhook_delivery_kind_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.endpoint}"


@tracked()
class SnapshotSchedule(models.Model):
    """How often a study seals a snapshot by itself, and under which thresholds."""

    class Every(models.TextChoices):
        OFF = "off", "Never"
        DAY = "day", "Every day"
        WEEK = "week", "Every week"

    study = models.OneToOneField(
        Study, on_delete=models.PROTECT, related_name="snapshot_schedule"
    )
    every = models.CharField(max_length=5, choices=Every.choices, default=Every.OFF)
    test_percent = models.PositiveSmallIntegerField(default=10)
    rules = models.JSONField(help_text="The thresholds: exports.rules.Rules.")
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    due_at = models.DateTimeField(null=True, blank=True)
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(every__in=["off", "day", "week"]),
                name="schedule_rhythm_is_known",
            ),
            models.CheckConstraint(
                condition=Q(every="off") | Q(due_at__isnull=False),
                name="schedule_that_runs_is_due",
            ),
            models.CheckConstraint(
                condition=Q(test_percent__lte=50),
                name="schedule_test_percent_is_0_to_50",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.study}: {self.get_every_display().lower()}"


class Push(Identified):
    """A sealed folder on its way to another store, complete there or not there."""

    # The kind of the job that copies it.
    PUSH_JOB = "exports.push"

    snapshot = models.ForeignKey(
        Snapshot, on_delete=models.PROTECT, related_name="pushes"
    )
    target = models.CharField(max_length=500)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    error = models.CharField(max_length=500, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # The pushes of one snapshot, newest first.
            models.Index(fields=["snapshot", "-created_at"], name="push_of_snapshot"),
        ]

    def __str__(self) -> str:
        return f"{self.snapshot} to {self.target}"
