"""A study's current blind judgments as numpy arrays: one query for each kind of part.

Current is the newest blind revision of a rater's answer to a task, if it is an answer:
"outside my practice" is none, and what was said after seeing others is another matter.
Only tasks to be labeled count, and none that was withdrawn; golds, repeats and training
are told apart by their purpose and never mixed in.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from feedback.quality.columns import NONE, Columns, Layout, Words, read_columns
from feedback.quality.epochs import Epoch
from feedback.stats.arrays import BoolArray, IntArray
from feedback.stats.counts import row_codes
from feedback.studies.models import Study

# Under a fixed overlap every rating is asked for before anything is known, so all are
# of the base wave; not where another policy ever asked more about some tasks.
ALWAYS_FIXED = """
    SELECT bool_and(e.policy = 'fixed') FROM studies_studyevent e
    WHERE e.pgh_obj_id = %(study)s
"""

# `{purposes}` are of Task.Purpose, never a person's text.
CURRENT = """
    SELECT j.id, j.task_id, j.rater_id, j.guideline_version_id, j.active_seconds,
        j.created_at, j.is_fit_as_is, t.kind,
        (s.wave = 'base' OR (s.wave = 'more' AND ({always_fixed})))::int AS is_base,
        j.is_unblinded::int AS is_unblinded, t.prompt_id, t.repeats_id, a.shown_order,
        (t.purpose = 'label')::int AS is_label
    FROM rating_judgment j
    JOIN studies_task t ON t.id = j.task_id
    JOIN studies_assignment a ON a.id = j.assignment_id
    JOIN studies_slot s ON s.id = a.slot_id
    WHERE j.study_id = %(study)s
      AND j.guideline_version_id = ANY(%(versions)s)
      AND j.basis = 'blind' AND j.outcome = 'answered'
      AND NOT EXISTS (
          SELECT 1 FROM rating_judgment n
          WHERE n.supersedes_id = j.id AND n.basis = 'blind'
      )
      AND t.purpose IN ({purposes}) AND t.state <> 'withdrawn'
"""

_RATINGS = """
    WITH current AS MATERIALIZED ({current})
    SELECT c.task_id, c.rater_id, c.is_base, c.repeats_id, r.completion_id,
        coalesce(r.turn_no, 0) AS turn, r.criterion_id, r.value,
        array_to_string(r.choices, ',') AS choices,
        (r.is_not_applicable OR r.is_outside_practice)::int AS is_missing
    FROM current c JOIN rating_criterionrating r ON r.judgment_id = c.id
    ORDER BY r.id
"""

_PREFERENCES = """
    WITH current AS MATERIALIZED ({current})
    SELECT c.id AS judgment_id, c.task_id, c.rater_id, c.is_base, c.repeats_id,
        p.criterion_id, p.completion_a_id AS a, p.completion_b_id AS b,
        CASE p.outcome WHEN 'a' THEN 0 WHEN 'tie' THEN 1 WHEN 'b' THEN 2
            WHEN 'neither' THEN 3 ELSE 4 END AS outcome,
        (array_position(c.shown_order, ia.position::smallint)
            < array_position(c.shown_order, ib.position::smallint))::int
            AS a_stood_left,
        c.is_unblinded,
        ca.model_version_id AS model_a, cb.model_version_id AS model_b,
        char_length(ca.content) AS length_a, char_length(cb.content) AS length_b
    FROM current c
    JOIN rating_preference p ON p.judgment_id = c.id
    JOIN studies_taskitem ia
        ON ia.task_id = c.task_id AND ia.completion_id = p.completion_a_id
    JOIN studies_taskitem ib
        ON ib.task_id = c.task_id AND ib.completion_id = p.completion_b_id
    JOIN corpus_completion ca ON ca.id = p.completion_a_id
    JOIN corpus_completion cb ON cb.id = p.completion_b_id
    ORDER BY p.id
"""

_VERDICTS = """
    WITH current AS MATERIALIZED ({current})
    SELECT c.task_id, c.rater_id, c.is_base, v.completion_id, v.point_id,
        o.kind AS point_kind, v.verdict
    FROM current c
    JOIN rating_pointverdict v ON v.judgment_id = c.id
    JOIN corpus_casepoint o ON o.id = v.point_id
    ORDER BY v.id
