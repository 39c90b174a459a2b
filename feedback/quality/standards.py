"""What a rater's answers to known tasks mean for the stage they are in: pure rules.

| stage | goes to | when |
| --- | --- | --- |
| in training | qualifying | five training tasks are answered, or all there are |
| qualifying | rates | the sequential test passes |
| | did not qualify | it fails |
| | waits for the lead | 40 golds did not decide, or no gold is left |
| rates | paused | after a drift alarm three of five extra golds are wrong; or, from 20 golds on, an accuracy above 70 % is less than 5 % probable |

Nothing else moves a rater, and out of the last three only a person does.
"""

from dataclasses import dataclass

import numpy as np

from feedback.stats.arrays import BoolArray
from feedback.stats.golds import gold_accuracy
from feedback.stats.sequential import drift, qualify
from feedback.studies.models import Enrollment

Stage = Enrollment.Stage

# After a drift alarm so many golds more are asked, and with so many of them wrong a
# person looks. Of raters who are right nine times in ten, 1 in 117 alarms ends so.
EXTRA_GOLDS = 5
EXTRA_WRONG = 3
# Before so many golds no rule pauses anybody on their accuracy.
FEWEST_GOLDS = 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a rater when their stage is reviewed.

    Attributes:
        right: shape (n_golds,); answers to golds since the last decision, in order.
        n_training_left: training tasks still to be answered in this round.
        n_golds_left: golds that the rater may still meet or has at hand.
    """

    right: BoolArray
    n_training_left: int
    n_golds_left: int


@dataclass(frozen=True, slots=True)
class Decision:
    """A stage and the reason for it, as the rater reads it."""

    stage: Enrollment.Stage
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """What a ready rater's golds say.

    Attributes:
        n_extra: golds still to be asked because of a drift alarm.
        has_alarm: an alarm is not dealt with yet: fewer than five golds followed it.
        pause: why the rater should pause; empty if nothing asks for it.
    """

    n_extra: int = 0
    has_alarm: bool = False
    pause: str = ""


def decide(stage: str, evidence: Evidence) -> Decision | None:
    """Where a rater goes from a stage; None to stay.

    Args:
        stage: of `Enrollment.Stage`.
        evidence: of the rater.
    """
    if stage == Stage.TRAINING and not evidence.n_training_left:
        return Decision(Stage.QUALIFYING, "You have finished the training round.")
    if stage == Stage.QUALIFYING:
        return _qualified(evidence)
    if stage == Stage.READY and (reason := watch(evidence.right).pause):
        return Decision(Stage.PAUSED, reason)
    return None


def watch(right: BoolArray) -> Watch:
    """What a ready rater's golds say about extra golds and a pause.

    Args:
        right: shape (n,); answers to golds since the last decision, in order.

    Returns:
        After an alarm five more golds are asked; the chart starts anew after these,
        unless three of them are wrong.
    """
    start = 0
    while (alarm := drift(right[start:]).alarm) is not None:
        after = start + alarm + 1
        extra = right[after : after + EXTRA_GOLDS]
        if len(extra) < EXTRA_GOLDS:
            return Watch(n_extra=EXTRA_GOLDS - len(extra), has_alarm=True)
        n_wrong = int((~extra).sum())
        if n_wrong >= EXTRA_WRONG:
            return Watch(
                has_alarm=True,
                pause=f"Of {EXTRA_GOLDS} tasks whose answer is known, given after a "
                f"change was noticed in your answers, {n_wrong} came out differently.",
            )
        start = after + EXTRA_GOLDS
    return Watch(pause=_doubtful(right))


def _doubtful(right: BoolArray) -> str:
    n, n_right = len(right), int(np.count_nonzero(right))
    if n < FEWEST_GOLDS or not gold_accuracy(n_right=n_right, n=n).is_doubtful:
        return ""
    return (
        f"Of {n} tasks whose answer is known, {n_right} of your answers were as "
        "expected. That makes it unlikely that more than 70 % would be."
    )


def _qualified(evidence: Evidence) -> Decision | None:
    test = qualify(evidence.right)
    counted = (
        "As expected in tasks whose answer is known: "
        f"{test.n_right} of {test.n_golds} answers."
    )
    if test.verdict == "pass":
        return Decision(Stage.READY, f"You qualified. {counted}")
    if test.verdict == "fail":
        return Decision(Stage.FAILED, f"{counted} This study needs about nine in ten.")
    if test.verdict == "human looks":
        return Decision(Stage.LOOK, f"{counted} That is too close to decide by rule.")
    if not evidence.n_golds_left and test.n_golds:
        return Decision(
            Stage.LOOK, f"{counted} There are no more such tasks to decide with."
        )
    return None
