"""Work of the review, as jobs call it."""

from feedback.common import clock
from feedback.review.opening import see_to
from feedback.studies.models import Task

SEE_TO_JOB = "review.see_to"


def see_to_task(task_id: int) -> None:
    """Give a task the case that its answers call for now."""
    see_to(Task.objects.get(pk=task_id), now=clock.now())
