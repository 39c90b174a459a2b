"""Studies, the versions of their guideline, tasks, slots and leases."""

from feedback.studies.models.disclosures import (
    Disclosure,
)
from feedback.studies.models.golds import (
    ChangeRequest,
    GoldItem,
)
from feedback.studies.models.guidelines import (
    Criterion,
    GuidelineAcknowledgment,
    GuidelineVersion,
    SpanLabel,
)
from feedback.studies.models.people import (
    Invitation,
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
    "ChangeRequest",
    "Criterion",
    "Disclosure",
    "Enrollment",
    "GoldItem",
    "GuidelineAcknowledgment",
    "GuidelineVersion",
    "Invitation",
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
