"""What bars completions, and what settled tasks, when a snapshot is pinned.

Each statement is one rule of the contract. All of them fail closed: they look at every
study and revision, not only at what the snapshot holds.
"""

from typing import Any

from django.db import connection

from exports.models import Snapshot, SnapshotExclusion
from exports.rules import Rule
from exports.screening import PREFILTER, identifiers_in

_ROWS_A_FETCH = 2_000
# Completions that a task of the study shows.
_SHOWN = """
    EXISTS (
        SELECT 1 FROM studies_taskitem i JOIN studies_task t ON t.id = i.task_id
        WHERE i.completion_id = c.id AND t.study_id = %(study)s
    )
"""

# A flag counts whoever raised it, in whichever study and revision, and also on the same
# answer to the same prompt that came from another source.
_FLAGGED = f"""
    INSERT INTO exports_snapshotexclusion (snapshot_id, completion_id, rule, reasons)
    SELECT %(snapshot)s, c.id, 'open_safety_flag',
        jsonb_agg(DISTINCT flagged.category ORDER BY flagged.category)
    FROM (
        SELECT DISTINCT f.category, fc.content_sha256 AS answer,
            fp.content_sha256 AS question
        FROM rating_safetyflag f
        JOIN corpus_completion fc ON fc.id = f.completion_id
        JOIN corpus_prompt fp ON fp.id = fc.prompt_id
    ) flagged
    JOIN corpus_prompt p ON p.content_sha256 = flagged.question
    JOIN corpus_completion c
        ON c.prompt_id = p.id AND c.content_sha256 = flagged.answer
    WHERE {_SHOWN}
    GROUP BY c.id ORDER BY c.id
"""  # noqa: S608 - constants only

# The newest look at each text; an older scanner's findings are out of date.
_LEAKING = f"""
    INSERT INTO exports_snapshotexclusion (snapshot_id, completion_id, rule, reasons)
    SELECT %(snapshot)s, c.id, 'names_its_maker',
        (SELECT jsonb_agg(DISTINCT leak ->> 'name' ORDER BY leak ->> 'name')
         FROM jsonb_array_elements(s.leaks) leak)
    FROM corpus_identityscan s JOIN corpus_completion c ON c.id = s.completion_id
    WHERE s.leaks <> '[]' AND {_SHOWN}
        AND NOT EXISTS (
            SELECT 1 FROM corpus_identityscan n
            WHERE n.completion_id = c.id AND n.scanner_version > s.scanner_version
        )
    ORDER BY c.id
"""  # noqa: S608 - constants only

_SUSPECTS = f"""
    SELECT c.id, c.content FROM corpus_completion c
    WHERE {_SHOWN} AND c.content ~* %(pattern)s ORDER BY c.id
"""  # noqa: S608 - constants only

# A random audit asks about what raters agree on; every other live case is a doubt.
_VERDICTS = """
    INSERT INTO exports_snapshotverdict
        (snapshot_id, task_id, adjudication_id, standing)
    SELECT %(snapshot)s, t.id, a.id,
        CASE
            WHEN a.id IS NOT NULL AND EXISTS (
                SELECT 1 FROM review_adjudicationevidence v
                JOIN review_evidenceedition e ON e.id = v.edition_id
                WHERE v.adjudication_id = a.id AND e.superseded_at IS NOT NULL
            ) THEN 'stale'
            WHEN d.id IS NOT NULL THEN 'open'
            ELSE 'settled'
        END
    FROM studies_task t
    LEFT JOIN review_adjudication a ON a.task_id = t.id AND NOT EXISTS (
        SELECT 1 FROM review_adjudication n WHERE n.supersedes_id = a.id
    )
    LEFT JOIN review_adjudicationcase d ON d.task_id = t.id
        AND d.state IN ('open', 'claimed') AND d.reason <> 'audit_random'
    WHERE t.study_id = %(study)s AND (a.id IS NOT NULL OR d.id IS NOT NULL)
    ORDER BY t.id
"""


def exclude_flagged(keys: dict[str, Any]) -> None:
    """Note each completion that carries a safety flag, with the flags' categories."""
    _execute(_FLAGGED, keys)


def exclude_leaking(keys: dict[str, Any]) -> None:
    """Note each completion that names its maker, with the names."""
    _execute(_LEAKING, keys)


def exclude_identifying(snapshot: Snapshot) -> None:
    """Note each completion that holds an identifier, with the kinds."""
    keys: dict[str, Any] = {"study": snapshot.study_id, "pattern": PREFILTER}
    with connection.chunked_cursor() as cursor:
        cursor.execute(_SUSPECTS, keys)
        while rows := cursor.fetchmany(_ROWS_A_FETCH):
            SnapshotExclusion.objects.bulk_create(
                SnapshotExclusion(
                    snapshot=snapshot,
                    completion_id=pk,
                    rule=Rule.IDENTIFIER_FOUND,
                    reasons=kinds,
                )
                for pk, content in rows
                if (kinds := identifiers_in([content]))
            )


def pin_verdicts(keys: dict[str, Any]) -> None:
    """Note the tasks that a verdict settled, and those that still wait for one."""
    _execute(_VERDICTS, keys)


def _execute(sql: str, keys: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, keys)
