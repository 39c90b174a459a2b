"""What follows from a stored judgment; `rlhf_site.wiring` says when."""

from feedback.accounts.permissions import Role
from feedback.common import clock
from feedback.quality.qualification import review_stage
from feedback.rating.events import JudgmentSubmitted
from feedback.rating.models import Judgment
from feedback.studies.models import Enrollment, Task

_KNOWN = {Task.Purpose.GOLD, Task.Purpose.TRAINING}


def after_judgment(event: JudgmentSubmitted) -> None:
    """Review the stage of a rater who answered a task of known answer."""
    judgment = Judgment.objects.select_related("task", "rater").get(
        pk=event.judgment_id
    )
    if judgment.task.purpose not in _KNOWN:
        return
    enrollment = Enrollment.objects.filter(
        study=judgment.study_id,
        user=judgment.rater.user_id,
        role=Role.RATER,
        ended_at=None,
    ).first()
    if enrollment is not None:
        review_stage(enrollment=enrollment, now=clock.now())
