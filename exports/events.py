"""What can happen to what has left the house."""

from dataclasses import dataclass

from feedback.common.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePublished(Event):
    """A release carries two signatures and may be pulled by its version."""

    release_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsWithdrawn(Event):
    """So many exported rows of a study must no longer be used."""

    study_id: int
    n: int
