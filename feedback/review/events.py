"""What can happen to cases."""

from dataclasses import dataclass

from feedback.common.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDecided(Event):
    """An adjudication was stored; its task is settled."""

    adjudication_id: int
