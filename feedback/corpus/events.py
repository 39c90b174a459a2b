"""News of this app."""

from dataclasses import dataclass

from feedback.common.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRead(Event):
    """A batch is done: its prompts and completions are in.

    Told again if a worker died between the commit and the telling, so what follows
    must be safe to repeat.
    """

    batch_id: int
