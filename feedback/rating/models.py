"""Judgments. Nothing here is ever changed: a change of mind is a new revision."""

from django.db import models
from django.db.models import F, Q

from feedback.accounts.models import Rater
from feedback.common.guards import said
from feedback.common.models import Identified
from feedback.corpus.models import Completion
from feedback.studies.models import (
    Assignment,
    Criterion,
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
        ]
        indexes = [
            # A rater's own history; an export's walk through a study.
            models.Index(fields=["rater", "-id"], name="judgment_of_rater"),
            models.Index(fields=["study", "id"], name="judgment_of_study"),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"judgment {self.uid} r{self.revision}"


class CriterionRating(models.Model):
    """One criterion's value for one completion, or that it does not apply."""

    judgment = models.ForeignKey(
        Judgment, on_delete=models.PROTECT, related_name="ratings"
    )
    completion = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="ratings"
    )
    criterion = models.ForeignKey(
        Criterion, on_delete=models.PROTECT, related_name="ratings"
    )
    value = models.SmallIntegerField(null=True)
    is_not_applicable = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["judgment", "completion", "criterion"],
                name="rating_once_per_criterion",
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=True, is_not_applicable=True)
                | Q(value__isnull=False, is_not_applicable=False),
                name="value_xor_not_applicable",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.criterion_id}: {self.value}"


class Preference(models.Model):
    """Which of two completions is better, and by how much.

    The pair is stored in canonical order (smaller id is `a`), so that A against B and
    B against A are one fact; what stood left is on the assignment.
    """

    class Outcome(models.TextChoices):
        A = "a", "a is better"
        B = "b", "b is better"
        TIE = "tie", "About equal"
        NEITHER = "neither", "Neither is acceptable"

    judgment = models.OneToOneField(
        Judgment, on_delete=models.PROTECT, related_name="preference"
    )
    completion_a = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="+"
    )
    completion_b = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="+"
    )
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    strength = models.PositiveSmallIntegerField(
        help_text="2 much, 1 slightly, 0 for a tie or neither."
    )
    reasons = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(completion_a__lt=F("completion_b")),
                name="pair_in_canonical_order",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["a", "b"], strength__in=[1, 2])
                | Q(outcome__in=["tie", "neither"], strength=0),
                name="strength_fits_outcome",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.outcome} by {self.strength}"


class Correction(models.Model):
    """The text a rater would have wanted instead of a completion."""

    judgment = models.ForeignKey(
        Judgment, on_delete=models.PROTECT, related_name="corrections"
    )
    completion = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="corrections"
    )
    text = models.TextField()
    text_sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["judgment", "completion"], name="correction_once"
            ),
            models.CheckConstraint(
                condition=~Q(text=""), name="correction_is_not_empty"
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"correction of {self.completion_id}"


class SafetyFlag(Identified):
    """A rater says that a completion could harm somebody."""

    class Category(models.TextChoices):
        DANGEROUS_ADVICE = "dangerous_advice", "Dangerous advice"
        CONTRAINDICATION = "contraindication", "Contraindication missed"
        DOSE_ERROR = "dose_error", "Dose error"
        MISSED_EMERGENCY = "missed_emergency", "Missed emergency"
        SELF_HARM = "self_harm", "Self-harm"
        BIAS = "bias", "Bias or stereotyping"
        PRIVACY = "privacy", "Privacy leak"
        FABRICATION = "fabrication", "Fabricated source"
        REFUSAL = "refusal", "Refusal that harms"
        OTHER = "other", "Something else"

    class Severity(models.TextChoices):
        MILD = "mild", "Mild: discomfort or delay"
        MODERATE = "moderate", "Moderate: treatment needed"
        SEVERE = "severe", "Severe: lasting harm or death"

    judgment = models.ForeignKey(
        Judgment, on_delete=models.PROTECT, related_name="safety_flags"
    )
    completion = models.ForeignKey(
        Completion, on_delete=models.PROTECT, related_name="safety_flags"
    )
    category = models.CharField(max_length=30, choices=Category.choices)
    severity = models.CharField(max_length=10, choices=Severity.choices)
    rationale = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(severity__in=["mild", "moderate", "severe"]),
                name="flag_severity_is_known",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.severity}: {self.category}"
