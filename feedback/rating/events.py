"""What can happen to judgments."""

from dataclasses import dataclass

from feedback.common.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgmentSubmitted(Event):
    """A judgment was stored."""

    judgment_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyFlagRaised(Event):
    """A rater flagged a completion as harmful."""

    flag_id: int
