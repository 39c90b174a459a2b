"""What happens in studies that others may want to know."""

from dataclasses import dataclass

from feedback.common.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompleted(Event):
    """Nobody more is asked about a task."""

    task_id: int
