"""Studies, the versions of their guideline, tasks, slots and leases."""

from feedback.studies.models.guidelines import (
    Criterion,
    GuidelineAcknowledgment,
    GuidelineVersion,
    SpanLabel,
)
from feedback.studies.models.questions import (
    Question,
    Reply,
)
from feedback.studies.models.studies import (
    Enrollment,
    Study,
    StudySource,
)
from feedback.studies.models.tasks import (
    Assignment,
    Slot,
    Task,
    TaskForm,
    TaskItem,
)

__all__ = [
    "Assignment",
    "Criterion",
    "Enrollment",
    "GuidelineAcknowledgment",
    "GuidelineVersion",
    "Question",
    "Reply",
    "Slot",
    "SpanLabel",
    "Study",
    "StudySource",
    "Task",
    "TaskForm",
    "TaskItem",
]
