"""A study in which everything is asked, answered by raters of stated care."""

from dataclasses import dataclass

import numpy as np

from feedback.accounts.models import Rater
from feedback.common import clock
from feedback.rating.answers import Answer, Comparison, MarkDraft, Place, Value
from feedback.rating.shown import shown_of
from feedback.studies.assignment import assign_next
from feedback.studies.criteria import (
    Choice,
    CriterionDraft,
    FormDraft,
    SpanLabelDraft,
)
from feedback.studies.models import Study, Task
from tests.builders import CRITERIA, make_rater, make_study, submit

ASKED = [
    *CRITERIA,
    CriterionDraft(
        key="send", name="Send it as it is", question="Send it?", kind="yes_no"
    ),
    CriterionDraft(
        key="sure",
        name="How sure",
        question="How sure are you?",
        kind="score",
        minimum=0,
        maximum=100,
        low_label="Not at all",
        high_label="Fully",
    ),
    CriterionDraft(
        key="urgency",
        name="Urgency",
        question="How soon must a doctor see this person?",
        kind="nominal",
        direction="neutral",
        options=(
            Choice("now", "Now"),
            Choice("soon", "Within days"),
            Choice("never", "Not at all"),
        ),
    ),
    CriterionDraft(
        key="issues",
        name="Issues",
        question="Which apply?",
        kind="multi_label",
        direction="neutral",
        options=(
            Choice("dose", "Dose"),
            Choice("source", "Source"),
            Choice("style", "Style"),
        ),
    ),
    CriterionDraft(key="safer", name="Safer", question="Which is safer?", scope="pair"),
]
LABELS = [
    SpanLabelDraft("wrong", "Wrong fact", "It is not so."),
    SpanLabelDraft("tone", "Tone", "It blames or frightens."),
    SpanLabelDraft("warning", "Missing warning", "It should warn.", kind="omission"),
]
FORMS = [FormDraft("single", ("marks", "ratings")), FormDraft("pair")]
SEVERITIES = ("minor", "major", "critical")


@dataclass(frozen=True)
class Care:
    """How a rater answers.

    Attributes:
        noise: standard deviation around the truth, in steps of the scale.
        left: chance to take the left whatever is there.
        lenient: steps above the truth.
    """

    noise: float = 0.7
    left: float = 0.0
    lenient: float = 0.0


def make_rated_study(
    *, n_prompts: int = 6, cares: tuple[Care, ...] = (Care(), Care(), Care()), **fields
) -> tuple[Study, list[Rater]]:
    """A study whose raters answered everything, the same at every run but for keys."""
    study = make_study(
        n_prompts=n_prompts,
        overlap=len(cares),
        criteria=ASKED,
        span_labels=LABELS,
        forms=FORMS,
        **fields,
    )
    raters = [make_rater(study, f"Rater {n}") for n in range(len(cares))]
    for number, (rater, care) in enumerate(zip(raters, cares, strict=True)):
        answer_all(study, rater, care, rng=np.random.default_rng(number))
    return study, raters


def answer_all(
    study: Study,
    rater: Rater,
    care: Care,
    *,
    rng: np.random.Generator,
    limit: int = 10**6,
) -> None:
    """Let a rater answer what is left for them."""
    for _ in range(limit):
        assignment = assign_next(study=study, rater=rater, now=clock.now())
        if assignment is None:
            return
        prompt = assignment.task.prompt
        if assignment.task.kind == Task.Kind.PAIR:
            answer = _pair(assignment, care, rng)
        else:
            item = assignment.task.items.get()
            answer = _single(assignment, item.completion.content, prompt.pk, care, rng)
        submit(assignment, answer, active_seconds=int(rng.integers(15, 90)))


def _truth(*keys: int) -> np.random.Generator:
    return np.random.default_rng(list(keys))


def _single(assignment, content, prompt, care, rng) -> Answer:
    truth = _truth(len(content), prompt % 1000)
    quality = truth.uniform(1.0, 5.0)

    def step(low: int = 1, high: int = 5) -> Value:
        span = (high - low) / 4.0
        value = low + span * (
            quality - 1.0 + care.lenient + rng.normal(0.0, care.noise)
        )
        return Value(number=int(np.clip(round(value), low, high)))

    urgency = int(truth.integers(3))
    if rng.random() < 0.2 * care.noise:
        urgency = int(rng.integers(3))
    issues = [
        one
        for one in ("dose", "source", "style")
        if (truth.random() < 0.4) != (rng.random() < 0.1 * care.noise)
    ]
    return Answer(
        ratings={
            Place("correctness"): step(),
            Place("tone"): step(),
            Place("safety"): step(),
            Place("send"): step(0, 1),
            Place("sure"): step(0, 100),
            Place("urgency"): Value(choices=(("now", "soon", "never")[urgency],)),
            Place("issues"): Value(choices=tuple(issues)),
        },
        marks=_marks(assignment, quality, care, rng),
    )


def _marks(assignment, quality, care, rng) -> tuple[MarkDraft, ...]:
    text = shown_of(assignment).texts[0].stored
    marks = []
    if quality + rng.normal(0.0, care.noise) < 3.0:
        end = 6 + int(rng.integers(3))
        severity = SEVERITIES[int(rng.integers(3))]
        marks.append(MarkDraft(0, 0, end, text[:end], "wrong", severity))
    if quality + rng.normal(0.0, care.noise) < 2.0:
        marks.append(MarkDraft(0, 0, 0, "", "warning", "major"))
    return tuple(marks)


def _pair(assignment, care, rng) -> Answer:
    left = assignment.shown_order[0]
    if rng.random() < care.left:
        return _for(left, strength=2)
    pull = 0.6 + rng.normal(0.0, care.noise)
    if abs(pull) < 0.2:
        return _for(None)
    return _for(0 if pull > 0 else 1, strength=2 if abs(pull) > 1.0 else 1)


def _for(side: int | None, *, strength: int = 0) -> Answer:
    outcome = "tie" if side is None else "ab"[side]
    return Answer(
        outcome=outcome,
        strength=strength,
        comparisons={"safer": Comparison(outcome, strength)},
    )
