"""What the card says of a snapshot's study, raters, sources and agreement.

Computed once, when the members are pinned, because names, licenses and specialties
can change afterwards and a card must not.
"""

import json
import math
from collections import defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import connection

from exports.facts_of_people import people_of
from exports.facts_of_texts import SHOWN, texts_of
from exports.models import Snapshot
from feedback.stats.agreement import (
    FEW_ITEMS,
    Agreement,
    Level,
    measure_agreement,
)
from feedback.stats.arrays import IntArray
from feedback.studies.models import Criterion, GuidelineVersion

_SEED = 20_261
_VALUES_OF_A_SCALE = 2
_GUIDELINES = """
    SELECT DISTINCT j.guideline_version_id
    FROM exports_snapshotmember m JOIN rating_judgment j ON j.id = m.judgment_id
    WHERE m.snapshot_id = %s
"""
# How many units (completions, pairs) got the same answers equally often: of a million
# ratings a few hundred lines.
_PATTERNS = """
    SELECT key, pattern::text, count(*) FROM (
        SELECT key, jsonb_object_agg(value, n) AS pattern
        FROM ({answers}) answered GROUP BY key, unit
    ) units GROUP BY key, pattern ORDER BY key COLLATE "C", pattern
"""
_RATINGS = _PATTERNS.format(
    answers="""
    SELECT k.key, r.completion_id AS unit, r.value, count(*) AS n
    FROM exports_snapshotmember m
    JOIN rating_criterionrating r ON r.judgment_id = m.judgment_id
    JOIN studies_criterion k ON k.id = r.criterion_id
    WHERE m.snapshot_id = %s AND r.value IS NOT NULL AND r.turn_no IS NULL
        AND k.kind IN ('likert', 'yes_no', 'score')
    GROUP BY k.key, r.completion_id, r.value
"""
)
_PREFERENCES = _PATTERNS.format(
    answers="""
    SELECT 'preference' AS key, (p.completion_a_id, p.completion_b_id) AS unit,
        CASE p.outcome WHEN 'a' THEN 0 WHEN 'b' THEN 1 WHEN 'tie' THEN 2 ELSE 3 END
            AS value,
        count(*) AS n
    FROM exports_snapshotmember m
    JOIN rating_preference p ON p.judgment_id = m.judgment_id
    WHERE m.snapshot_id = %s AND p.criterion_id IS NULL
    GROUP BY 2, 3
"""
)
_PROMPTS = f"""
    SELECT count(*), count(*) FILTER (WHERE p.is_synthetic),
        count(DISTINCT p.group_key),
        array_agg(DISTINCT p.locale COLLATE "C")
    FROM corpus_prompt p WHERE p.id IN ({SHOWN})
"""  # noqa: S608 - constants only


def facts_of(snapshot: Snapshot) -> dict[str, Any]:
    """Everything the card needs besides the files, as JSON values."""
    guidelines = _guidelines(snapshot)
    return {
        "study": {
            "uid": str(snapshot.study.uid),
            "name": snapshot.study.name,
            "description": snapshot.study.description,
        },
        "guidelines": guidelines,
        "criteria": sorted(
            {c["key"] for g in guidelines for c in g["criteria"] if c["is_averaged"]}
        ),
        "agreement": _agreement(snapshot),
        "prompts": _prompts(snapshot),
        **people_of(snapshot),
        **texts_of(snapshot),
        "pyarrow": pa.__version__,
    }


def _rows(sql: str, snapshot: Snapshot) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [snapshot.pk])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _guidelines(snapshot: Snapshot) -> list[dict[str, Any]]:
    versions = GuidelineVersion.objects.filter(
        pk__in=[pk for (pk,) in _rows(_GUIDELINES, snapshot)]
    ).prefetch_related("criteria")
    return [
        {
            "number": version.number,
            "title": version.title,
            "sha256": version.content_sha256,
            "criteria": [_criterion(c) for c in version.criteria.all()],
        }
        for version in versions.order_by("number")
    ]


def _criterion(criterion: Criterion) -> dict[str, Any]:
    return {
        "key": criterion.key,
        "name": criterion.name,
        "question": criterion.question,
        "kind": criterion.kind,
        "scope": criterion.scope,
        "direction": criterion.direction,
        "is_averaged": criterion.is_number
        and criterion.scope == Criterion.Scope.COMPLETION,
        "minimum": criterion.minimum,
        "maximum": criterion.maximum,
        "anchors": criterion.anchors,
    }


def _agreement(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Agreement per criterion, and on pairs, each with how many it rests on."""
    lines = []
    levels: tuple[tuple[str, Level], ...] = (
        (_RATINGS, "ordinal"),
        (_PREFERENCES, "nominal"),
    )
    for sql, level in levels:
        units: dict[str, list[tuple[dict[int, int], int]]] = defaultdict(list)
        for key, pattern, n_units in _rows(sql, snapshot):
            counts = {int(value): n for value, n in json.loads(pattern).items()}
            units[key].append((counts, n_units))
        lines += [
            _agreement_line(key, patterns, level=level)
            for key, patterns in units.items()
        ]
    return lines


def _agreement_line(
    key: str, patterns: list[tuple[dict[int, int], int]], *, level: Level
) -> dict[str, Any]:
    values = sorted({value for pattern, _ in patterns for value in pattern})
    rows = [[pattern.get(value, 0) for value in values] for pattern, _ in patterns]
    counts = np.repeat(
        np.array(rows, dtype=np.int64), [n_units for _, n_units in patterns], axis=0
    )
    return {"key": key, "level": level, **_measured(counts, values, level)}


def _measured(counts: IntArray, values: list[int], level: Level) -> dict[str, Any]:
    """What the card says of one table of counts; None stands for "not defined"."""
    if len(values) < _VALUES_OF_A_SCALE:
        # Whoever never disagreed has no chance agreement to be measured against.
        is_shared = counts.sum(axis=1) > 1
        return {
            "n_units": int(is_shared.sum()),
            "n_ratings": int(counts[is_shared].sum()),
            "percent_agreement": 1.0 if is_shared.any() else None,
            "alpha": None,
            "alpha_low": None,
            "alpha_high": None,
            "is_few": int(is_shared.sum()) < FEW_ITEMS,
        }
    found: Agreement = measure_agreement(
        counts,
        values=np.array(values, dtype=np.float64),
        level=level,
        # Fixed, so that the same answers always give the same interval.
        rng=np.random.default_rng(_SEED),
    )
    return {
        "n_units": found.n_items,
        "n_ratings": found.n_ratings,
        "percent_agreement": _rounded(found.percent),
        "alpha": _rounded(found.alpha),
        "alpha_low": _rounded(found.alpha_low),
        "alpha_high": _rounded(found.alpha_high),
        "is_few": found.is_few,
    }


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _prompts(snapshot: Snapshot) -> dict[str, Any]:
    ((n, n_synthetic, n_groups, locales),) = _rows(_PROMPTS, snapshot)
    return {
        "n": n,
        "n_synthetic": n_synthetic,
        "n_groups": n_groups,
        "locales": sorted(locale for locale in locales or [] if locale),
    }
