"""Pinning: which judgments a snapshot holds, decided once, in SQL, row by row.

Set-based, so that a million judgments are one statement. Everything a later writing
of the files depends on and that could still change (a rater's specialty, a source's
license) is copied here.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from exports.aggregate import DECIMALS
from exports.contamination import overlap_facts, pin_overlaps
from exports.excluding import (
    exclude_flagged,
    exclude_identifying,
    exclude_leaking,
    pin_verdicts,
)
from exports.facts import facts_of
from exports.grouping import group_prompts
from exports.models import Snapshot, SnapshotRater
from exports.rules import Rule, Rules
from feedback.accounts.models import Rater
from feedback.common.exceptions import Conflict

_MANY = 10_000

# Judgments that stay out as a whole, in the order in which the rules are applied: each
# falls under the first condition that holds, and is a member if none does.
CONDITIONS: dict[Rule, str] = {
    Rule.AFTER_REVEAL: "j.basis = 'after_reveal'",
    Rule.SUPERSEDED: "n.id IS NOT NULL",
    Rule.OUTSIDE_PRACTICE: "j.outcome = 'outside_practice'",
    Rule.TASK_WITHDRAWN: "t.state = 'withdrawn'",
    Rule.CHECKS_THE_RATER: "t.purpose <> 'label'",
    Rule.CONSENT_WITHDRAWN: """
        t.prompt_id IN (SELECT w.prompt_id FROM exports_consentwithdrawal w
                        WHERE w.prompt_id IS NOT NULL)
        OR p.source_id IN (SELECT w.source_id FROM exports_consentwithdrawal w
                           WHERE w.source_id IS NOT NULL)
        OR j.rater_id IN (SELECT w.rater_id FROM exports_consentwithdrawal w
                          WHERE w.rater_id IS NOT NULL)
    """,
    Rule.IDENTIFIER_FOUND: "t.prompt_id = ANY(%(identifying)s)",
    Rule.OVERLAPS_EVALUATION_SET: "t.prompt_id = ANY(%(overlapping)s)",
    Rule.UNBLINDED: "%(only_blind)s AND j.is_unblinded",
}
_CASES = "\n".join(
    f"WHEN {condition} THEN '{rule.value}'" for rule, condition in CONDITIONS.items()
)
_JUDGED = f"""
    FROM rating_judgment j
    JOIN studies_task t ON t.id = j.task_id
    JOIN corpus_prompt p ON p.id = t.prompt_id
    LEFT JOIN rating_judgment n ON n.supersedes_id = j.id AND n.basis = 'blind'
    CROSS JOIN LATERAL (SELECT CASE {_CASES} END AS rule) r
    WHERE j.study_id = %(study)s
"""
_MEMBERS = f"""
    INSERT INTO exports_snapshotmember (snapshot_id, judgment_id, group_id, split)
    SELECT %(snapshot)s, judged.id, f.group_id,
        CASE WHEN place.percent < %(benchmark_percent)s THEN 'benchmark'
             WHEN place.percent < %(benchmark_percent)s + %(test_percent)s THEN 'test'
             ELSE 'train' END
    FROM (SELECT j.id, t.prompt_id {_JUDGED} AND r.rule IS NULL) judged
    JOIN pinned_family f ON f.prompt_id = judged.prompt_id
    CROSS JOIN LATERAL (
        SELECT ('x' || left(f.group_id, 8))::bit(32)::bigint * 100 / 4294967296.0
            AS percent
    ) place
    ORDER BY judged.id
"""  # noqa: S608 - constants only
_KEPT_OUT = f"""
    SELECT r.rule, count(*) {_JUDGED} AND r.rule IS NOT NULL GROUP BY r.rule
"""

_FINGERPRINT = """
    SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(
        j.uid::text || ' ' || m.group_id || ' ' || m.split || E'\\n', '' ORDER BY j.id
    ), ''), 'UTF8')), 'hex')
    FROM exports_snapshotmember m JOIN rating_judgment j ON j.id = m.judgment_id
    WHERE m.snapshot_id = %(snapshot)s
"""

_VOTES = """
    SELECT count(*) FILTER (WHERE v.outcome IN ('tie', 'neither')), count(*)
    FROM exports_snapshotmember m
    JOIN rating_preference v ON v.judgment_id = m.judgment_id
    WHERE m.snapshot_id = %(snapshot)s AND v.criterion_id IS NULL
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
    rules = Rules.from_json(snapshot.rules)
    grouped = group_prompts(
        snapshot.study_id, near_duplicate_from=rules.near_duplicate_from
    )
    overlapping = pin_overlaps(snapshot)
    keys: dict[str, Any] = {
        "snapshot": snapshot.pk,
        "study": snapshot.study_id,
        "test_percent": snapshot.test_percent,
        "benchmark_percent": rules.benchmark_percent,
        "identifying": grouped.identifying,
        "overlapping": overlapping,
        "only_blind": rules.only_blind,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, keys)
        if cursor.rowcount > _MANY:
            # A fresh million rows that the planner believes to be none.
            cursor.execute("ANALYZE exports_snapshotmember")
        cursor.execute(_RATERS, keys)
        rater_ids = [pk for (pk,) in cursor.fetchall()]
    exclude_flagged(keys)
    exclude_leaking(keys)
    exclude_identifying(snapshot)
    pin_verdicts(keys)
    snapshot.n_judgments, snapshot.members_sha256 = fingerprint_of(snapshot)
    if not snapshot.n_judgments:
        raise Conflict(
            f"Study {snapshot.study.name!r} has no judgment that may be exported.",
            next_step="Seal a snapshot when raters have answered tasks.",
        )
    _pin_raters(snapshot, rater_ids)
    snapshot.facts = facts_of(snapshot) | {
        "families": grouped.facts,
        "evaluation_sets": overlap_facts(snapshot),
        "tie_share": _tie_share(snapshot),
        "kept_out": judgments_outside(
            snapshot.study_id,
            identifying=grouped.identifying,
            overlapping=overlapping,
            only_blind=rules.only_blind,
        ),
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


def judgments_outside(
    study_id: int,
    *,
    identifying: Sequence[int] = (),
    overlapping: Sequence[int] = (),
    only_blind: bool = False,
) -> Counter[Rule]:
    """Judgments of a study that a snapshot taken now would leave out, by rule.

    Args:
        study_id: whose judgments.
        identifying: prompts in whose text an identifier was found.
        overlapping: prompts of families that overlap an evaluation set.
        only_blind: whether the snapshot asks for blind judgments only.
    """
    keys: dict[str, Any] = {
        "study": study_id,
        "identifying": list(identifying),
        "overlapping": list(overlapping),
        "only_blind": only_blind,
    }
    with connection.cursor() as cursor:
        cursor.execute(_KEPT_OUT, keys)
        return Counter({Rule(rule): n for rule, n in cursor.fetchall()})


def _tie_share(snapshot: Snapshot) -> float:
    """Share of ties among all votes, with one imagined vote of each kind.

    What to expect of a pair before anybody voted on it; see `stats.margins`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_VOTES, {"snapshot": snapshot.pk})
        n_ties, n_votes = cursor.fetchone()
    return float(round((n_ties + 1) / (n_votes + 3), DECIMALS))


def judgments_kept_out(snapshot: Snapshot) -> Counter[tuple[str, Rule]]:
    """The contract's part that was counted when the members were pinned."""
    return Counter(
        {("judgments", Rule(rule)): n for rule, n in snapshot.facts["kept_out"].items()}
    )
