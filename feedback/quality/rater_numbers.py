"""One rater's numbers, as arrays: a query for each kind of answer, no row an object.

What counts as current and as the base wave is what `feedback.quality.arrays` says; only
tasks that the rater answered are read, with everybody's answers to these.

While the study is open everything rests on the same tasks: those that can no longer be
taken back, in the order in which they were answered, as many as make whole tens. A number
that moved on with a single task, or one that counted checks where another did not, would
tell by subtraction which task was a check.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Sum

from feedback.accounts.models import Rater
from feedback.quality.arrays import current_sql, number_rows
from feedback.quality.columns import Columns, Layout, read_columns
from feedback.quality.epochs import epochs_of
from feedback.quality.golds import gold_answers
from feedback.quality.qualification import last_decision, right_of
from feedback.rating.models import Judgment
from feedback.stats.arrays import BoolArray, FloatArray, IntArray
from feedback.stats.ratings import Ratings
from feedback.stats.rest import RestCorrelation, rest_correlations
from feedback.stats.speed import Effort, effort, item_norms, too_fast
from feedback.studies.models import Assignment, Enrollment, Study, Task

PREFERENCE = "Preference"
# How many tasks a rater's page moves on by.
TASKS_A_STEP = 10
# What a rater cannot tell apart; training says of itself what it is.
_LOOK_ALIKE = (Task.Purpose.LABEL, Task.Purpose.GOLD, Task.Purpose.RETEST)
_NOT_COMPARED = 3

_OWN = """({current}
    AND t.id = ANY(%(tasks)s))"""

_RATINGS = """
    WITH current AS MATERIALIZED {own}
    SELECT c.task_id, c.rater_id, r.completion_id, coalesce(r.turn_no, 0), k.name,
        r.value
    FROM current c
    JOIN rating_criterionrating r ON r.judgment_id = c.id
    JOIN studies_criterion k ON k.id = r.criterion_id
    WHERE c.is_base = 1 AND r.value IS NOT NULL
      AND k.kind IN ('likert', 'yes_no', 'score')
    ORDER BY r.id
"""
_RATING_LAYOUT = Layout(
    names=("task", "rater", "completion", "turn", "name", "value"),
    texts=frozenset({"name"}),
)

# An outcome as a number: the first better, equal, the second better.
_STEP = (
    "CASE {row}.outcome WHEN 'a' THEN 0 WHEN 'tie' THEN 1 WHEN 'b' THEN 2 ELSE 3 END"
)

_PREFERENCES = """
    WITH current AS MATERIALIZED {own}
    SELECT c.task_id, c.rater_id, c.is_base, p.completion_a_id, p.completion_b_id,
        {step},
        (array_position(c.shown_order, ia.position::smallint)
            < array_position(c.shown_order, ib.position::smallint))::int,
        (c.kind = 'pair')::int, c.is_label
    FROM current c
    JOIN rating_preference p ON p.judgment_id = c.id AND p.criterion_id IS NULL
    JOIN studies_taskitem ia
        ON ia.task_id = c.task_id AND ia.completion_id = p.completion_a_id
    JOIN studies_taskitem ib
        ON ib.task_id = c.task_id AND ib.completion_id = p.completion_b_id
    ORDER BY p.id
"""
_PREFERENCE_LAYOUT = Layout(
    names=(
        "task",
        "rater",
        "is_base",
        "a",
        "b",
        "step",
        "a_stood_left",
        "is_pair",
        "is_label",
    )
)

_TIMES = """
    WITH current AS MATERIALIZED {own}
    SELECT c.task_id, c.rater_id, c.active_seconds, (
        SELECT sum(array_length(regexp_split_to_array(btrim(o.content), '\\s+'), 1))
        FROM studies_taskitem i JOIN corpus_completion o ON o.id = i.completion_id
        WHERE i.task_id = c.task_id AND c.rater_id = %(rater)s
    )
    FROM current c
    ORDER BY c.id
"""
_TIME_LAYOUT = Layout(names=("task", "rater", "seconds", "n_words"))

# The rater's current answer to the repeated task, beside the one to its original.
_BEFORE = """
    JOIN rating_judgment o ON o.task_id = c.repeats_id AND o.rater_id = c.rater_id
        AND o.basis = 'blind' AND o.outcome = 'answered'
        AND NOT EXISTS (SELECT 1 FROM rating_judgment n
                        WHERE n.supersedes_id = o.id AND n.basis = 'blind')
