"""What one rater said about one task in one submit, or one revision."""

from django.db import models
from django.db.models import Q

from feedback.accounts.models import Rater
from feedback.common.guards import said
from feedback.common.models import Identified
from feedback.studies.models import (
    Assignment,
    GuidelineVersion,
    Study,
    Task,
)


class Judgment(Identified):
    """Everything one rater said about one task in one submit."""

    class Outcome(models.TextChoices):
        ANSWERED = "answered", "Answered"
        # The parts hold the answers.
        OUTSIDE_PRACTICE = "outside_practice", "Outside my practice"
        # An answer, not a skip: this rater should not judge this.

    class Basis(models.TextChoices):
        BLIND = "blind", "Blind"
        # Given before anything was shown; also when the rater took it back and changed it.
        AFTER_REVEAL = "after_reveal", "After seeing others' answers"
        # Kept beside the blind answer, never exported in its place.

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="judgments")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="judgments")
    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, related_name="judgments"
    )
    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="judgments")
    guideline_version = models.ForeignKey(
        GuidelineVersion, on_delete=models.PROTECT, related_name="+"
    )
    lease_no = models.PositiveIntegerField()
    revision = models.PositiveIntegerField(default=1)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded_by"
    )
    outcome = models.CharField(
        max_length=20, choices=Outcome.choices, default=Outcome.ANSWERED
    )
    basis = models.CharField(max_length=20, choices=Basis.choices, default=Basis.BLIND)
    is_unblinded = models.BooleanField(
        default=False,
        help_text="The text as shown named its maker, or the rater says they knew it.",
    )
    is_fit_as_is = models.BooleanField(
        default=False,
        help_text="Asked for a correction, the rater says none is needed.",
    )
    comment = models.TextField(blank=True)
    active_seconds = models.PositiveIntegerField(
        default=0, help_text="Time the page was in view and in use, by the browser."
    )

    idempotency_key = models.UUIDField()
    request_sha256 = models.CharField(
        max_length=64, help_text="Of everything submitted: a key serves one content."
    )
    shown_sha256 = models.CharField(
        max_length=64, help_text="Of the exact texts the rater was shown."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["idempotency_key"], name="judgment_once_per_key"
            ),
            models.UniqueConstraint(
                fields=["task", "rater", "revision"], name="judgment_revision_once"
            ),
            models.CheckConstraint(
                condition=Q(revision=1, supersedes=None)
                | Q(revision__gt=1, supersedes__isnull=False),
                name="later_revision_supersedes_one",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["answered", "outside_practice"]),
                name="judgment_outcome_is_known",
            ),
            models.CheckConstraint(
                condition=Q(basis__in=["blind", "after_reveal"]),
                name="judgment_basis_is_known",
            ),
            models.CheckConstraint(
                condition=Q(basis="blind") | Q(revision__gt=1),
                name="first_judgment_is_blind",
            ),
        ]
        indexes = [
            # A rater's own history; an export's walk through a study.
            models.Index(fields=["rater", "-id"], name="judgment_of_rater"),
            models.Index(fields=["study", "id"], name="judgment_of_study"),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"judgment {self.uid} r{self.revision}"
