"""The votes that a routing policy counts: one label for each rater's answer to a task.

What is counted is the study's `decides_on`: the preference of a pair, or one criterion.
A scale is counted as a decision, good enough or not: waiting until a mean is narrow
saves nothing, because early agreement is partly luck.
"""

from dataclasses import dataclass

from django.db import connection

from feedback.studies.models import (
    Criterion,
    GuidelineVersion,
    Study,
    Task,
    TaskForm,
)
from feedback.studies.selectors import questionnaire_of

# From this share of a scale on an answer is good enough: 4 on a scale of 1 to 5.
GOOD_FROM = 0.75
PREFERENCE = ("a", "tie", "b", "neither")
_DECIDABLE = {
    Criterion.Kind.LIKERT,
    Criterion.Kind.YES_NO,
    Criterion.Kind.SCORE,
    Criterion.Kind.NOMINAL,
}

# Current blind answers of ordinary tasks whose place the policy asked for.
_CURRENT = """
    FROM rating_judgment j
    JOIN studies_assignment a ON a.id = j.assignment_id
    JOIN studies_slot s ON s.id = a.slot_id AND s.wave IN ('base', 'more')
    JOIN studies_task t ON t.id = j.task_id
    WHERE j.basis = 'blind' AND j.outcome = 'answered'
      AND t.purpose = 'label' AND t.state <> 'withdrawn'
      AND NOT EXISTS (
          SELECT 1 FROM rating_judgment n
          WHERE n.supersedes_id = j.id AND n.basis = 'blind'
      )
"""

_PREFERENCES = f"""
    SELECT j.task_id, j.rater_id, v.outcome
    {_CURRENT.replace("WHERE", "JOIN rating_preference v ON v.judgment_id = j.id AND v.criterion_id IS NULL WHERE", 1)}
      AND t.kind = 'pair' AND {{only}}
    ORDER BY j.id
"""

_RATINGS = f"""
    SELECT j.task_id, j.rater_id, r.value, r.choices
    {_CURRENT.replace("WHERE", "JOIN rating_criterionrating r ON r.judgment_id = j.id JOIN studies_criterion k ON k.id = r.criterion_id WHERE", 1)}
      AND t.kind IN ('single', 'conversation') AND k.key = %(key)s
      AND r.turn_no IS NULL
      AND (r.value IS NOT NULL OR r.choices IS NOT NULL) AND {{only}}
    ORDER BY j.id
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What a policy counts about one kind of task; `criterion` None: the preference."""

    criterion: Criterion | None

    @property
    def n_labels(self) -> int:
        """Labels there are."""
        if self.criterion is None:
            return len(PREFERENCE)
        if self.criterion.kind == Criterion.Kind.NOMINAL:
            return len(self.criterion.options)
        return 2

    def label_of(self, value: int | None, choices: list[str] | None) -> int | None:
        """The label of an answer to the criterion; None if it has none.

        Answers under another version may have options or values that this one lacks.
        """
        criterion = self.criterion
        if criterion is None:
            return None
        if criterion.kind == Criterion.Kind.NOMINAL:
            known = [option["value"] for option in criterion.options]
            return known.index(choices[0]) if choices and choices[0] in known else None
        if value is None:
            return None
        if criterion.kind == Criterion.Kind.YES_NO:
            return value if value in {0, 1} else None
        low, high = (
            (0, 100)
            if criterion.kind == Criterion.Kind.SCORE
            else (criterion.minimum, criterion.maximum)
        )
        return int((value - low) / (high - low) >= GOOD_FROM)


@dataclass(frozen=True, slots=True)
class Votes:
    """Votes on tasks, in the order they were given; three lists of one length."""

    tasks: list[int]
    raters: list[int]
    labels: list[int]


def question_of(
    *, study: Study, kind: str, version: GuidelineVersion
) -> Question | None:
    """What the study's policy counts about a kind of task; None if nothing can be."""
    if kind == Task.Kind.PAIR:
        return Question(criterion=None)
    if kind not in {Task.Kind.SINGLE, Task.Kind.CONVERSATION}:
        return None
    questionnaire = questionnaire_of(version)
    form = questionnaire.forms.get(kind)
    if form is not None and TaskForm.Part.RATINGS not in form.parts:
        return None
    asked = [
        one
        for one in questionnaire.criteria
        if one.scope == Criterion.Scope.COMPLETION
        and one.kind in _DECIDABLE
        and one.is_required
        and not one.condition_key
    ]
    named = [one for one in asked if one.key == study.decides_on]
    return Question(criterion=(named or asked)[0]) if asked else None


def votes_on(*, question: Question, task: Task) -> Votes:
    """The votes on one task."""
    return _votes(question, only="t.id = %(id)s", pk=task.pk)


def votes_in(*, question: Question, study: Study) -> Votes:
    """The votes on all of a study's tasks that the question is about."""
    return _votes(question, only="t.study_id = %(id)s", pk=study.pk)


def _votes(question: Question, *, only: str, pk: int) -> Votes:
    statement = _PREFERENCES if question.criterion is None else _RATINGS
    key = question.criterion.key if question.criterion else ""
    votes = Votes([], [], [])
    with connection.cursor() as cursor:
        cursor.execute(statement.format(only=only), {"id": pk, "key": key})
        for task, rater, *said in cursor.fetchall():
            label = (
                PREFERENCE.index(said[0])
                if question.criterion is None
                else question.label_of(*said)
            )
            if label is not None:
                votes.tasks.append(task)
                votes.raters.append(rater)
                votes.labels.append(label)
    return votes
