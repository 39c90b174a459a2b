"""Rows on their way in: temporary tables, filled by COPY and emptied by one INSERT.

The tables belong to the session (so behind a pooler it must pool sessions). Filling
them touches no real table; what a killed worker leaves behind vanishes with it.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from feedback.common.hashing import canonical_json, text_sha256
from feedback.corpus.drafts import CompletionDraft, PointDraft, PromptDraft
from feedback.corpus.models import ImportBatch
from feedback.corpus.refusals import Reject, RowRefused, quoted

_ROWS_A_COPY = 2000
_CHARACTERS_A_COPY = 4 * 1024 * 1024

_TABLES = """
    DROP TABLE IF EXISTS pg_temp.staged_prompt, pg_temp.staged_completion;
    CREATE TEMP TABLE staged_prompt (
        row_no integer, content_sha256 text, messages jsonb, group_key text,
        external_id text, specialty text, locale text, note_type text,
        is_synthetic boolean, reference_answer text, metadata jsonb, points jsonb
    );
    CREATE TEMP TABLE staged_completion (
        row_no integer, prompt_sha256 text, content text, content_sha256 text,
        external_id text, model text, written_by text, metadata jsonb
    );
"""
_DROP = "DROP TABLE pg_temp.staged_prompt, pg_temp.staged_completion"


class Stage:
    """Collects drafts and copies them to the temporary tables in chunks."""

    def __init__(self) -> None:
        self._prompts: list[tuple[Any, ...]] = []
        self._completions: list[tuple[Any, ...]] = []
        self._n_characters = 0

    def add(self, row_no: int, drafts: list[PromptDraft]) -> None:
        """Take what one row means."""
        for draft in drafts:
            messages = canonical_json(draft.messages)
            sha256 = text_sha256(messages)
            self._n_characters += len(messages)
            self._prompts.append(
                (
                    row_no,
                    sha256,
                    messages,
                    draft.group_key,
                    draft.external_id,
                    draft.specialty,
                    draft.locale,
                    draft.note_type,
                    draft.is_synthetic,
                    draft.reference_answer,
                    _json(draft.metadata),
                    _points(draft.points),
                )
            )
            for completion in draft.completions:
                self._add_completion(row_no, sha256, completion)

    def _add_completion(
        self, row_no: int, prompt_sha256: str, draft: CompletionDraft
    ) -> None:
        self._n_characters += len(draft.content)
        self._completions.append(
            (
                row_no,
                prompt_sha256,
                draft.content,
                text_sha256(draft.content),
                draft.external_id,
                draft.model,
                draft.written_by,
                _json(draft.metadata),
            )
        )

    @property
    def is_full(self) -> bool:
        """Whether it is time to flush."""
        n_rows = len(self._prompts) + len(self._completions)
        return n_rows >= _ROWS_A_COPY or self._n_characters >= _CHARACTERS_A_COPY

    def flush(self) -> None:
        """Copy what has been collected."""
        _copy("staged_prompt", self._prompts)
        _copy("staged_completion", self._completions)
        self._prompts, self._completions, self._n_characters = [], [], 0


@contextmanager
def staging() -> Iterator[Stage]:
    """Open an empty stage; its tables are dropped afterwards.

    After an error they stay until the session ends or stages again, since a broken
    transaction could not drop them.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        yield Stage()
        cursor.execute(_DROP)


def _json(value: dict[str, Any]) -> str:
    return canonical_json(value) if value else "{}"


def _points(drafts: list[PointDraft]) -> str:
    """Points as JSON, each with its number among those of its kind."""
    numbers: Counter[str] = Counter()
    rows = []
    for draft in drafts:
        rows.append(
            {
                "kind": draft.kind,
                "position": numbers[draft.kind],
                "text": draft.text,
                "points": draft.points,
            }
        )
        numbers[draft.kind] += 1
    return canonical_json(rows) if rows else "[]"


