"""The agreement report: every question of an epoch."""

from dataclasses import asdict
from typing import Any

from feedback.quality.agreement import (
    Scaled,
    agreement_row,
    mark_rows,
    scaled_criteria,
    scaled_preferences,
    scaled_verdicts,
    set_rows,
)
from feedback.quality.arrays import (
    mark_columns,
    preference_columns,
    rating_columns,
    verdict_columns,
)
from feedback.quality.computing import Computation, Content, input_sha256
from feedback.quality.disagreements import most_disagreed
from feedback.quality.epochs import Epoch
from feedback.quality.questions import Asked, asked_in
from feedback.studies.models import Study


def agreement_computation(study: Study, epoch: Epoch) -> Computation:
    """What the agreement report is computed from, and how."""
    asked = asked_in(epoch)
    ratings, preferences = (
        rating_columns(study, epoch),
        preference_columns(study, epoch),
    )
    verdicts, marks = verdict_columns(study, epoch), mark_columns(study, epoch)

    def compute() -> Content:
        scaled: list[Scaled] = [
            *scaled_criteria(asked, ratings, preferences),
            *scaled_preferences(preferences),
            *scaled_verdicts(verdicts),
        ]
        rows = [agreement_row(one, seed=study.seed) for one in scaled]
        rows += set_rows(asked, ratings, seed=study.seed)
        rows += mark_rows(marks, seed=study.seed)
        return {"rows": rows, "disagreements": most_disagreed(scaled)}

    return Computation(
        input_sha256(
            ratings.columns,
            preferences.columns,
            verdicts,
            marks,
            context=context_of(asked),
        ),
        compute,
    )


def context_of(asked: tuple[Asked, ...]) -> Any:  # noqa: ANN401 - any JSON value
    """What is asked, as the hash of an input takes it."""
    return [{**asdict(one), "ids": sorted(one.ids)} for one in asked]


def scaled_questions(study: Study, epoch: Epoch) -> list[Scaled]:
    """Every question with one answer a rater and item, in order."""
    asked = asked_in(epoch)
    preferences = preference_columns(study, epoch)
    return [
        *scaled_criteria(asked, rating_columns(study, epoch), preferences),
        *scaled_preferences(preferences),
        *scaled_verdicts(verdict_columns(study, epoch)),
    ]
