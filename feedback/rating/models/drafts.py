"""What stands beside judgments: unfinished answers, and what was revealed after one."""

from django.db import models
from django.db.models.functions import Now

from feedback.common.guards import said
from feedback.common.models import Identified
from feedback.rating.models.judgments import Judgment
from feedback.studies.models import (
    Assignment,
)


class Reveal(Identified):
    """What a rater was shown of others' answers, after their own was stored."""

    assignment = models.OneToOneField(
        Assignment, on_delete=models.PROTECT, related_name="reveal"
    )
    judgment = models.OneToOneField(
        Judgment, on_delete=models.PROTECT, related_name="reveal"
    )
    content = models.JSONField(help_text="[{label, value, n_raters}], as shown.")
    content_sha256 = models.CharField(max_length=64)

    class Meta:
        triggers = said()

    def __str__(self) -> str:
        return f"reveal after {self.judgment_id}"


class Draft(models.Model):
    """What a rater has filled in and not submitted. Gone with the submit."""

    assignment = models.OneToOneField(
        Assignment, on_delete=models.PROTECT, related_name="draft"
    )
    fields = models.JSONField(help_text="Field of the form -> its values.")
    page_id = models.UUIDField(help_text="The page that saved it last.")
    page_seq = models.PositiveIntegerField(
        help_text="That page's number of the save; an earlier one comes too late."
    )
    version = models.PositiveIntegerField(
        help_text="Grows with every save, so that two pages cannot overwrite each other."
    )
    saved_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"draft {self.version} of {self.assignment_id}"
