"""The versions of a study's guideline: what is asked, sealed once published."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from feedback.accounts.models import Rater
from feedback.common.guards import NoTruncate, Sealed, said, sealed_with
from feedback.common.history import tracked
from feedback.common.models import Identified
from feedback.studies.models.studies import Study


@tracked()
class GuidelineVersion(Identified):
    """The rules raters follow. Once published it never changes."""

    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, related_name="guideline_versions"
    )
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body = models.TextField()
    changes = models.TextField(
        blank=True, help_text="What is different from the version before, for raters."
    )
    is_major = models.BooleanField(
        default=False,
        help_text="Raters of an earlier version confirm that they read the changes.",
    )
    content_sha256 = models.CharField(max_length=64, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "number"], name="guideline_number_once"
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | ~Q(content_sha256=""),
                name="published_guideline_is_hashed",
            ),
        ]
        triggers = [Sealed(column="published_at")]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"


def sealed_with_guideline() -> list[pgtrigger.Trigger]:
    """Triggers of the tables that close together with their guideline version."""
    return [
        *sealed_with(
            "guideline_version_id",
            parent_table="studies_guidelineversion",
            column="published_at",
        ),
        NoTruncate(),
    ]


class Criterion(Identified):
    """One thing a rater scores, with the meaning of each value spelled out."""

    class Kind(models.TextChoices):
        LIKERT = "likert", "Scale with both poles labeled"
        YES_NO = "yes_no", "Yes or no"
        # Stored as 1 and 0.
        SCORE = "score", "0 to 100"
        NOMINAL = "nominal", "One of several"
        MULTI_LABEL = "multi_label", "Any of several"
        TEXT = "text", "Free text"
        TURN = "turn", "The first turn where it goes wrong"
        # Stored as the assistant turn's number from 1; 0 when none goes wrong.

    class Scope(models.TextChoices):
        COMPLETION = "completion", "Each completion"
        PAIR = "pair", "The pair, compared"
        TURN = "turn", "Each assistant turn"

    class Direction(models.TextChoices):
        BETTER = "better", "Higher is better"
        WORSE = "worse", "Higher is worse"
        NEUTRAL = "neutral", "Neither"
        # Only what is better the higher it is makes up one mark of quality at export.

    guideline_version = models.ForeignKey(
        GuidelineVersion, on_delete=models.PROTECT, related_name="criteria"
    )
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    question = models.CharField(max_length=300)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.LIKERT)
    scope = models.CharField(
        max_length=20, choices=Scope.choices, default=Scope.COMPLETION
    )
    direction = models.CharField(
        max_length=10, choices=Direction.choices, default=Direction.BETTER
    )
    low_label = models.CharField(max_length=60, blank=True)
    high_label = models.CharField(max_length=60, blank=True)
    minimum = models.SmallIntegerField(default=1)
    maximum = models.SmallIntegerField(default=5)
    anchors = models.JSONField(
        default=dict, blank=True, help_text='{"1": "what a 1 means", …}'
    )
    options = models.JSONField(
        default=list,
        blank=True,
        help_text="Of one or any of several: [{value, label, meaning}], in order.",
    )
    is_required = models.BooleanField(default=True)
    guidance = models.TextField(
        blank=True, help_text="What the guideline says of this criterion."
    )
    examples = models.JSONField(
        default=list, blank=True, help_text="[{text, value, why}]"
    )
    condition_key = models.SlugField(
        max_length=40,
        blank=True,
        help_text="Asked only if this earlier criterion has one of the values below.",
    )
    condition_values = ArrayField(
        models.CharField(max_length=40), default=list, blank=True
    )
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        verbose_name_plural = "criteria"
        constraints = [
            models.UniqueConstraint(
                fields=["guideline_version", "key"], name="criterion_key_once"
            ),
            models.CheckConstraint(
                condition=Q(minimum__lt=F("maximum")), name="criterion_has_a_range"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "likert",
                        "yes_no",
                        "score",
                        "nominal",
                        "multi_label",
                        "text",
                        "turn",
                    ]
                ),
                name="criterion_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(scope__in=["completion", "pair", "turn"]),
                name="criterion_scope_is_known",
            ),
            models.CheckConstraint(
                condition=Q(direction__in=["better", "worse", "neutral"]),
                name="criterion_direction_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(kind="likert")
                | (~Q(low_label="") & ~Q(high_label=""))
                | Q(scope="pair"),
                name="likert_has_both_poles",
            ),
        ]
        triggers = sealed_with_guideline()

    def __str__(self) -> str:
        return self.name

    @property
    def is_number(self) -> bool:
        """Whether its answers are numbers that may be averaged."""
        return self.kind in {self.Kind.LIKERT, self.Kind.YES_NO, self.Kind.SCORE}


class SpanLabel(Identified):
    """A kind of error that raters mark in a text, or of thing missing from it."""

    class Kind(models.TextChoices):
        SPAN = "span", "In the text"
        OMISSION = "omission", "Missing"

    guideline_version = models.ForeignKey(
        GuidelineVersion, on_delete=models.PROTECT, related_name="span_labels"
    )
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    meaning = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.SPAN)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["guideline_version", "key"], name="span_label_key_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["span", "omission"]),
                name="span_label_kind_is_known",
            ),
        ]
        triggers = sealed_with_guideline()

    def __str__(self) -> str:
        return self.name


class GuidelineAcknowledgment(Identified):
    """A rater has read what changed in a guideline version."""

    guideline_version = models.ForeignKey(
        GuidelineVersion, on_delete=models.PROTECT, related_name="acknowledgments"
    )
    rater = models.ForeignKey(
        Rater, on_delete=models.PROTECT, related_name="acknowledgments"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["guideline_version", "rater"],
                name="guideline_acknowledged_once",
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.rater} read {self.guideline_version}"
