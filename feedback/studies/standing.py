"""What a rater who is served nothing is told: where they stand and what happens next."""

from dataclasses import dataclass, replace

from feedback.studies.models import Enrollment


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a rater stands, in words.

    Attributes:
        title: of the page.
        meaning: what it means.
        reason: why, as it was noted; may be empty.
        next_step: what happens now, and what the rater can do.
    """

    title: str
    meaning: str
    reason: str
    next_step: str

    @property
    def text(self) -> str:
        """All of it but the title, as one paragraph."""
        return " ".join(filter(None, (self.meaning, self.reason, self.next_step)))


_ASK = "You need not do anything. If you have a question, write to your study lead."

_TRAINING = Standing(
    title="Nothing to train on now",
    meaning="You are in the training round: tasks whose answer is known, each explained "
    "after you have answered. There is none for you at the moment.",
    reason="",
    next_step="Come back later; your study lead makes the training tasks.",
)
_QUALIFYING = Standing(
    title="No task to qualify on now",
    meaning="Before you rate, you answer tasks whose answer is known until it is clear "
    "that you and this study mean the same. There is none for you at the moment.",
    reason="",
    next_step="Come back later; your study lead makes these tasks. What you have "
    "answered counts.",
)
_LOOK = Standing(
    title="Your study lead looks at your answers",
    meaning="The rules could not decide whether you go on, so a person does.",
    reason="",
    next_step=_ASK,
)
_PAUSED = Standing(
    title="Your rating is paused",
    meaning="You get no new tasks for now. Everything you gave is kept as you gave it, and "
    "what you have in hand may still be submitted.",
    reason="",
    next_step=f"Your study lead looks at it and can let you go on. {_ASK}",
)
_FAILED = Standing(
    title="You did not qualify for this study",
    meaning="Your answers to tasks whose answer is known differ from what this study "
    "needs. That says nothing about your practice: studies ask narrow questions.",
    reason="",
    next_step=f"Your study lead can give you another try. {_ASK}",
)

_WORDS = {
    Enrollment.Stage.TRAINING: _TRAINING,
    Enrollment.Stage.QUALIFYING: _QUALIFYING,
    Enrollment.Stage.LOOK: _LOOK,
    Enrollment.Stage.PAUSED: _PAUSED,
    Enrollment.Stage.FAILED: _FAILED,
}


def standing_of(enrollment: Enrollment) -> Standing | None:
    """Where a rater stands, if that is why nothing is served; None for who rates."""
    words = _WORDS.get(Enrollment.Stage(enrollment.stage))
    return replace(words, reason=enrollment.stage_reason) if words else None
