"""The raw configurations, streamed: what each rater said, one row each."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from exports.copying import tables_of
from exports.models import Snapshot
from exports.shards import Shard

# In the order of the columns in `exports.raw_schemas`, after the split. The snapshot's
# key is our own integer.
_SAID = """
        j.is_unblinded, w.key AS rater_id, nullif(w.specialty, '') AS rater_specialty,
        w.is_simulated AS rater_is_simulated,
        'v' || g.number AS guideline_version, j.active_seconds,
        j.created_at AT TIME ZONE 'UTC' AS created_at,
        nullif(p.specialty, '') AS specialty, nullif(p.locale, '') AS locale,
        nullif(p.note_type, '') AS note_type, p.is_synthetic
"""
_BY = """
    FROM exports_snapshotmember m
    JOIN rating_judgment j ON j.id = m.judgment_id
    JOIN exports_snapshotrater w
        ON w.snapshot_id = m.snapshot_id AND w.rater_id = j.rater_id
    JOIN studies_guidelineversion g ON g.id = j.guideline_version_id
"""
_COMPLETION = """
    JOIN corpus_completion c ON c.id = r.completion_id
    JOIN corpus_prompt p ON p.id = c.prompt_id
    LEFT JOIN corpus_modelversion v ON v.id = c.model_version_id
    WHERE m.snapshot_id = {snapshot}
"""
_RATINGS = f"""
    SELECT m.split, j.uid AS judgment_uid, p.uid AS prompt_uid,
        c.uid AS completion_uid, m.group_id, k.key AS criterion,
        k.kind AS criterion_kind, r.turn_no AS turn, r.value,
        array_to_string(r.choices, ',') AS value_choices,
        nullif(r.text, '') AS value_text, r.is_not_applicable,
        r.is_outside_practice, v.name AS source_model, {_SAID}
    {_BY}
    JOIN rating_criterionrating r ON r.judgment_id = m.judgment_id
    JOIN studies_criterion k ON k.id = r.criterion_id
    {_COMPLETION}
    ORDER BY r.judgment_id, r.completion_id, r.criterion_id, r.turn_no
"""
_VOTES = f"""
    SELECT m.split, j.uid AS judgment_uid, p.uid AS prompt_uid,
        a.uid AS completion_a_uid, b.uid AS completion_b_uid, m.group_id,
        k.key AS criterion, r.outcome, r.strength,
        coalesce((
            SELECT string_agg(reason, ',' ORDER BY place)
            FROM jsonb_array_elements_text(r.reasons)
                WITH ORDINALITY AS ticked (reason, place)
        ), '') AS reasons,
        CASE WHEN t.kind <> 'pair' THEN NULL
             WHEN s.shown_order[1] = 0 THEN a.uid ELSE b.uid END AS left_uid,
        va.name AS model_a, vb.name AS model_b, {_SAID}
    {_BY}
    JOIN studies_task t ON t.id = j.task_id
    JOIN studies_assignment s ON s.id = j.assignment_id
    JOIN rating_preference r ON r.judgment_id = m.judgment_id
    LEFT JOIN studies_criterion k ON k.id = r.criterion_id
    JOIN corpus_completion a ON a.id = r.completion_a_id
    JOIN corpus_completion b ON b.id = r.completion_b_id
    JOIN corpus_prompt p ON p.id = a.prompt_id
    LEFT JOIN corpus_modelversion va ON va.id = a.model_version_id
    LEFT JOIN corpus_modelversion vb ON vb.id = b.model_version_id
    WHERE m.snapshot_id = {{snapshot}}
    ORDER BY r.judgment_id, r.completion_a_id, r.completion_b_id, r.criterion_id
"""  # noqa: S608 - constants only
# A quote of a text that must not leave must not leave either.
_SPANS = f"""
    SELECT m.split, r.uid AS mark_uid, j.uid AS judgment_uid, p.uid AS prompt_uid,
        c.uid AS completion_uid, m.group_id, l.key AS category,
        l.kind = 'omission' AS is_omission, r.severity, r.start, r."end", r.quote,
        r.text_sha256, nullif(r.suggestion, '') AS suggestion,
        array_to_string(r.assertions, ',') AS attributes,
        nullif(r.code_system, '') AS code_system, nullif(r.code, '') AS code,
        v.name AS source_model, {_SAID}
    {_BY}
    JOIN rating_spanmark r ON r.judgment_id = m.judgment_id
    JOIN studies_spanlabel l ON l.id = r.label_id
    {_COMPLETION}
        AND NOT EXISTS (
            SELECT 1 FROM exports_snapshotexclusion e
            WHERE e.snapshot_id = m.snapshot_id AND e.completion_id = c.id
                AND e.rule = 'identifier_found'
        )
    ORDER BY r.judgment_id, r.completion_id, r.start, r."end", r.id
"""  # noqa: S608 - constants only
_SAFETY_FLAGS = f"""
    SELECT m.split, r.uid AS flag_uid, j.uid AS judgment_uid, p.uid AS prompt_uid,
        c.uid AS completion_uid, m.group_id, r.category, r.severity,
        v.name AS source_model, {_SAID}
    {_BY}
    JOIN rating_safetyflag r ON r.judgment_id = m.judgment_id
    {_COMPLETION}
    ORDER BY r.judgment_id, r.completion_id, r.id
"""

QUERIES: dict[str, str] = {
    "ratings": _RATINGS,
    "votes": _VOTES,
    "spans": _SPANS,
    "safety_flags": _SAFETY_FLAGS,
}


def write_raw(
    configuration: str,
    snapshot: Snapshot,
    *,
    shards: Mapping[str, Shard],
    schema: pa.Schema,
) -> None:
    """Write every row of a raw configuration into its split's shard.

    Args:
        configuration: a key of QUERIES.
        snapshot: pinned.
        shards: split -> the file in the making.
        schema: of the configuration.
    """
    sql = QUERIES[configuration].format(snapshot=int(snapshot.pk))
    for table in tables_of(sql, schema):
        for split, shard in shards.items():
            rows = table.filter(pc.equal(table["split"], split))
            shard.add_table(rows.drop_columns(["split"]).cast(schema))
