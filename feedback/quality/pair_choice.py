"""Where the next votes on pairs go: the study's sum of votes, spent a few at a time.

After two votes on each pair of completions, the rest of the sum (the study's overlap
for each pair on average) goes to pairs of models: those compared least, or, once models
differ widely, those where a vote teaches most. `feedback.stats.pairing` decides.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction

from feedback.accounts.permissions import Role
from feedback.stats.arrays import IntArray
from feedback.stats.pairing import choose_pair
from feedback.stats.preference import FIRST, SECOND, TIE, Davidson, fit_davidson
from feedback.studies.locks import lock_study, lock_task
from feedback.studies.models import Enrollment, Slot, Study, Task
from feedback.studies.slots import open_place

# Places kept open ahead of the raters, so that nobody waits for a decision.
_FEWEST_OPEN = 5
# Both models, the outcome, the rater, and whether the first stood left.
_Vote = tuple[int, int, str, int, bool]
_OUTCOMES = {"a": FIRST, "tie": TIE, "b": SECOND}

# Current blind votes between completions of two models, and who stood left: in a pair
# `a` is the item at position 0.
_VOTES = """
    SELECT ca.model_version_id, cb.model_version_id, v.outcome, j.rater_id,
        a.shown_order[1] = 0
    FROM rating_judgment j
    JOIN studies_assignment a ON a.id = j.assignment_id
    JOIN studies_slot s ON s.id = a.slot_id AND s.wave IN ('base', 'more')
    JOIN studies_task t ON t.id = j.task_id AND t.kind = 'pair'
    JOIN rating_preference v ON v.judgment_id = j.id AND v.criterion_id IS NULL
    JOIN corpus_completion ca ON ca.id = v.completion_a_id
    JOIN corpus_completion cb ON cb.id = v.completion_b_id
    WHERE t.study_id = %(study)s AND t.purpose = 'label' AND t.state <> 'withdrawn'
      AND j.basis = 'blind' AND j.outcome = 'answered'
      AND v.outcome IN ('a', 'tie', 'b')
      AND ca.model_version_id <> cb.model_version_id
      AND NOT EXISTS (
          SELECT 1 FROM rating_judgment n
          WHERE n.supersedes_id = j.id AND n.basis = 'blind'
      )
"""

# Pair tasks that could take another vote: models, votes there are, none waiting.
_TASKS = """
    SELECT t.id, min(c.model_version_id), max(c.model_version_id),
        (SELECT count(*) FROM studies_slot s WHERE s.task_id = t.id
            AND s.wave IN ('base', 'more') AND s.state = 'done') AS n_done
    FROM studies_task t
    JOIN studies_taskitem i ON i.task_id = t.id
    JOIN corpus_completion c ON c.id = i.completion_id
    WHERE t.study_id = %(study)s AND t.kind = 'pair' AND t.purpose = 'label'
      AND t.state <> 'withdrawn'
      AND NOT EXISTS (
          SELECT 1 FROM studies_slot s
          WHERE s.task_id = t.id AND s.state IN ('open', 'leased')
      )
    GROUP BY t.id
    HAVING count(DISTINCT c.model_version_id) = 2
"""


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Tasks that could take a vote, by their two models' places."""

    by_pair: dict[tuple[int, int], list[tuple[int, int]]]

    def take(self, pair: tuple[int, int], rng: np.random.Generator) -> int:
        """One of a pair's tasks with the fewest votes; it is not offered again."""
        tasks = self.by_pair[pair]
        fewest = min(n_done for _, n_done in tasks)
        least = [task for task in tasks if task[1] == fewest]
        chosen = least[int(rng.integers(len(least)))]
        tasks.remove(chosen)
        if not tasks:
            del self.by_pair[pair]
        return chosen[0]


@transaction.atomic
def spend_votes(study: Study) -> int:
    """Open places for the next votes on pairs, if the sum allows; returns how many."""
    study = lock_study(study)
    if study.policy != Study.Policy.INFORMATION:
        return 0
    n_wanted = _places_wanted(study)
    if n_wanted <= 0:
        return 0
    rows: list[tuple[int, int, int, int]] = _rows(_TASKS, study)
    votes: list[_Vote] = _rows(_VOTES, study)
    models = sorted({m for _, a, b, _ in rows for m in (a, b)} | _models_of(votes))
    place = {model: number for number, model in enumerate(models)}
    candidates: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for task, one, other, n_done in rows:
        candidates[place[one], place[other]].append((task, n_done))
    cast = _cast(votes, place)
    fit = _fit(votes, place)
    rng = np.random.default_rng([study.seed % 2**63, len(votes)])
    waiting = _Candidates(by_pair=dict(candidates))
    n_opened = 0
    while waiting.by_pair and n_opened < n_wanted:
        is_open = np.zeros_like(cast, dtype=bool)
        for one, other in waiting.by_pair:
            is_open[one, other] = is_open[other, one] = True
        pair = choose_pair(cast, is_open=is_open, fit=fit, rng=rng)
        chosen = lock_task(waiting.take(pair, rng))
        Task.objects.filter(pk=chosen.pk).update(state=Task.State.OPEN, stopped_by="")
        open_place(chosen, wave=Slot.Wave.MORE)
        cast[pair] += 1
        cast[pair[::-1]] += 1
        n_opened += 1
    return n_opened


def _places_wanted(study: Study) -> int:
    """How many places to open now: a few ahead of the raters, within the sum."""
    slots = Slot.objects.filter(
        study=study,
        task__kind=Task.Kind.PAIR,
        task__purpose=Task.Purpose.LABEL,
        wave__in=[Slot.Wave.BASE, Slot.Wave.MORE],
    ).exclude(task__state=Task.State.WITHDRAWN)
    n_given = slots.filter(
        state__in=[Slot.State.OPEN, Slot.State.LEASED, Slot.State.DONE]
    ).count()
    n_open = slots.filter(state=Slot.State.OPEN).count()
    n_pairs = (
        study.tasks.filter(kind=Task.Kind.PAIR, purpose=Task.Purpose.LABEL)
        .exclude(state=Task.State.WITHDRAWN)
        .count()
    )
    n_raters = Enrollment.objects.filter(
        study=study, role=Role.RATER, stage=Enrollment.Stage.READY, ended_at=None
    ).count()
    ahead = max(_FEWEST_OPEN, n_raters) - n_open
    return min(ahead, n_pairs * study.overlap - n_given)


def _rows(statement: str, study: Study) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"study": study.pk})
        return list(cursor.fetchall())


def _models_of(votes: list[_Vote]) -> set[int]:
    return {model for vote in votes for model in vote[:2]}


def _cast(votes: list[_Vote], place: dict[int, int]) -> IntArray:
    cast = np.zeros((len(place), len(place)), dtype=np.int64)
    for one, other, *_ in votes:
        cast[place[one], place[other]] += 1
        cast[place[other], place[one]] += 1
    return cast


def _fit(votes: list[_Vote], place: dict[int, int]) -> Davidson | None:
    if not votes:
        return None
    one, other, outcome, rater, is_left = zip(*votes, strict=True)
    _, raters = np.unique(np.array(rater), return_inverse=True)
    return fit_davidson(
        np.array([place[model] for model in one]),
        np.array([place[model] for model in other]),
        np.array([_OUTCOMES[said] for said in outcome]),
        rater=raters,
        first_stood_left=np.array(is_left, dtype=bool),
        n_systems=len(place),
    )