"""
_REPEATED = """
    WITH current AS MATERIALIZED {own}
    SELECT k.name, old.value, again.value
    FROM current c {before}
    JOIN rating_criterionrating again ON again.judgment_id = c.id
    JOIN rating_criterionrating old ON old.judgment_id = o.id
        AND old.completion_id = again.completion_id
        AND old.criterion_id = again.criterion_id
        AND old.turn_no IS NOT DISTINCT FROM again.turn_no
    JOIN studies_criterion k ON k.id = again.criterion_id
    WHERE old.value IS NOT NULL AND again.value IS NOT NULL
    ORDER BY again.id
"""
_REPEATED_LAYOUT = Layout(names=("name", "before", "after"), texts=frozenset({"name"}))

_SWAPPED = """
    WITH current AS MATERIALIZED {own}
    SELECT {step_before}, {step}
    FROM current c {before}
    JOIN rating_preference p ON p.judgment_id = c.id AND p.criterion_id IS NULL
    JOIN rating_preference old ON old.judgment_id = o.id AND old.criterion_id IS NULL
        AND old.completion_a_id = p.completion_a_id
        AND old.completion_b_id = p.completion_b_id
    WHERE c.kind = 'pair'
    ORDER BY p.id
"""
_SWAPPED_LAYOUT = Layout(names=("before", "after"))


@dataclass(frozen=True, eq=False)
class Repeats:
    """What was said of the same things twice.

    Attributes:
        before: shape (n,); the first answers.
        after: shape (n,); the second.
    """

    before: IntArray
    after: IntArray


@dataclass(frozen=True, eq=False)
class RaterNumbers:
    """Everything that is computed about one rater of one study.

    Attributes:
        n_tasks: tasks that the numbers rest on, of every purpose but training.
        active_seconds: time on these, revisions included.
        golds: answers to golds in order, right or wrong.
        golds_since: those since the last decision about the rater's stage.
        rest: name of a criterion -> correlation with the other raters.
        n_left: decisive votes for the completion on the left.
        n_decisive: decisive votes on pairs.
        effort: how often time was enough.
        repeated: name of a criterion -> ratings of repeated tasks.
        swapped: preferences in pairs shown again with sides swapped; decided or equal.
    """

    n_tasks: int
    active_seconds: int
    golds: BoolArray
    golds_since: BoolArray
    rest: dict[str, RestCorrelation] = field(default_factory=dict)
    n_left: int = 0
    n_decisive: int = 0
    effort: Effort | None = None
    repeated: dict[str, Repeats] = field(default_factory=dict)
    swapped: Repeats | None = None


def rater_numbers(
    *, study: Study, rater: Rater, now: datetime, enrollment: Enrollment | None = None
) -> RaterNumbers:
    """Read what a rater's page shows, of the newest major guideline version.

    Args:
        study: whose.
        rater: of the study.
        now: decides what can no longer be taken back.
        enrollment: from which the last decision about the rater's stage is known.
    """
    tasks = settled_tasks(study=study, rater=rater, now=now)
    done = Judgment.objects.filter(rater=rater, task__in=tasks).aggregate(
        seconds=Sum("active_seconds")
    )
    since = last_decision(enrollment) if enrollment else None
    counted = set(tasks)
    golds = [
        one for one in gold_answers(study=study, rater=rater) if one.task_id in counted
    ]
    recent = [one for one in golds if since is None or one.submitted_at > since]
    versions = epochs_of(study)[0].version_ids if epochs_of(study) else ()
    keys = {
        "study": study.pk,
        "rater": rater.pk,
        "versions": list(versions),
        "tasks": tasks,
    }
    preferences = _read(_PREFERENCES, keys, _PREFERENCE_LAYOUT, *_LOOK_ALIKE)
    n_left, n_decisive = _sides(preferences, rater.pk)
    return RaterNumbers(
        n_tasks=len(tasks),
        active_seconds=done["seconds"] or 0,
        golds=right_of(golds),
        golds_since=right_of(recent),
        rest=_rest(keys, preferences),
        n_left=n_left,
        n_decisive=n_decisive,
        effort=_effort(keys),
        repeated=_repeated(keys),
        swapped=_swapped(keys),
    )


def settled_tasks(*, study: Study, rater: Rater, now: datetime) -> list[int]:
    """Keys of the tasks that all of a rater's numbers rest on, in order of answering.

    Args:
        study: whose.
        rater: of the study.
        now: decides what can no longer be taken back.

    Returns:
        Every task but training ones; while the study is open without those that can
        still be taken back, and without the last few that make no ten.
    """
    answered = Assignment.objects.filter(
        study=study,
        rater=rater,
        state=Assignment.State.SUBMITTED,
        task__purpose__in=_LOOK_ALIKE,
    ).order_by("submitted_at", "pk")
    if study.state == Study.State.CLOSED:
        return list(answered.values_list("task", flat=True))
    until = now - timedelta(seconds=study.undo_seconds)
    settled = list(
        answered.filter(submitted_at__lte=until).values_list("task", flat=True)
    )
    return settled[: len(settled) - len(settled) % TASKS_A_STEP]


def _read(sql: str, keys: dict[str, Any], layout: Layout, *purposes: str) -> Columns:
    query = sql.format(
        own=_OWN.format(current=current_sql(*purposes)),
        before=_BEFORE,
        step=_STEP.format(row="p"),
        step_before=_STEP.format(row="old"),
    )
    return read_columns(query, keys, layout=layout)


def _rest(keys: dict[str, Any], preferences: Columns) -> dict[str, RestCorrelation]:
    columns = _read(_RATINGS, keys, _RATING_LAYOUT)
    numbers, names = columns.numbers, columns.texts["name"]
    found = {}
    for code, name in enumerate(names.words):
        rows = names.codes == code
        place = [numbers[one][rows] for one in ("task", "completion", "turn")]
        ratings = Ratings.of(
            item=number_rows(*place),
            rater=_numbered(numbers["rater"][rows], keys["rater"]),
            value=numbers["value"][rows],
        )
        found[name] = _own_rest(ratings)
    pairs = preferences.numbers
    rows = (pairs["is_base"] == 1) & (pairs["is_label"] == 1)
    rows &= pairs["step"] != _NOT_COMPARED
    if rows.any():
        place = [pairs[one][rows] for one in ("task", "a", "b")]
        found[PREFERENCE] = _own_rest(
            Ratings.of(
                item=number_rows(*place),
                rater=_numbered(pairs["rater"][rows], keys["rater"]),
                value=pairs["step"][rows],
            )
        )
    return found


def _own_rest(ratings: Ratings) -> RestCorrelation:
    return rest_correlations(ratings)[0]


def _numbered(raters: IntArray, own: int) -> IntArray:
    """Numbers from 0 for raters' keys; 0 is the rater whose numbers these are."""
    others = np.unique(raters[raters != own])
    return np.where(raters == own, 0, 1 + np.searchsorted(others, raters))


