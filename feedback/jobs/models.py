"""Work that outlives a request, as rows."""

from django.db import models
from django.db.models.functions import Now

from feedback.common.models import Identified


class Job(Identified):
    """One piece of work, written in the transaction that made it necessary."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        # Enters when enqueued or after a failed attempt; leaves when leased.
        RUNNING = "running", "Running"
        # Leased by a worker; goes back to waiting when the lease runs out.
        DONE = "done", "Done"
        # The handler returned. Final.
        DEAD = "dead", "Dead"
        # Failed five times. Stays until a person decides.

    kind = models.CharField(max_length=60)
    subject_id = models.BigIntegerField(
        help_text="Primary key of the row the work is about."
    )
    dedupe_key = models.CharField(max_length=200)
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.WAITING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_no = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    actor_id = models.BigIntegerField(
        null=True, help_text="On whose behalf, for the audit trail."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dedupe_key"], name="job_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "running", "done", "dead"]),
                name="job_state_is_known",
            ),
        ]
        indexes = [
            # The sweep: what is due or whose lease ran out.
            models.Index(
                fields=["due_at"],
                name="job_due",
                condition=models.Q(state__in=["waiting", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id} ({self.state})"
