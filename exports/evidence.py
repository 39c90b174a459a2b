"""Reading a snapshot's members, prompt by prompt, in batches of flat memory.

Only pinned rows and rows that never change are read, so the same snapshot always
gives the same evidence, however much is judged afterwards.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from exports.aggregate import Rating
from exports.models import Snapshot
from exports.pair_votes import Vote
from exports.rules import Rule

PROMPTS_A_BATCH = 500


@dataclass(frozen=True, slots=True)
class Said:
    """A judgment: by whom, when, under which guideline.

    Attributes:
        is_marking: the rater was asked to mark errors, so no mark says "none".
        held: the rule that keeps out whatever rests on it, while its task is in
            dispute or its verdict stale.
    """

    id: int
    uid: str
    rater: int
    guideline: int
    at: datetime
    is_unblinded: bool
    is_marking: bool = False
    held: Rule | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """An error or omission that a rater marked; code points, half open."""

    by: Said
    start: int
    end: int
    quote: str
    label: str
    severity: str
    suggestion: str
    is_omission: bool


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A correction; of a verdict if `is_final`, and then `by` are the task's raters."""

    by: tuple[Said, ...]
    text: str
    is_final: bool = False

    @property
    def origin(self) -> str:
        """Names it: one judgment has one correction of a text, one task one verdict."""
        return f"verdict-{self.by[0].uid}" if self.is_final else self.by[0].uid


@dataclass(slots=True)
class Answer:
    """A completion with all that was said of it.

    Attributes:
        bars: rule -> its reasons, of all rules that bar the completion.
        verdict: an adjudicator's ratings; empty if nobody settled it.
    """

    id: int
    uid: str
    text: str
    model: str | None
    bars: dict[str, list[str]]
    ratings: list[Rating] = field(default_factory=list)
    rated_by: list[Said] = field(default_factory=list)
    verdict: list[Rating] = field(default_factory=list)
    corrections: list[Rewrite] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    marked_by: list[Said] = field(default_factory=list)

    @property
    def flags(self) -> tuple[str, ...]:
        """The categories of its safety flags."""
        return tuple(self.bars.get(Rule.OPEN_SAFETY_FLAG, ()))


@dataclass(slots=True)
class Pair:
    """Two completions with all the votes between them, and the verdict if any."""

    a: int
    b: int
    votes: list[Vote] = field(default_factory=list)
    voted_by: list[Said] = field(default_factory=list)
    verdict: Vote | None = None


@dataclass(slots=True)
class PromptEvidence:
    """A prompt with everything the snapshot holds on it.

    Attributes:
        number: of the prompt within the snapshot, from 0.
        points: (kind, text, points) of what answers are checked for.
    """

    number: int
    uid: str
    group_id: str
    split: str
    messages: list[dict[str, str]]
    specialty: str
    locale: str
    note_type: str
    is_synthetic: bool
    reference_answer: str
    points: list[tuple[str, str, int | None]] = field(default_factory=list)
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
    SELECT id, uid::text, messages::text, specialty, locale, note_type, is_synthetic,
        reference_answer
    FROM corpus_prompt WHERE id = ANY(%s) ORDER BY id
"""
_POINTS = """
    SELECT prompt_id, kind, text, points FROM corpus_casepoint
    WHERE prompt_id = ANY(%s) ORDER BY prompt_id, kind COLLATE "C", position
"""
_JUDGMENTS = """
    SELECT t.prompt_id, m.group_id, m.split, t.id,
        j.id, j.uid::text, j.rater_id, g.number, j.created_at, j.is_unblinded,
        coalesce('marks' = ANY(f.parts), false),
        CASE d.standing WHEN 'open' THEN 'in_dispute'
            WHEN 'stale' THEN 'stale_evidence' END
    FROM studies_task t
    JOIN rating_judgment j ON j.task_id = t.id
    JOIN exports_snapshotmember m ON m.judgment_id = j.id AND m.snapshot_id = %s
    JOIN studies_guidelineversion g ON g.id = j.guideline_version_id
    LEFT JOIN studies_taskform f
        ON f.guideline_version_id = j.guideline_version_id AND f.kind = t.kind
    LEFT JOIN exports_snapshotverdict d
        ON d.snapshot_id = m.snapshot_id AND d.task_id = t.id
    WHERE t.prompt_id = ANY(%s) ORDER BY j.id