def _sides(preferences: Columns, own: int) -> tuple[int, int]:
    pairs = preferences.numbers
    decided = (pairs["rater"] == own) & (pairs["is_pair"] == 1)
    decided &= (pairs["step"] == 0) | (pairs["step"] == 2)  # noqa: PLR2004
    went_left = (pairs["step"] == 0) == (pairs["a_stood_left"] == 1)
    return int((decided & went_left).sum()), int(decided.sum())


def _effort(keys: dict[str, Any]) -> Effort:
    times = _read(_TIMES, keys, _TIME_LAYOUT, *_LOOK_ALIKE).numbers
    own = times["rater"] == keys["rater"]
    seconds: FloatArray = times["seconds"].astype(np.float64)
    norms = item_norms(item=times["task"], active_seconds=seconds)
    fast = too_fast(
        active_seconds=seconds[own],
        norm_seconds=norms[own],
        n_words=times["n_words"][own],
    )
    return effort(fast)


def _repeated(keys: dict[str, Any]) -> dict[str, Repeats]:
    columns = _read(_REPEATED, keys, _REPEATED_LAYOUT, Task.Purpose.RETEST)
    numbers, names = columns.numbers, columns.texts["name"]
    return {
        name: Repeats(
            numbers["before"][names.codes == code],
            numbers["after"][names.codes == code],
        )
        for code, name in enumerate(names.words)
    }


def _swapped(keys: dict[str, Any]) -> Repeats:
    columns = _read(_SWAPPED, keys, _SWAPPED_LAYOUT, Task.Purpose.RETEST).numbers
    compared = (columns["before"] != _NOT_COMPARED) & (
        columns["after"] != _NOT_COMPARED
    )
    return Repeats(columns["before"][compared], columns["after"][compared])
