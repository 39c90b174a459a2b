"""What was decided in a case, and what it rests on. Nothing here is ever changed."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from feedback.common.guards import said
from feedback.common.models import Identified
from feedback.review.models.cases import AdjudicationCase
from feedback.review.models.evidence import EvidenceEdition
from feedback.review.models.guards import FitsItsCase, NotByARater
from feedback.studies.models import ChangeRequest, GuidelineVersion, Task


class Adjudication(Identified):
    """The verdict on a task by one who did not rate it. It replaces no judgment."""

    class Cause(models.TextChoices):
        GUIDELINE_UNCLEAR = "guideline_unclear", "The guideline is unclear"
        MISSING_INFORMATION = "missing_information", "The case leaves something out"
        SLIP = "slip", "A slip"
        PRACTICE = "practice", "Practice or region differs"
        KNOWLEDGE = "knowledge", "Somebody did not know"
        BORDERLINE = "borderline", "It is borderline"
        OTHER = "other", "Something else"
        NONE = "none", "There was no disagreement"
        # Only where the raters agree: audits, and verdicts that went stale.

    case = models.OneToOneField(
        AdjudicationCase, on_delete=models.PROTECT, related_name="adjudication"
    )
    task = models.ForeignKey(
        Task, on_delete=models.PROTECT, related_name="adjudications"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="adjudications"
    )
    guideline_version = models.ForeignKey(
        GuidelineVersion, on_delete=models.PROTECT, related_name="+"
    )
    lease_no = models.PositiveIntegerField()
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded_by"
    )

    verdict = models.JSONField(
        help_text="docs/explanation/adjudication.md says what stands in it."
    )
    cause = models.CharField(max_length=20, choices=Cause.choices)
    rationale = models.TextField()
    change_request = models.ForeignKey(
        ChangeRequest,
        on_delete=models.PROTECT,
        null=True,
        related_name="adjudications",
        help_text="What the next guideline version should make clear.",
    )

    idempotency_key = models.UUIDField()
    request_sha256 = models.CharField(
        max_length=64, help_text="Of everything submitted: a key serves one content."
    )
    shown_sha256 = models.CharField(
        max_length=64, help_text="Of the exact texts the adjudicator was shown."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["idempotency_key"], name="adjudication_once_per_key"
            ),
            models.UniqueConstraint(
                fields=["task"],
                condition=Q(supersedes=None),
                name="one_first_adjudication_per_task",
            ),
            models.CheckConstraint(
                condition=Q(
                    cause__in=[
                        "guideline_unclear",
                        "missing_information",
                        "slip",
                        "practice",
                        "knowledge",
                        "borderline",
                        "other",
                        "none",
                    ]
                ),
                name="adjudication_cause_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(rationale=""), name="adjudication_has_a_rationale"
            ),
            models.CheckConstraint(
                condition=~Q(cause="guideline_unclear")
                | Q(change_request__isnull=False),
                name="unclear_guideline_has_a_change_request",
            ),
        ]
        triggers = [*said(), NotByARater(person="decided_by_id"), FitsItsCase()]

    def __str__(self) -> str:
        return f"adjudication {self.uid}"


class AdjudicationEvidence(models.Model):
    """An adjudication cites a place in an edition."""

    adjudication = models.ForeignKey(
        Adjudication, on_delete=models.PROTECT, related_name="evidence"
    )
    edition = models.ForeignKey(
        EvidenceEdition, on_delete=models.PROTECT, related_name="citations"
    )
    locator = models.CharField(
        max_length=200, blank=True, help_text="E.g. section 4.2, table 3, page 17."
    )
    quote = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["adjudication", "edition", "locator"],
                name="evidence_place_once_per_adjudication",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.edition_id} {self.locator}"