"""
_COMPLETIONS = """
    SELECT c.prompt_id, c.id, c.uid::text, c.content, v.name, (
        SELECT jsonb_object_agg(e.rule, e.reasons)::text
        FROM exports_snapshotexclusion e
        WHERE e.completion_id = c.id AND e.snapshot_id = %s
    )
    FROM corpus_completion c
    LEFT JOIN corpus_modelversion v ON v.id = c.model_version_id
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
_SHOWN = """
    SELECT j.id, i.completion_id
    FROM rating_judgment j JOIN studies_taskitem i ON i.task_id = j.task_id
    WHERE j.id = ANY(%s) ORDER BY j.id, i.position
"""
_MARKS = """
    SELECT r.judgment_id, r.completion_id, r.start, r."end", r.quote, l.name,
        r.severity, r.suggestion, l.kind = 'omission'
    FROM rating_spanmark r JOIN studies_spanlabel l ON l.id = r.label_id
    WHERE r.judgment_id = ANY(%s)
    ORDER BY r.judgment_id, r.completion_id, r.start, r."end", r.id
"""
_VERDICTS = """
    SELECT d.task_id, t.kind, a.verdict::text, a.guideline_version_id
    FROM exports_snapshotverdict d
    JOIN studies_task t ON t.id = d.task_id
    JOIN review_adjudication a ON a.id = d.adjudication_id
    WHERE d.snapshot_id = %s AND d.standing = 'settled' AND t.id = ANY(%s)
    ORDER BY d.task_id
"""
_SCALES = """
    SELECT guideline_version_id, key,
        CASE kind WHEN 'likert' THEN minimum ELSE 0 END,
        CASE kind WHEN 'likert' THEN maximum WHEN 'score' THEN 100 ELSE 1 END,
        direction
    FROM studies_criterion
    WHERE guideline_version_id = ANY(%s) AND kind IN ('likert', 'yes_no', 'score')
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
        yield from _batch(
            snapshot, prompt_ids[start : start + PROMPTS_A_BATCH], first=start
        )


def _rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - SQL
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _batch(
    snapshot: Snapshot, prompt_ids: list[int], *, first: int
) -> list[PromptEvidence]:
    said: dict[int, Said] = {}
    homes: dict[int, tuple[str, str]] = {}
    by_task: dict[int, list[Said]] = defaultdict(list)
    for prompt, group_id, split, task, pk, *by, held in _rows(
        _JUDGMENTS, snapshot.pk, prompt_ids
    ):
        fields: list[Any] = [pk, *by, Rule(held) if held else None]
        said[pk] = Said(*fields)
        by_task[task].append(said[pk])
        homes[prompt] = (group_id, split)
    prompts = {
        pk: PromptEvidence(
            number=first + number,
            uid=uid,
            group_id=homes[pk][0],
            split=homes[pk][1],
            messages=json.loads(messages),
            specialty=specialty,
            locale=locale,
            note_type=note_type,
            is_synthetic=is_synthetic,
            reference_answer=reference_answer,
        )
        for number, (
            pk,
            uid,
            messages,
            specialty,
            locale,
            note_type,
            is_synthetic,
            reference_answer,
        ) in enumerate(_rows(_PROMPTS, prompt_ids))
    }
    for prompt, *point in _rows(_POINTS, prompt_ids):
        prompts[prompt].points.append((point[0], point[1], point[2]))
    answers = _add_answers(snapshot, prompts)
    _add_ratings(answers, said)
    _add_pairs(answers, said)
    _add_corrections(answers, said)
    _add_marks(answers, said)
    _add_verdicts(snapshot, answers, by_task)
    return list(prompts.values())


# Completion -> itself and its prompt.
_Answers = dict[int, tuple[Answer, PromptEvidence]]


def _add_answers(snapshot: Snapshot, prompts: dict[int, PromptEvidence]) -> _Answers:
    answers = {}
    for prompt, pk, uid, text, model, reasons in _rows(
        _COMPLETIONS, snapshot.pk, list(prompts)
    ):
        bars = json.loads(reasons) if reasons else {}
        answer = Answer(id=pk, uid=uid, text=text, model=model, bars=bars)
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
        answers[completion][0].corrections.append(Rewrite((said[judgment],), text))


def _add_marks(answers: _Answers, said: dict[int, Said]) -> None:
    marking = [pk for pk, by in said.items() if by.is_marking]
    if not marking:
        return
    for judgment, completion in _rows(_SHOWN, marking):
        answers[completion][0].marked_by.append(said[judgment])
    for judgment, completion, *mark in _rows(_MARKS, marking):
        answers[completion][0].marks.append(Mark(said[judgment], *mark))


# Guideline version and criterion -> minimum, maximum, direction.
_Scales = dict[tuple[int, str], tuple[int, int, str]]


def _add_verdicts(
    snapshot: Snapshot, answers: _Answers, by_task: dict[int, list[Said]]
) -> None:
    rows = _rows(_VERDICTS, snapshot.pk, list(by_task))
    if not rows:
        return
    scales: _Scales = {
        (version, key): (minimum, maximum, direction)
        for version, key, minimum, maximum, direction in _rows(
            _SCALES, sorted({version for *_, version in rows})
        )
    }
    by_uid = {answer.uid: (answer, prompt) for answer, prompt in answers.values()}
    for task, kind, text, version in rows:
        verdict = json.loads(text)
        settled = []
        for one in verdict["completions"]:
            answer, prompt = by_uid[one["completion"]]
            settled.append((answer, one))
            answer.verdict += _verdict_ratings(one["ratings"], version, scales)
            if "correction" in one:
                final = Rewrite(tuple(by_task[task]), one["correction"], is_final=True)
                answer.corrections.append(final)
        if kind in {"pair", "ranking"}:
            _settle_pairs(prompt, settled, verdict["preference"])


def _verdict_ratings(
    given: dict[str, dict[str, Any]], version: int, scales: _Scales
) -> Iterator[Rating]:
    for key, one in sorted(given.items()):
        scale = scales.get((version, key))
        if scale is not None and one.get("value") is not None:
            yield Rating(0, key, one["value"], *scale)


def _settle_pairs(
    prompt: PromptEvidence,
    settled: list[tuple[Answer, dict[str, Any]]],
    preference: dict[str, Any] | None,
) -> None:
    """Give the pairs among a task's completions what its verdict says of them."""
    ranks: dict[int, int] = {answer.id: one.get("rank", 0) for answer, one in settled}
    for pair in prompt.pairs:
        if pair.a not in ranks or pair.b not in ranks:
            continue
        a, b = ranks[pair.a], ranks[pair.b]
        if preference is not None:
            pair.verdict = Vote(0, preference["outcome"], preference["strength"])
        elif a and b:
            pair.verdict = _ranked(a, b)


def _ranked(a: int, b: int) -> Vote:
    if a == b:
        return Vote(0, "tie", 0)
    return Vote(0, "a" if a < b else "b", 1)