"""

# Whoever was asked to mark and marked nothing has said that nothing is wrong.
_MARKS = """
    WITH current AS MATERIALIZED ({current})
    SELECT c.id AS judgment_id, c.task_id, c.rater_id, c.is_base, i.completion_id,
        to_char(c.created_at AT TIME ZONE 'UTC', 'IYYY"-W"IW') AS week,
        m.start, m."end", l.key AS label, l.kind AS label_kind, m.severity
    FROM current c
    JOIN studies_taskform f ON f.guideline_version_id = c.guideline_version_id
        AND f.kind = c.kind AND 'marks' = ANY(f.parts)
    JOIN studies_taskitem i ON i.task_id = c.task_id
    LEFT JOIN rating_spanmark m
        ON m.judgment_id = c.id AND m.completion_id = i.completion_id
    LEFT JOIN studies_spanlabel l ON l.id = m.label_id
    ORDER BY c.id, i.completion_id, m.id
"""

# Words are told by the spaces between them: fast, and near enough for reading speed.
_TIMES = """
    WITH current AS MATERIALIZED ({current}), words AS (
        SELECT i.task_id, sum(1 + length(o.content)
            - length(replace(o.content, ' ', ''))) AS n_words
        FROM studies_taskitem i
        JOIN corpus_completion o ON o.id = i.completion_id
        JOIN studies_task t ON t.id = i.task_id
        WHERE t.study_id = %(study)s
        GROUP BY i.task_id
    )
    SELECT c.task_id, c.rater_id, c.active_seconds, w.n_words
    FROM current c JOIN words w ON w.task_id = c.task_id
    WHERE c.is_base = 1
    ORDER BY c.id
"""

_RATING_LAYOUT = Layout(
    names=(
        "task",
        "rater",
        "is_base",
        "repeats",
        "completion",
        "turn",
        "criterion",
        "value",
        "choices",
        "is_missing",
    ),
    texts=frozenset({"choices"}),
)
_PREFERENCE_LAYOUT = Layout(
    names=(
        "judgment",
        "task",
        "rater",
        "is_base",
        "repeats",
        "criterion",
        "a",
        "b",
        "outcome",
        "a_stood_left",
        "is_unblinded",
        "model_a",
        "model_b",
        "length_a",
        "length_b",
    )
)
_VERDICT_LAYOUT = Layout(
    names=(
        "task",
        "rater",
        "is_base",
        "completion",
        "point",
        "point_kind",
        "verdict",
    ),
    texts=frozenset({"point_kind", "verdict"}),
)
_MARK_LAYOUT = Layout(
    names=(
        "judgment",
        "task",
        "rater",
        "is_base",
        "completion",
        "week",
        "start",
        "end",
        "label",
        "label_kind",
        "severity",
    ),
    texts=frozenset({"week", "label", "label_kind", "severity"}),
)

_TIME_LAYOUT = Layout(names=("task", "rater", "seconds", "n_words"))

A, TIE, B, NEITHER, NOT_JUDGED = range(5)


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers to one question, one row each.

    Attributes:
        item: number of what was judged, from 0.
        rater: key of the rater.
        task: key of the task it was judged in.
        is_base: whether it belongs to the base wave.
        value: number of the answer; an index of the question's values or a number.
    """

    item: IntArray
    rater: IntArray
    task: IntArray
    is_base: BoolArray
    value: IntArray

    def only(self, rows: BoolArray) -> "Answers":
        """These rows; items keep their numbers."""
        return Answers(
            self.item[rows],
            self.rater[rows],
            self.task[rows],
            self.is_base[rows],
            self.value[rows],
        )

    @property
    def base(self) -> "Answers":
        """The base wave."""
        return self.only(self.is_base)

    @property
    def n_items(self) -> int:
        """One more than the highest number of an item."""
        return int(self.item.max()) + 1 if len(self.item) else 0


