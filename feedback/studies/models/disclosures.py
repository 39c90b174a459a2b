"""Who was shown what raters said about a task, and so is never asked to rate it."""

from django.conf import settings
from django.db import models

from feedback.common.guards import said
from feedback.common.models import Identified
from feedback.studies.models.tasks import Task


class Disclosure(Identified):
    """A person opened others' answers to a task, before rating it: it is not theirs."""

    task = models.ForeignKey(
        Task,
        on_delete=models.PROTECT,
        related_name="disclosures",
        help_text="The ordinary one; its twins show the same.",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            # Every claim of a task looks here.
            models.UniqueConstraint(fields=["task", "user"], name="disclosed_once"),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"{self.task_id} disclosed to {self.user_id}"
