"""Tasks whose answer is known, and what raters' disagreement asks of the guideline."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from feedback.common.history import tracked
from feedback.common.models import Identified
from feedback.studies.models.guidelines import GuidelineVersion
from feedback.studies.models.studies import Study
from feedback.studies.models.tasks import Task


@tracked()
class GoldItem(Identified):
    """The known answer to a task of purpose gold or training, and why."""

    task = models.OneToOneField(Task, on_delete=models.PROTECT, related_name="gold")
    expected = models.JSONField(
        default=dict,
        help_text='{"ratings": {key: {"value": n, "tolerance": t}}, "preference": '
        '"a"|"b"|"tie"|"neither"}; what is not named is not checked.',
    )
    explanation = models.TextField(
        help_text="Shown after a training answer, to the rater's own page later."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(explanation=""), name="gold_item_is_explained"
            ),
        ]

    def __str__(self) -> str:
        return f"gold of {self.task_id}"


@tracked()
class ChangeRequest(Identified):
    """What the next guideline version should make clear."""

    study = models.ForeignKey(
        Study, on_delete=models.PROTECT, related_name="change_requests"
    )
    guideline_version = models.ForeignKey(
        GuidelineVersion,
        on_delete=models.PROTECT,
        related_name="change_requests",
        help_text="The version that was unclear.",
    )
    criterion_key = models.SlugField(max_length=40, blank=True)
    text = models.TextField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by_version = models.ForeignKey(
        GuidelineVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="resolves",
        help_text="The version that answers it; null with a reason if none does.",
    )
    resolution = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(text=""), name="change_request_is_not_empty"
            ),
            models.CheckConstraint(
                condition=Q(resolved_at=None, resolved_by_version=None)
                | Q(resolved_at__isnull=False)
                & (Q(resolved_by_version__isnull=False) | ~Q(resolution="")),
                name="resolved_request_says_how",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]
