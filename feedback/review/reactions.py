"""What follows in this app from what happens below; `rlhf_site.wiring` lists it."""

from feedback.common import clock
from feedback.rating.events import JudgmentSubmitted
from feedback.review.opening import see_to
from feedback.studies.models import Task


def after_judgment(event: JudgmentSubmitted) -> None:
    """Give the judged task the case that its answers call for now."""
    task = Task.objects.filter(judgments=event.judgment_id).first()
    if task is not None:
        see_to(task, now=clock.now())
