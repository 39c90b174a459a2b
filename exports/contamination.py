"""Looking for a study's evaluation sets in its texts, when a snapshot is pinned."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from django.db import connection

from exports.models import EvaluationGrams, EvaluationSet, Snapshot, SnapshotOverlap
from exports.overlaps import Hashes, Vocabulary, overlapping

# Sets are looked for together up to so many hashes (128 MB); the texts are read once
# for each such group.
GRAMS_AT_ONCE = 16_000_000
_TEXTS_A_BATCH = 1_000

# Every prompt, completion and correction of the study, with its family. System turns
# are left out, as for families: many prompts share one, and it says nothing of the case.
_TEXTS = """
    WITH asked AS (
        SELECT f.prompt_id, f.group_id FROM pinned_family f
    )
    SELECT a.group_id, turn ->> 'content'
    FROM asked a JOIN corpus_prompt p ON p.id = a.prompt_id
    CROSS JOIN LATERAL jsonb_array_elements(p.messages) turn
    WHERE turn ->> 'role' <> 'system'
    UNION ALL
    SELECT a.group_id, c.content
    FROM asked a JOIN corpus_completion c ON c.prompt_id = a.prompt_id
    UNION ALL
    SELECT a.group_id, r.text
    FROM asked a
    JOIN studies_task t ON t.prompt_id = a.prompt_id AND t.study_id = %(study)s
    JOIN rating_judgment j ON j.task_id = t.id
    JOIN rating_correction r ON r.judgment_id = j.id
"""
_PROMPTS = """
    SELECT f.prompt_id FROM pinned_family f
    WHERE f.group_id = ANY(%s) ORDER BY f.prompt_id
"""


def pin_overlaps(snapshot: Snapshot) -> list[int]:
    """Note which families overlap which set; return the prompts of those families.

    The whole family stays out of the snapshot, not only out of train: a text that a
    benchmark holds would make the test split say as little as it would make training
    unfair. `pinned_family` has to be filled.

    Args:
        snapshot: being pinned.
    """
    sets = list(EvaluationSet.objects.filter(study=snapshot.study, retired_at=None))
    found: Counter[tuple[int, str]] = Counter()
    for group in _in_groups(sets):
        found += _look(snapshot, {one.pk: _hashes_of(one) for one in group})
    SnapshotOverlap.objects.bulk_create(
        (
            SnapshotOverlap(
                snapshot=snapshot,
                evaluation_set_id=key,
                group_id=group_id,
                n_texts=n_texts,
            )
            for (key, group_id), n_texts in sorted(found.items())
        ),
        batch_size=1_000,
    )
    families = sorted({group_id for _, group_id in found})
    with connection.cursor() as cursor:
        cursor.execute(_PROMPTS, [families])
        return [pk for (pk,) in cursor.fetchall()]


def overlap_facts(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The sets that a snapshot was checked against, for card and contract."""
    n_families = Counter(
        SnapshotOverlap.objects.filter(snapshot=snapshot).values_list(
            "evaluation_set_id", flat=True
        )
    )
    return [
        {
            "name": one.name,
            "source": one.source,
            "sha256": one.sha256,
            "n_words": one.n_words,
            "n_items": one.n_items,
            "n_too_short": one.n_too_short,
            "n_families": n_families[one.pk],
        }
        for one in EvaluationSet.objects.filter(
            study=snapshot.study, retired_at=None
        ).order_by("name", "pk")
    ]


def _in_groups(sets: list[EvaluationSet]) -> Iterator[list[EvaluationSet]]:
    group: list[EvaluationSet] = []
    n_grams = 0
    for one in sets:
        if group and n_grams + one.n_grams > GRAMS_AT_ONCE:
            yield group
            group, n_grams = [], 0
        group.append(one)
        n_grams += one.n_grams
    if group:
        yield group


def _hashes_of(evaluation_set: EvaluationSet) -> dict[int, Hashes]:
    blocks: dict[int, list[Hashes]] = {}
    rows = EvaluationGrams.objects.filter(evaluation_set=evaluation_set)
    for n_words, hashes in rows.order_by("n_words", "block_no").values_list(
        "n_words", "hashes"
    ):
        block = np.frombuffer(bytes(hashes), dtype="<u8").astype(np.uint64)
        blocks.setdefault(n_words, []).append(block)
    return {size: np.concatenate(own) for size, own in blocks.items()}


def _look(
    snapshot: Snapshot, sets: dict[int, dict[int, Hashes]]
) -> Counter[tuple[int, str]]:
    found: Counter[tuple[int, str]] = Counter()
    vocabulary = Vocabulary()
    with connection.chunked_cursor() as cursor:
        cursor.execute(_TEXTS, {"study": snapshot.study_id})
        while rows := cursor.fetchmany(_TEXTS_A_BATCH):
            texts = [text for _, text in rows]
            for position, key in overlapping(texts, sets, vocabulary=vocabulary):
                found[key, rows[position][0]] += 1
    return found
