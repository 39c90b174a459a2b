"""Who judged and who wrote, in numbers: never a name."""

from typing import Any

from django.db import connection

from exports.models import Snapshot

_RATERS = """
    SELECT r.specialty, count(*), count(*) FILTER (WHERE r.is_simulated)
    FROM exports_snapshotrater r WHERE r.snapshot_id = %s
    GROUP BY r.specialty ORDER BY r.specialty COLLATE "C"
"""
_PROFESSIONS = """
    SELECT r.profession, count(*)
    FROM exports_snapshotrater r WHERE r.snapshot_id = %s
    GROUP BY r.profession ORDER BY r.profession COLLATE "C"
"""
# A credential counts if somebody checked it before the members were pinned.
_CREDENTIALS = """
    SELECT n, count(*) FROM (
        SELECT count(c.id) AS n
        FROM exports_snapshotrater r
        LEFT JOIN accounts_credential c
            ON c.rater_id = r.rater_id AND c.checked_at IS NOT NULL
        WHERE r.snapshot_id = %s GROUP BY r.id
    ) counted GROUP BY n ORDER BY n
"""
_EACH = """
    SELECT min(n), percentile_disc(0.5) WITHIN GROUP (ORDER BY n), max(n) FROM (
        SELECT count(*) AS n
        FROM exports_snapshotmember m JOIN rating_judgment j ON j.id = m.judgment_id
        WHERE m.snapshot_id = %s GROUP BY j.rater_id
    ) counted
"""
_UNBLINDED = """
    SELECT count(*) FILTER (WHERE j.is_unblinded)
    FROM exports_snapshotmember m JOIN rating_judgment j ON j.id = m.judgment_id
    WHERE m.snapshot_id = %s
"""


def _rows(sql: str, snapshot: Snapshot) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [snapshot.pk])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def people_of(snapshot: Snapshot) -> dict[str, Any]:
    """Raters by specialty, profession and checked credentials; who judged how much."""
    ((fewest, median, most),) = _rows(_EACH, snapshot)
    ((n_unblinded,),) = _rows(_UNBLINDED, snapshot)
    return {
        "raters": [
            {"specialty": specialty, "n": n, "n_simulated": n_simulated}
            for specialty, n, n_simulated in _rows(_RATERS, snapshot)
        ],
        "professions": [
            {"profession": profession, "n": n}
            for profession, n in _rows(_PROFESSIONS, snapshot)
        ],
        "credentials": [
            {"n_credentials": n_credentials, "n": n}
            for n_credentials, n in _rows(_CREDENTIALS, snapshot)
        ],
        "judgments_each": {"fewest": fewest, "median": median, "most": most},
        "n_unblinded": n_unblinded,
    }
