"""Pinning: which judgments a snapshot holds, decided once, in SQL, row by row.

Set-based, so that a million judgments are one statement. Everything a later writing
of the files depends on and that could still change (a rater's specialty, a source's
license) is copied here.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction

from exports.facts import facts_of
from exports.models import Snapshot, SnapshotRater
from exports.rules import Rule
from feedback.accounts.models import Rater
from feedback.common.exceptions import Conflict

_MANY = 10_000

_MEMBERS = """
    INSERT INTO exports_snapshotmember (snapshot_id, judgment_id, group_id, split)
    SELECT %(snapshot)s, j.id, g.group_id,
        CASE WHEN ('x' || left(g.group_id, 8))::bit(32)::bigint * 100
                  < %(test_percent)s * 4294967296
             THEN 'test' ELSE 'train' END
    FROM rating_judgment j
    JOIN studies_task t ON t.id = j.task_id
    JOIN corpus_prompt p ON p.id = t.prompt_id
    CROSS JOIN LATERAL (
        SELECT left(encode(sha256(convert_to(p.group_key, 'UTF8')), 'hex'), 16)
            AS group_id
    ) g
    WHERE j.study_id = %(study)s
      AND j.basis = 'blind'
      AND NOT EXISTS (
          SELECT 1 FROM rating_judgment n
          WHERE n.supersedes_id = j.id AND n.basis = 'blind'
      )
      AND j.outcome <> 'outside_practice'
      AND t.state <> 'withdrawn'
      AND t.purpose = 'label'
    ORDER BY j.id
"""

# Each judgment that is not a member falls under the first rule that applies.
_KEPT_OUT = """
    SELECT rule, count(*) FROM (
        SELECT CASE
            WHEN j.basis = 'after_reveal' THEN 'after_reveal'
            WHEN EXISTS (
                SELECT 1 FROM rating_judgment n
                WHERE n.supersedes_id = j.id AND n.basis = 'blind'
            ) THEN 'superseded'
            WHEN j.outcome = 'outside_practice' THEN 'outside_practice'
            WHEN t.state = 'withdrawn' THEN 'task_withdrawn'
            WHEN t.purpose <> 'label' THEN 'checks_the_rater'
        END AS rule
        FROM rating_judgment j JOIN studies_task t ON t.id = j.task_id
        WHERE j.study_id = %(study)s
    ) judged WHERE rule IS NOT NULL GROUP BY rule
"""

# Fails closed: a flag counts whoever raised it, in whichever study and revision, and
# also on the same answer to the same prompt that came from another source.
_FLAGGED = """
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
    WHERE EXISTS (
        SELECT 1 FROM studies_taskitem i JOIN studies_task t ON t.id = i.task_id
        WHERE i.completion_id = c.id AND t.study_id = %(study)s
    )
    GROUP BY c.id ORDER BY c.id
"""

_FINGERPRINT = """
    SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(
        j.uid::text || ' ' || m.group_id || ' ' || m.split || E'\\n', '' ORDER BY j.id
    ), ''), 'UTF8')), 'hex')
    FROM exports_snapshotmember m JOIN rating_judgment j ON j.id = m.judgment_id
    WHERE m.snapshot_id = %(snapshot)s
"""

_RATERS = """
    SELECT DISTINCT j.rater_id
    FROM exports_snapshotmember m JOIN rating_judgment j ON j.id = m.judgment_id
    WHERE m.snapshot_id = %(snapshot)s
"""


def rater_key(*, salt: str, rater: Rater) -> str:
    """The rater's pseudonym in one snapshot; another snapshot's salt gives another."""
    digest = hmac.new(salt.encode(), str(rater.uid).encode(), hashlib.sha256)
    return digest.hexdigest()[:16]


@contextmanager
def _one_moment() -> Iterator[None]:
    """A transaction that sees the database as of one moment.

    Inside a caller's transaction the caller's isolation holds; the members are taken
    by one statement, so they are of one moment even then.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def pin(*, snapshot: Snapshot, now: datetime) -> None:
    """Fix a snapshot's members, raters, exclusions and facts; twice is once.

    Raises:
        Conflict: if no judgment passes the rules.
    """
    with _one_moment():
        row = Snapshot.objects.select_for_update().get(pk=snapshot.pk)
        if row.pinned_at is None:
            _pin(row, now=now)
    snapshot.refresh_from_db()


def _pin(snapshot: Snapshot, *, now: datetime) -> None:
    keys = {
        "snapshot": snapshot.pk,
        "study": snapshot.study_id,
        "test_percent": snapshot.test_percent,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, keys)
        if cursor.rowcount > _MANY:
            # A fresh million rows that the planner believes to be none.
            cursor.execute("ANALYZE exports_snapshotmember")
        cursor.execute(_FLAGGED, keys)
        cursor.execute(_RATERS, keys)
        rater_ids = [pk for (pk,) in cursor.fetchall()]
    snapshot.n_judgments, snapshot.members_sha256 = fingerprint_of(snapshot)
    if not snapshot.n_judgments:
        raise Conflict(
            f"Study {snapshot.study.name!r} has no judgment that may be exported.",
            next_step="Seal a snapshot when raters have answered tasks.",
        )
    _pin_raters(snapshot, rater_ids)
    snapshot.facts = facts_of(snapshot) | {
        "kept_out": judgments_outside(snapshot.study_id)
    }
    snapshot.pinned_at = now
    snapshot.save(update_fields=["n_judgments", "members_sha256", "facts", "pinned_at"])


def fingerprint_of(snapshot: Snapshot) -> tuple[int, str]:
    """How many members there are, and the hash over all of them in order."""
    with connection.cursor() as cursor:
        cursor.execute(_FINGERPRINT, {"snapshot": snapshot.pk})
        n_members, sha256 = cursor.fetchone()
    return n_members, sha256


def _pin_raters(snapshot: Snapshot, rater_ids: list[int]) -> None:
    raters = Rater.objects.in_bulk(rater_ids)
    SnapshotRater.objects.bulk_create(
        SnapshotRater(
            snapshot=snapshot,
            rater=rater,
            key=rater_key(salt=snapshot.salt, rater=rater),
            profession=rater.profession,
            specialty=rater.specialty,
            is_simulated=rater.is_simulated,
        )
        for _, rater in sorted(raters.items())
    )


def judgments_outside(study_id: int) -> Counter[Rule]:
    """Judgments of a study that a snapshot taken now would leave out, by rule."""
    with connection.cursor() as cursor:
        cursor.execute(_KEPT_OUT, {"study": study_id})
        return Counter({Rule(rule): n for rule, n in cursor.fetchall()})


def judgments_kept_out(snapshot: Snapshot) -> Counter[tuple[str, Rule]]:
    """The contract's part that was counted when the members were pinned."""
    return Counter(
        {("judgments", Rule(rule)): n for rule, n in snapshot.facts["kept_out"].items()}
    )
