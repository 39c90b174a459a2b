"""Where the texts come from and what they are about, in numbers."""

from typing import Any

from django.db import connection

from exports.models import Snapshot

# The prompts that a snapshot has judgments on.
SHOWN = """
    SELECT DISTINCT t.prompt_id
    FROM exports_snapshotmember m
    JOIN rating_judgment j ON j.id = m.judgment_id
    JOIN studies_task t ON t.id = j.task_id
    WHERE m.snapshot_id = %s
"""
_SOURCES = f"""
    SELECT s.name, s.license, s.attribution, count(*),
        count(*) FILTER (WHERE p.is_synthetic)
    FROM corpus_prompt p JOIN corpus_source s ON s.id = p.source_id
    WHERE p.id IN ({SHOWN}) GROUP BY s.id
"""  # noqa: S608 - constants only
_GENERATORS = f"""
    SELECT coalesce(p.metadata ->> 'generator', ''), count(*)
    FROM corpus_prompt p WHERE p.is_synthetic AND p.id IN ({SHOWN})
    GROUP BY 1
"""  # noqa: S608 - constants only
# Completions that were before the raters of a member, by who wrote them.
_WRITERS = """
    SELECT coalesce(v.name, ''), c.written_by_id IS NOT NULL, count(*)
    FROM (
        SELECT DISTINCT i.completion_id
        FROM exports_snapshotmember m
        JOIN rating_judgment j ON j.id = m.judgment_id
        JOIN studies_taskitem i ON i.task_id = j.task_id
        WHERE m.snapshot_id = %s
    ) shown
    JOIN corpus_completion c ON c.id = shown.completion_id
    LEFT JOIN corpus_modelversion v ON v.id = c.model_version_id
    GROUP BY 1, 2
"""
_CORRECTIONS = """
    SELECT count(*)
    FROM exports_snapshotmember m JOIN rating_correction r
        ON r.judgment_id = m.judgment_id
    WHERE m.snapshot_id = %s
"""
_SUBGROUPS = """
    SELECT p.specialty, p.locale, p.note_type, p.is_synthetic,
        count(DISTINCT p.id), count(*)
    FROM exports_snapshotmember m
    JOIN rating_judgment j ON j.id = m.judgment_id
    JOIN studies_task t ON t.id = j.task_id
    JOIN corpus_prompt p ON p.id = t.prompt_id
    WHERE m.snapshot_id = %s GROUP BY 1, 2, 3, 4
"""
_SPLITS = """
    SELECT m.split, count(DISTINCT m.group_id), count(*)
    FROM exports_snapshotmember m WHERE m.snapshot_id = %s GROUP BY m.split
"""
_BY = ("specialty", "locale", "note_type", "is_synthetic")


def _rows(sql: str, snapshot: Snapshot) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [snapshot.pk])
        return sorted(cursor.fetchall())


def texts_of(snapshot: Snapshot) -> dict[str, Any]:
    """Sources, generators, writers, subgroups and splits."""
    ((n_corrections,),) = _rows(_CORRECTIONS, snapshot)
    return {
        "sources": [
            {
                "name": name,
                "license": license_,
                "attribution": attribution,
                "n_prompts": n,
                "n_synthetic": n_synthetic,
            }
            for name, license_, attribution, n, n_synthetic in _rows(_SOURCES, snapshot)
        ],
        "generators": [
            {"name": name, "n_prompts": n} for name, n in _rows(_GENERATORS, snapshot)
        ],
        "writers": [
            {"model": model, "is_person": is_person, "n_completions": n}
            for model, is_person, n in _rows(_WRITERS, snapshot)
        ],
        "n_corrections": n_corrections,
        "subgroups": _subgroups(snapshot),
        "splits": [
            {"split": split, "n_families": n_families, "n_judgments": n}
            # Train, test, benchmark: from the end of the alphabet.
            for split, n_families, n in reversed(_rows(_SPLITS, snapshot))
        ],
    }


def _subgroups(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Prompts and judgments by each trait of the prompts, one trait at a time."""
    counts: dict[tuple[str, str], list[int]] = {}
    for *traits, n_prompts, n_judgments in _rows(_SUBGROUPS, snapshot):
        for by, value in zip(_BY, traits, strict=True):
            name = ("yes" if value else "no") if by == "is_synthetic" else value
            line = counts.setdefault((by, name), [0, 0])
            line[0] += n_prompts
            line[1] += n_judgments
    return [
        {"by": by, "value": value, "n_prompts": n[0], "n_judgments": n[1]}
        for (by, value), n in sorted(counts.items())
    ]
