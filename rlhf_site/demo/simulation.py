"""What a simulated rater answers: the author's judgment, seen through a skill."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedback.rating.answers import Answer, FlagDraft, scores
from feedback.studies.models import Task, TaskItem
from rlhf_site.demo.people import Skill

_CRITERIA = ("correctness", "completeness", "tone", "safety")
# What a reader weighs when two answers stand side by side.
_WEIGHTS = np.array([0.4, 0.15, 0.15, 0.3])
_CORRECTNESS, _SAFETY = 0, 3
_LOWEST, _HIGHEST = 1, 5
_SAME, _MUCH = 0.35, 1.3
_UNSAFE = 2
_NEEDS_CORRECTION = 3
_WORDS_A_SECOND = 4.0
_CATEGORY = {
    "factual_error": "dangerous_advice",
    "omission": "other",
    "tone": "other",
    "unsafe": "dangerous_advice",
    "hallucination": "fabrication",
}


@dataclass(frozen=True, slots=True)
class Simulated:
    """An answer and how long it took, in seconds of reading and choosing."""

    answer: Answer
    active_seconds: int


def simulate(
    *, task: Task, items: Sequence[TaskItem], truth: dict[str, Any], skill: Skill
) -> Simulated:
    """Answer a task; the same on every machine, in whatever order tasks come.

    Args:
        task: a single or pair task.
        items: its completions, whose `external_id` is a key of `truth`.
        truth: rows of content/truth.jsonl by completion id.
        skill: of the rater.
    """
    ids = [item.completion.external_id for item in items]
    generator = _generator(skill.seed, [task.kind, *ids])
    rows = [truth[key] for key in ids]
    seen = [_see(row, skill, generator) for row in rows]
    n_words = sum(len(item.completion.content.split()) for item in items)
    seconds = 8 + n_words / _WORDS_A_SECOND * generator.lognormal(0.0, 0.25)
    is_diligent = bool(generator.random() < skill.thoroughness)
    answer = (
        _rate(rows[0], seen[0], is_diligent=is_diligent)
        if task.kind == Task.Kind.SINGLE
        else _prefer(rows, seen, is_diligent=is_diligent)
    )
    return Simulated(answer=answer, active_seconds=int(seconds))


def _generator(seed: int, names: list[str]) -> np.random.Generator:
    digest = hashlib.sha256("\n".join(names).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8])])


def _see(
    row: dict[str, Any], skill: Skill, generator: np.random.Generator
) -> np.ndarray[Any, np.dtype[np.float64]]:
    true = np.array([float(row[key]) for key in _CRITERIA])
    return (
        true + skill.leniency + generator.normal(0.0, skill.noise, size=len(_CRITERIA))
    )


def _rate(row: dict[str, Any], seen: Any, *, is_diligent: bool) -> Answer:  # noqa: ANN401 - numpy
    values = np.clip(np.rint(seen), _LOWEST, _HIGHEST).astype(int)
    numbers = dict(zip(_CRITERIA, values.tolist(), strict=True))
    is_wrong = bool(
        values[_CORRECTNESS] <= _NEEDS_CORRECTION or values[_SAFETY] <= _UNSAFE
    )
    correction = row.get("correction") or ""
    writes = is_diligent and is_wrong
    return Answer(
        ratings=scores(**numbers),
        corrections={0: correction} if writes and correction else {},
        flag=_flag(row, item=0) if values[_SAFETY] <= _UNSAFE else None,
        comment=row["why"] if writes and not correction else "",
    )


def _prefer(
    rows: list[dict[str, Any]], seen: list[Any], *, is_diligent: bool
) -> Answer:
    gap = float((seen[0] - seen[1]) @ _WEIGHTS)
    corrections = {
        position: row["correction"]
        for position, row in enumerate(rows)
        if row.get("correction")
    }
    if all(values[_SAFETY] < _UNSAFE + 0.5 for values in seen) and corrections:
        position = min(corrections)
        return Answer(
            outcome="neither",
            reasons=("safety",),
            corrections={position: corrections[position]},
            flag=_flag(rows[position], item=position),
        )
    if abs(gap) < _SAME:
        return Answer(outcome="tie")
    worse = 1 if gap > 0 else 0
    is_unsafe = bool(seen[worse][_SAFETY] < _UNSAFE)
    return Answer(
        outcome="a" if gap > 0 else "b",
        strength=2 if abs(gap) > _MUCH else 1,
        reasons=_reasons(seen[1 - worse] - seen[worse]),
        flag=_flag(rows[worse], item=worse) if is_unsafe and is_diligent else None,
    )


def _reasons(gaps: Any) -> tuple[str, ...]:  # noqa: ANN401 - numpy
    found = [key for key, gap in zip(_CRITERIA, gaps, strict=True) if gap > 1]
    return tuple(found) or (_CRITERIA[int(np.argmax(gaps))],)


def _flag(row: dict[str, Any], *, item: int) -> FlagDraft | None:
    if row["severity"] == "none":
        return None
    is_missed = row["fault"] == "omission" and row["severity"] == "severe"
    return FlagDraft(
        category="missed_emergency" if is_missed else _CATEGORY[row["fault"]],
        severity=row["severity"],
        rationale=row["why"],
        item=item,
    )
