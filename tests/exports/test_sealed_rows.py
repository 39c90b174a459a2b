"""A sealed snapshot says no: to the ORM, to raw SQL, to TRUNCATE."""

import pytest
from django.db import DatabaseError, connection, transaction

from exports.models import (
    ExportFile,
    Snapshot,
    SnapshotExclusion,
    SnapshotMember,
    SnapshotRater,
)


@pytest.mark.parametrize(
    "model", [Snapshot, SnapshotMember, SnapshotRater, SnapshotExclusion, ExportFile]
)
@pytest.mark.parametrize("verb", ["update", "delete", "truncate"])
def test_sealed_rows_cannot_be_changed(sealed, model, verb):
    assert model.objects.exists()
    table = model._meta.db_table
    statement = {
        "update": f"UPDATE {table} SET id = id + 1000",
        "delete": f"DELETE FROM {table}",
        "truncate": f"TRUNCATE {table} CASCADE",
    }[verb]
    with transaction.atomic(), connection.cursor() as cursor:
        # So that TRUNCATE does not stop at the fixture's own deferred keys.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match=r"is (sealed|append-only)"):
            cursor.execute(statement)
        transaction.set_rollback(True)


def test_no_member_joins_a_sealed_snapshot(sealed):
    outside = sealed.study.judgments.filter(outcome="outside_practice")
    with pytest.raises(DatabaseError, match="is sealed"), transaction.atomic():
        SnapshotMember.objects.create(
            snapshot=sealed, judgment=outside.first(), group_id="0" * 16, split="train"
        )
