"""The families of a study's prompts, worked out when a snapshot is pinned.

All prompts that the study asks about count, judged or not, so that a judgment more does
not move a family.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from exports.families import (
    MIN_CHARACTERS,
    Families,
    candidate_pairs,
    in_batches,
    signatures_of,
    similarity,
    sizes_of,
    text_key,
    words_of,
)
from exports.screening import identifiers_in

# Keys of a prompt's metadata that say whom or what it is about, within its source.
_ABOUT = ("patient_id", "case_id")
_ROWS_A_FETCH = 2_000

_PROMPTS = """
    SELECT p.id, left(encode(sha256(convert_to(p.group_key, 'UTF8')), 'hex'), 16),
        p.messages::text, p.source_id, p.metadata ->> 'patient_id',
        p.metadata ->> 'case_id'
    FROM corpus_prompt p
    WHERE p.id IN (SELECT t.prompt_id FROM studies_task t WHERE t.study_id = %s)
    ORDER BY p.content_sha256, p.group_key COLLATE "C", p.id
"""
_TABLE = """
    DROP TABLE IF EXISTS pinned_family;
    CREATE TEMPORARY TABLE pinned_family (
        prompt_id bigint PRIMARY KEY, group_id text NOT NULL
    ) ON COMMIT DROP
"""


@dataclass(frozen=True, slots=True)
class Grouped:
    """What was found out about a study's prompts.

    Attributes:
        identifying: prompts in whose text an identifier was found, sorted.
        facts: for the export's report: how many families, and how they came about.
    """

    identifying: list[int]
    facts: dict[str, Any]


def group_prompts(study_id: int, *, near_duplicate_from: float) -> Grouped:
    """Fill the temporary table `pinned_family`, and look for identifiers on the way.

    Args:
        study_id: whose prompts.
        near_duplicate_from: shared wording from which two are one family; 1 asks for
            the same words.
    """
    prompt_ids: list[int] = []
    group_ids: list[str] = []
    keys: list[list[Any]] = []
    identifying: list[int] = []
    signatures, long_rows = [], []
    for batch in _batches(study_id):
        first = len(prompt_ids)
        texts = []
        for pk, group_id, messages, source, *about in batch:
            turns = json.loads(messages)
            texts.append(words_of(turns))
            if identifiers_in(turn["content"] for turn in turns):
                identifying.append(pk)
            prompt_ids.append(pk)
            group_ids.append(group_id)
            keys.append([
                ("words", text_key(texts[-1])),
                *((name, source, key) for name, key in zip(_ABOUT, about, strict=True) if key),
            ])  # fmt: skip
        if near_duplicate_from < 1:
            rows = [n for n, text in enumerate(texts) if len(text) >= MIN_CHARACTERS]
            long_rows += [first + n for n in rows]
            if rows:
                signatures.append(signatures_of([texts[n] for n in rows]))
    families = Families(group_ids)
    for row, own in enumerate(keys):
        families.join_by(("group", group_ids[row]), row)
        for key in own:
            families.join_by(key, row)
    n_near = 0
    if signatures:
        pairs = candidate_pairs(np.concatenate(signatures))
        candidates = {(long_rows[a], long_rows[b]) for a, b in pairs}
        for one, other in _similar(prompt_ids, candidates, near_duplicate_from):
            families.join(one, other)
            n_near += 1
    found = families.ids()
    _store(prompt_ids, found)
    sizes = sizes_of(found)
    return Grouped(
        identifying=sorted(identifying),
        facts={
            "n_prompts": len(found),
            "n_families": len(sizes),
            "n_families_as_imported": len(set(group_ids)),
            "n_near_duplicates": n_near,
            "largest": max(sizes.values(), default=0),
        },
    )


def _batches(study_id: int) -> Iterator[list[tuple[Any, ...]]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_PROMPTS, [study_id])
        while rows := cursor.fetchmany(_ROWS_A_FETCH):
            yield rows


def _similar(
    prompt_ids: list[int], candidates: set[tuple[int, int]], least: float
) -> Iterator[tuple[int, int]]:
    """Those of the candidates that share so much; their texts are read again."""
    for batch in in_batches(candidates):
        wanted = sorted({prompt_ids[row] for pair in batch for row in pair})
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, messages::text FROM corpus_prompt WHERE id = ANY(%s)",
                [wanted],
            )
            texts = {pk: words_of(json.loads(turns)) for pk, turns in cursor.fetchall()}
        for one, other in batch:
            a, b = texts[prompt_ids[one]], texts[prompt_ids[other]]
            if a != b and similarity(a, b) >= least:
                yield one, other


def _store(prompt_ids: list[int], group_ids: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_TABLE)
        with cursor.copy("COPY pinned_family (prompt_id, group_id) FROM STDIN") as copy:
            for row in zip(prompt_ids, group_ids, strict=True):
                copy.write_row(row)
        cursor.execute("ANALYZE pinned_family")
