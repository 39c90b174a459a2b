"""What raters ask the study lead, and the replies."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from feedback.common.guards import said
from feedback.common.models import Identified
from feedback.studies.models.studies import Study
from feedback.studies.models.tasks import Assignment


class Question(Identified):
    """A rater asks the study lead something, about the task in hand."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="questions")
    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, related_name="questions"
    )
    text = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="question_is_not_empty"),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"question {self.uid}"


class Reply(Identified):
    """A lead's reply to a question; shown to the rater on the task itself."""

    question = models.ForeignKey(
        Question, on_delete=models.PROTECT, related_name="replies"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    text = models.TextField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="reply_is_not_empty"),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"reply {self.uid}"
