"""Reading a snapshot's members, prompt by prompt, in batches of flat memory.

Only pinned rows and rows that never change are read, so the same snapshot always
gives the same evidence, however much is judged afterwards.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from exports.aggregate import Rating, Vote
from exports.models import Snapshot

PROMPTS_A_BATCH = 500


@dataclass(frozen=True, slots=True)
class Said:
    """A judgment: by whom, when, under which guideline."""

    id: int
    uid: str
    rater: int
    guideline: int
    at: datetime
    is_unblinded: bool


@dataclass(slots=True)
class Answer:
    """A completion with all that was said of it."""

    id: int
    uid: str
    text: str
    model: str | None
    flags: tuple[str, ...]
    ratings: list[Rating] = field(default_factory=list)
    rated_by: list[Said] = field(default_factory=list)
    corrections: list[tuple[Said, str]] = field(default_factory=list)


@dataclass(slots=True)
class Pair:
    """Two completions with all the votes between them."""

    a: int
    b: int
    votes: list[Vote] = field(default_factory=list)
    voted_by: list[Said] = field(default_factory=list)


@dataclass(slots=True)
class PromptEvidence:
    """A prompt with everything the snapshot holds on it."""

    uid: str
    group_id: str
    split: str
    messages: list[dict[str, str]]
    specialty: str
    locale: str
    note_type: str
    is_synthetic: bool
    answers: dict[int, Answer] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)


_PROMPT_IDS = """
    SELECT DISTINCT t.prompt_id
    FROM exports_snapshotmember m
    JOIN rating_judgment j ON j.id = m.judgment_id
    JOIN studies_task t ON t.id = j.task_id
    WHERE m.snapshot_id = %s ORDER BY t.prompt_id
"""
_PROMPTS = """
    SELECT id, uid::text, messages::text, specialty, locale, note_type, is_synthetic
    FROM corpus_prompt WHERE id = ANY(%s) ORDER BY id
"""
_JUDGMENTS = """
    SELECT t.prompt_id, m.group_id, m.split,
        j.id, j.uid::text, j.rater_id, g.number, j.created_at, j.is_unblinded
    FROM studies_task t
    JOIN rating_judgment j ON j.task_id = t.id
    JOIN exports_snapshotmember m ON m.judgment_id = j.id AND m.snapshot_id = %s
    JOIN studies_guidelineversion g ON g.id = j.guideline_version_id
    WHERE t.prompt_id = ANY(%s) ORDER BY j.id
"""
_COMPLETIONS = """
    SELECT c.prompt_id, c.id, c.uid::text, c.content, v.name, e.reasons::text
    FROM corpus_completion c
    LEFT JOIN corpus_modelversion v ON v.id = c.model_version_id
    LEFT JOIN exports_snapshotexclusion e
        ON e.completion_id = c.id AND e.snapshot_id = %s
    WHERE c.prompt_id = ANY(%s) ORDER BY c.id
"""
_RATINGS = """
    SELECT r.judgment_id, r.completion_id, k.key, r.value,
        CASE k.kind WHEN 'likert' THEN k.minimum ELSE 0 END,
        CASE k.kind WHEN 'likert' THEN k.maximum WHEN 'score' THEN 100 ELSE 1 END,
        k.direction
    FROM rating_criterionrating r JOIN studies_criterion k ON k.id = r.criterion_id
    WHERE r.judgment_id = ANY(%s) AND r.turn_no IS NULL
        AND k.kind IN ('likert', 'yes_no', 'score')
    ORDER BY r.judgment_id, r.completion_id, r.criterion_id
"""
_PREFERENCES = """
    SELECT judgment_id, completion_a_id, completion_b_id, outcome, strength
    FROM rating_preference WHERE judgment_id = ANY(%s) AND criterion_id IS NULL
    ORDER BY judgment_id, completion_a_id, completion_b_id
"""
_CORRECTIONS = """
    SELECT judgment_id, completion_id, text
    FROM rating_correction WHERE judgment_id = ANY(%s)
    ORDER BY judgment_id, completion_id
"""


def evidence_of(snapshot: Snapshot) -> Iterator[PromptEvidence]:
    """All prompts that a snapshot has judgments on, in the order of their ids."""
    prompt_ids = [pk for (pk,) in _rows(_PROMPT_IDS, snapshot.pk)]
    for start in range(0, len(prompt_ids), PROMPTS_A_BATCH):
        yield from _batch(snapshot, prompt_ids[start : start + PROMPTS_A_BATCH])


def _rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - SQL
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _batch(snapshot: Snapshot, prompt_ids: list[int]) -> list[PromptEvidence]:
    said: dict[int, Said] = {}
    homes: dict[int, tuple[str, str]] = {}
    for prompt, group_id, split, pk, *by in _rows(_JUDGMENTS, snapshot.pk, prompt_ids):
        said[pk] = Said(pk, *by)
        homes[prompt] = (group_id, split)
    prompts = {
        pk: PromptEvidence(
            uid=uid,
            group_id=homes[pk][0],
            split=homes[pk][1],
            messages=json.loads(messages),
            specialty=specialty,
            locale=locale,
            note_type=note_type,
            is_synthetic=is_synthetic,
        )
        for pk, uid, messages, specialty, locale, note_type, is_synthetic in _rows(
            _PROMPTS, prompt_ids
        )
    }
    answers = _add_answers(snapshot, prompts)
    _add_ratings(answers, said)
    _add_pairs(answers, said)
    _add_corrections(answers, said)
    return list(prompts.values())


# Completion -> itself and its prompt.
_Answers = dict[int, tuple[Answer, PromptEvidence]]


def _add_answers(snapshot: Snapshot, prompts: dict[int, PromptEvidence]) -> _Answers:
    answers = {}
    for prompt, pk, uid, text, model, reasons in _rows(
        _COMPLETIONS, snapshot.pk, list(prompts)
    ):
        flags = tuple(json.loads(reasons)) if reasons else ()
        answer = Answer(id=pk, uid=uid, text=text, model=model, flags=flags)
        prompts[prompt].answers[pk] = answer
        answers[pk] = (answer, prompts[prompt])
    return answers


def _add_ratings(answers: _Answers, said: dict[int, Said]) -> None:
    for judgment, completion, key, value, minimum, maximum, direction in _rows(
        _RATINGS, list(said)
    ):
        answer = answers[completion][0]
        by = said[judgment]
        answer.ratings.append(
            Rating(
                rater=by.rater,
                criterion=key,
                value=value,
                minimum=minimum,
                maximum=maximum,
                direction=direction,
            )
        )
        # Rows of one judgment and completion follow each other.
        if not answer.rated_by or answer.rated_by[-1] is not by:
            answer.rated_by.append(by)


def _add_pairs(answers: _Answers, said: dict[int, Said]) -> None:
    pairs: dict[tuple[int, int], Pair] = {}
    for judgment, a, b, outcome, strength in _rows(_PREFERENCES, list(said)):
        pair = pairs.setdefault((a, b), Pair(a=a, b=b))
        by = said[judgment]
        pair.votes.append(Vote(rater=by.rater, outcome=outcome, strength=strength))
        pair.voted_by.append(by)
    for a, b in sorted(pairs):
        answers[a][1].pairs.append(pairs[a, b])


def _add_corrections(answers: _Answers, said: dict[int, Said]) -> None:
    for judgment, completion, text in _rows(_CORRECTIONS, list(said)):
        answers[completion][0].corrections.append((said[judgment], text))
