"""Guidelines, labels and books that verdicts cite, each with its edition and date."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from feedback.common.guards import NoTruncate
from feedback.common.history import tracked
from feedback.common.models import Identified
from feedback.review.models.guards import OnlySuperseded
from feedback.studies.models import Study


@tracked()
class EvidenceSource(Identified):
    """A work that is revised from time to time, as one study cites it."""

    class Kind(models.TextChoices):
        GUIDELINE = "guideline", "Guideline"
        LABEL = "label", "Drug label"
        REVIEW = "review", "Systematic review"
        TEXTBOOK = "textbook", "Textbook"
        OTHER = "other", "Something else"

    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, related_name="evidence_sources"
    )
    title = models.CharField(max_length=300)
    publisher = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # Text, and never fetched or linked: what is cited is the edition as published.
    url = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "study", Lower("title"), Lower("publisher"), name="evidence_source_once"
            ),
            models.CheckConstraint(
                condition=~Q(title=""), name="evidence_source_has_a_title"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=["guideline", "label", "review", "textbook", "other"]
                ),
                name="evidence_kind_is_known",
            ),
        ]
        triggers = [NoTruncate()]

    def __str__(self) -> str:
        return self.title


@tracked()
class EvidenceEdition(Identified):
    """One edition. Nothing of it changes but that another one supersedes it."""

    source = models.ForeignKey(
        EvidenceSource, on_delete=models.PROTECT, related_name="editions"
    )
    edition = models.CharField(max_length=100)
    published_on = models.DateField()
    superseded_at = models.DateTimeField(null=True, blank=True)
    superseded_by = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="supersedes",
    )

    class Meta:
        ordering = ["-published_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                "source", Lower("edition"), name="evidence_edition_once"
            ),
            models.CheckConstraint(
                condition=~Q(edition=""), name="evidence_edition_has_a_name"
            ),
            models.CheckConstraint(
                condition=Q(superseded_at=None, superseded_by=None)
                | Q(superseded_at__isnull=False, superseded_by__isnull=False),
                name="superseded_edition_says_by_what",
            ),
            models.CheckConstraint(
                condition=Q(superseded_by=None) | ~Q(superseded_by=F("id")),
                name="edition_does_not_supersede_itself",
            ),
        ]
        triggers = [OnlySuperseded(), NoTruncate()]

    def __str__(self) -> str:
        return f"{self.source}, {self.edition}"