def _copy(table: str, rows: list[tuple[Any, ...]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY pg_temp.{table} FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


# --- rows that contradict others ----------------------------------------------------

# Each finds (row_no, external_id, where the id stood first: a row, or 0 for the
# database), in the order in which they are to be settled.
_CONTRADICTIONS = {
    "prompt_id": (
        """
        SELECT s.row_no, s.external_id, 0 FROM pg_temp.staged_prompt s
        JOIN corpus_prompt p ON p.source_id = %(source)s
            AND p.external_id = s.external_id AND p.content_sha256 <> s.content_sha256
        WHERE s.external_id <> ''
        """,
        """
        SELECT s.row_no, s.external_id, f.row_no
        FROM pg_temp.staged_prompt s
        JOIN (
            SELECT DISTINCT ON (external_id) external_id, row_no, content_sha256
            FROM pg_temp.staged_prompt
            WHERE external_id IN (
                SELECT external_id FROM pg_temp.staged_prompt
                WHERE external_id <> '' GROUP BY external_id
                HAVING min(content_sha256) <> max(content_sha256)
            )
            ORDER BY external_id, row_no
        ) f ON f.external_id = s.external_id AND f.content_sha256 <> s.content_sha256
        """,
    ),
    "completion_id": (
        """
        SELECT s.row_no, s.external_id, 0 FROM pg_temp.staged_completion s
        JOIN corpus_prompt p
            ON p.source_id = %(source)s AND p.content_sha256 = s.prompt_sha256
        JOIN corpus_completion c ON c.prompt_id = p.id
            AND c.external_id = s.external_id AND c.content_sha256 <> s.content_sha256
        WHERE s.external_id <> ''
        """,
        """
        SELECT s.row_no, s.external_id, f.row_no
        FROM pg_temp.staged_completion s
        JOIN (
            SELECT DISTINCT ON (prompt_sha256, external_id)
                prompt_sha256, external_id, row_no, content_sha256
            FROM pg_temp.staged_completion
            WHERE (prompt_sha256, external_id) IN (
                SELECT prompt_sha256, external_id FROM pg_temp.staged_completion
                WHERE external_id <> '' GROUP BY prompt_sha256, external_id
                HAVING min(content_sha256) <> max(content_sha256)
            )
            ORDER BY prompt_sha256, external_id, row_no
        ) f USING (prompt_sha256, external_id)
        WHERE f.content_sha256 <> s.content_sha256
        """,
    ),
}


def take_out_contradictions(*, source_id: int) -> Iterator[Reject]:
    """Take rows out whose id already stands for another text; yield them as rejects.

    The first of a file keeps its id; what the source has keeps it against any file.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE pg_temp.staged_prompt, pg_temp.staged_completion")
        for name, queries in _CONTRADICTIONS.items():
            for query in queries:
                cursor.execute(query, {"source": source_id})
                found = {row[0]: row for row in cursor.fetchall()}
                _take_out(sorted(found))
                for row_no in sorted(found):
                    yield _contradiction(name, *found[row_no])


# A text whose writer cannot be told would be given to them to judge.
_UNKNOWN_WRITERS = """
    SELECT DISTINCT ON (s.row_no) s.row_no, s.written_by
    FROM pg_temp.staged_completion s
    LEFT JOIN accounts_rater r ON r.pseudonym = s.written_by
    WHERE s.written_by <> '' AND r.id IS NULL
    ORDER BY s.row_no
"""


def take_out_unknown_writers() -> Iterator[Reject]:
    """Take rows out whose `written_by` is nobody; yield them as rejects."""
    with connection.cursor() as cursor:
        cursor.execute(_UNKNOWN_WRITERS)
        found = cursor.fetchall()
    _take_out([row_no for row_no, _ in found])
    for row_no, written_by in found:
        yield RowRefused(
            f"written_by {quoted(written_by)} is no rater's pseudonym.",
            next_step="Name the rater who wrote the text by pseudonym, or leave it empty "
            "if no rater here did.",
        ).at(row_no)


def _take_out(row_nos: list[int]) -> None:
    if not row_nos:
        return
    with connection.cursor() as cursor:
        for table in ("staged_prompt", "staged_completion"):
            cursor.execute(
                f"DELETE FROM pg_temp.{table} WHERE row_no = ANY(%s)",  # noqa: S608
                [row_nos],
            )


def _contradiction(name: str, row_no: int, external_id: str, first: int) -> Reject:
    where = f"in row {first}" if first else "in this source"
    return RowRefused(
        f"{name} {quoted(external_id)} already stands for another text {where}.",
        next_step=f"Give it a {name} of its own, or import into another source.",
    ).at(row_no)


# --- into the tables ----------------------------------------------------------------

_MODEL_VERSIONS = """
    INSERT INTO corpus_modelversion (uid, name)
    SELECT gen_random_uuid(), model
    FROM (SELECT DISTINCT model FROM pg_temp.staged_completion WHERE model <> '') m
    ORDER BY model
    ON CONFLICT (name) DO NOTHING
"""
_PROMPTS = """
    INSERT INTO corpus_prompt (
        uid, source_id, batch_id, messages, content_sha256, group_key, external_id,
        specialty, locale, note_type, is_synthetic, reference_answer, metadata
    )
    SELECT gen_random_uuid(), %(source)s, %(batch)s, messages, content_sha256,
        group_key, external_id, specialty, locale, note_type, is_synthetic,
        reference_answer, metadata
    FROM pg_temp.staged_prompt
    ON CONFLICT (source_id, content_sha256) DO NOTHING
"""
# A prompt is content and never changes, so its points come with the row that brought it.
_POINTS = """
    INSERT INTO corpus_casepoint (
        uid, prompt_id, batch_id, kind, position, text, points
    )
    SELECT gen_random_uuid(), p.id, %(batch)s, x.kind, x.position, x.text, x.points
    FROM (
        SELECT DISTINCT ON (content_sha256) content_sha256, points
        FROM pg_temp.staged_prompt WHERE points <> '[]'
        ORDER BY content_sha256, row_no
    ) s
    JOIN corpus_prompt p ON p.source_id = %(source)s
        AND p.content_sha256 = s.content_sha256 AND p.batch_id = %(batch)s
    CROSS JOIN LATERAL jsonb_to_recordset(s.points)
        AS x(kind text, position integer, text text, points integer)
    ORDER BY p.id, x.kind, x.position
"""
_COMPLETIONS = """
    INSERT INTO corpus_completion (
        uid, prompt_id, batch_id, model_version_id, written_by_id, content,
        content_sha256, external_id, metadata
    )
    SELECT gen_random_uuid(), p.id, %(batch)s, m.id, r.id, s.content,
        s.content_sha256, s.external_id, s.metadata
    FROM pg_temp.staged_completion s
    JOIN corpus_prompt p
        ON p.source_id = %(source)s AND p.content_sha256 = s.prompt_sha256
    LEFT JOIN corpus_modelversion m ON m.name = s.model
    LEFT JOIN accounts_rater r ON r.pseudonym = nullif(s.written_by, '')
    ON CONFLICT (prompt_id, content_sha256) DO NOTHING
"""
_N_STAGED = """
    SELECT count(*) + (SELECT count(*) FROM pg_temp.staged_completion),
        count(DISTINCT row_no)
    FROM pg_temp.staged_prompt
"""
# A row brought something if it is the first with a prompt, or a completion, that this
# batch added.
_N_BRINGING = """
    SELECT count(DISTINCT row_no) FROM (
        SELECT min(s.row_no) AS row_no
        FROM pg_temp.staged_prompt s
        JOIN corpus_prompt p ON p.source_id = %(source)s
            AND p.content_sha256 = s.content_sha256 AND p.batch_id = %(batch)s
        GROUP BY s.content_sha256
        UNION ALL
        SELECT min(s.row_no)
        FROM pg_temp.staged_completion s
        JOIN corpus_prompt p
            ON p.source_id = %(source)s AND p.content_sha256 = s.prompt_sha256
        JOIN corpus_completion c ON c.prompt_id = p.id
            AND c.content_sha256 = s.content_sha256 AND c.batch_id = %(batch)s
        GROUP BY s.prompt_sha256, s.content_sha256
    ) brought
"""


def insert_staged(*, batch: ImportBatch) -> tuple[int, int]:
    """Move what is staged into the tables; known content stays as it is.

    Returns:
        How many prompts and how many completions are new.
    """
    names = {"source": batch.source_id, "batch": batch.pk}
    with connection.cursor() as cursor:
        cursor.execute(_MODEL_VERSIONS)
        cursor.execute(_PROMPTS, names)
        n_prompts = cursor.rowcount
        cursor.execute(_POINTS, names)
        cursor.execute(_COMPLETIONS, names)
        return n_prompts, cursor.rowcount


def n_rows_bringing(*, batch: ImportBatch, n_new: int) -> int:
    """How many staged rows brought something new, after `insert_staged`.

    Args:
        batch: the batch that was inserted.
        n_new: how many prompts and completions together were new.
    """
    with connection.cursor() as cursor:
        cursor.execute(_N_STAGED)
        n_staged, n_rows = cursor.fetchone()
        if n_new == n_staged:
            # Everything was new, as in most imports: no need to look at each row.
            return int(n_rows)
        cursor.execute(_N_BRINGING, {"source": batch.source_id, "batch": batch.pk})
        return int(cursor.fetchone()[0])