def number_rows(*columns: IntArray) -> IntArray:
    """One number from 0 for each different row, in the order of the columns' values."""
    if not len(columns[0]):
        return np.zeros(0, dtype=np.int64)
    lowest = [column - column.min() for column in columns]
    codes, _ = row_codes(np.stack(lowest, axis=1))
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, eq=False)
class RatingColumns:
    """Every rating of criteria."""

    columns: Columns

    @cached_property
    def is_base(self) -> BoolArray:
        """Which rows are of the base wave."""
        is_base: BoolArray = self.columns.numbers["is_base"] == 1
        return is_base

    @property
    def choices(self) -> Words:
        """What was chosen of several, joined by commas."""
        return self.columns.texts["choices"]

    def answers(self, criterion_ids: frozenset[int]) -> tuple[Answers, Words]:
        """The ratings of a criterion that give a number or choices, and these choices.

        Args:
            criterion_ids: of the criterion in each guideline version of the epoch.

        Returns:
            Answers, of which `value` is `NONE` where choices were made, and the
            choices of the same rows.
        """
        numbers = self.columns.numbers
        rows = self._of(criterion_ids) & (numbers["is_missing"] == 0)
        rows &= (numbers["value"] != NONE) | (self.choices.codes != NONE)
        answers = Answers(
            item=number_rows(
                numbers["task"][rows],
                numbers["completion"][rows],
                numbers["turn"][rows],
            ),
            rater=numbers["rater"][rows],
            task=numbers["task"][rows],
            is_base=self.is_base[rows],
            value=numbers["value"][rows],
        )
        return answers, Words(self.choices.codes[rows], self.choices.words)

    def n_missing(self, criterion_ids: frozenset[int]) -> int:
        """Base-wave answers that it does not apply, or is outside the rater's practice."""
        missing = self.columns.numbers["is_missing"] == 1
        return int((self._of(criterion_ids) & missing & self.is_base).sum())

    def _of(self, criterion_ids: frozenset[int]) -> BoolArray:
        wanted = np.fromiter(criterion_ids, dtype=np.int64)
        return np.isin(self.columns.numbers["criterion"], wanted)


@dataclass(frozen=True, eq=False)
class PreferenceColumns:
    """Every comparison of two completions."""

    columns: Columns

    def __getitem__(self, name: str) -> IntArray:
        return self.columns.numbers[name]

    @cached_property
    def is_base(self) -> BoolArray:
        """Which rows are of the base wave."""
        is_base: BoolArray = self["is_base"] == 1
        return is_base

    @cached_property
    def is_overall(self) -> BoolArray:
        """Which rows are about the whole, not one criterion."""
        is_overall: BoolArray = self["criterion"] == NONE
        return is_overall

    def answers(self, rows: BoolArray) -> Answers:
        """The outcomes of some rows; an item is a pair of completions in a task."""
        return Answers(
            item=number_rows(
                self["task"][rows],
                self["a"][rows],
                self["b"][rows],
            ),
            rater=self["rater"][rows],
            task=self["task"][rows],
            is_base=self.is_base[rows],
            value=self["outcome"][rows],
        )

    def of_criterion(self, criterion_ids: frozenset[int]) -> BoolArray:
        """Which rows compare by a criterion and come to a judgment."""
        wanted = np.fromiter(criterion_ids, dtype=np.int64)
        judged: BoolArray = self["outcome"] != NOT_JUDGED
        return np.isin(self["criterion"], wanted) & judged


def rating_columns(
    study: Study, epoch: Epoch, *, purpose: str = "label"
) -> RatingColumns:
    """Every current rating of the epoch."""
    return RatingColumns(_read(_RATINGS, study, epoch, _RATING_LAYOUT, purpose))


def preference_columns(
    study: Study, epoch: Epoch, *, purpose: str = "label"
) -> PreferenceColumns:
    """Every current comparison of the epoch."""
    return PreferenceColumns(
        _read(_PREFERENCES, study, epoch, _PREFERENCE_LAYOUT, purpose)
    )


def verdict_columns(study: Study, epoch: Epoch) -> Columns:
    """Every current verdict on a case's point."""
    return _read(_VERDICTS, study, epoch, _VERDICT_LAYOUT, "label")


def mark_columns(study: Study, epoch: Epoch) -> Columns:
    """Every mark of a current judgment, and a row without one where nothing was marked."""
    return _read(_MARKS, study, epoch, _MARK_LAYOUT, "label")


def time_columns(study: Study, epoch: Epoch) -> Columns:
    """Active seconds and words shown of every judgment of the base wave."""
    return _read(_TIMES, study, epoch, _TIME_LAYOUT, "label")


def _read(
    sql: str, study: Study, epoch: Epoch, layout: Layout, purpose: str
) -> Columns:
    return read_columns(
        sql.format(current=current_sql(purpose)),
        {"study": study.pk, "versions": list(epoch.version_ids)},
        layout=layout,
    )


def current_sql(*purposes: str) -> str:
    """The query for current judgments; parameters `study` and `versions`.

    Args:
        purposes: of the tasks, of `Task.Purpose`; those to be labeled if none is given.
    """
    named = ", ".join(f"'{one}'" for one in purposes or ("label",))
    return CURRENT.format(purposes=named, always_fixed=ALWAYS_FIXED)
