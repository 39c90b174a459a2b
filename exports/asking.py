"""Asking for a snapshot under a key: asked twice, it is made once."""

from django.db import transaction

from exports.models import Snapshot, SnapshotRequest
from exports.rules import Rules
from exports.services import request_snapshot
from feedback.accounts.models import User
from feedback.common.exceptions import Invalid
from feedback.common.hashing import json_sha256
from feedback.studies.models import Study

_LONGEST_KEY = 100


@transaction.atomic
def request_once(
    *,
    key: str,
    study: Study,
    actor: User,
    app_version: str,
    test_percent: int,
    rules: Rules,
) -> Snapshot:
    """Number a new snapshot, or return the one that this person's key has made.

    Args:
        key: chosen by the program that asks; empty if it does not want to ask twice.
        study: as for `request_snapshot`, like all that follow.
        actor: who asks; keys of others do not count.
        app_version: written into the export.
        test_percent: share of the families that goes to the test split.
        rules: the thresholds.

    Raises:
        Invalid: if the key was used for something else, or is too long.
        Conflict: as `request_snapshot`.
    """
    if len(key) > _LONGEST_KEY or not key.isprintable():
        raise Invalid(
            "This Idempotency-Key cannot be used.",
            next_step=f"Use up to {_LONGEST_KEY} printable characters, e.g. a UUID.",
        )
    asked_sha256 = json_sha256(
        {
            "study": str(study.uid),
            "test_percent": test_percent,
            "rules": rules.as_json(),
        }
    )
    if key:
        # Twins wait here for each other; the second finds what the first has made.
        User.objects.select_for_update(no_key=True).get(pk=actor.pk)
        earlier = (
            SnapshotRequest.objects.select_related("snapshot__study")
            .filter(user=actor, key=key)
            .first()
        )
        if earlier is not None:
            return _same(earlier, asked_sha256)
    snapshot = request_snapshot(
        study=study,
        actor=actor,
        app_version=app_version,
        test_percent=test_percent,
        rules=rules,
    )
    if key:
        SnapshotRequest.objects.create(
            user=actor, key=key, request_sha256=asked_sha256, snapshot=snapshot
        )
    return snapshot


def _same(earlier: SnapshotRequest, asked_sha256: str) -> Snapshot:
    if earlier.request_sha256 != asked_sha256:
        raise Invalid(
            f"The key {earlier.key!r} has already asked for something else: "
            f"{earlier.snapshot}.",
            next_step="Use a new key for a new request.",
        )
    return earlier.snapshot
