"""Copying a sealed folder to another store, byte for byte.

The manifest goes last: where it lies, everything lies. What is there already with the
right size and hash is not sent again, so a push that broke off goes on. Afterwards every
file is read back and compared. Which targets may be written to is a setting, and by
default none is.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import fsspec
from django.db import transaction
from django.utils.module_loading import import_string
from fsspec.spec import AbstractFileSystem

from exports import manifest
from exports.models import Push, Snapshot
from exports.services import sealed_folder
from exports.stores import hash_at
from feedback.accounts.models import User
from feedback.audit.services import record
from feedback.common.exceptions import Conflict, DomainError, Invalid
from feedback.jobs.services import enqueue

_ERROR_CHARACTERS = 500
_HUB_SCHEME = "hub"
_HUB = "exports.hub.push"


@transaction.atomic
def request_push(
    *,
    snapshot: Snapshot,
    target: str,
    actor: User,
    allowed: Collection[str],
    is_queued: bool = True,
) -> Push:
    """Note that a sealed folder is to be copied, and the job that does it.

    Args:
        snapshot: sealed.
        target: a folder's URL, e.g. ``s3://bucket/chat/3``; ``hub://owner/name`` for a
            dataset repository of the Hugging Face Hub.
        actor: who asks.
        allowed: the prefixes of targets that the deployment allows.
        is_queued: False if the caller copies it at once.

    Raises:
        Conflict: if the snapshot is not sealed.
        Invalid: if the target is not allowed.
    """
    if snapshot.sealed_at is None:
        raise Conflict(
            f"{snapshot} is not sealed, so there is nothing to push.",
            next_step="Wait until its page says that it is sealed.",
        )
    check_target(target, allowed)
    push = Push(snapshot=snapshot, target=target, requested_by=actor)
    push.full_clean()
    push.save()
    record(
        action="snapshot.push_requested",
        subject=snapshot,
        actor=actor,
        details={"target": target},
    )
    if is_queued:
        enqueue(kind=Push.PUSH_JOB, subject=push)
    return push


def check_target(target: str, allowed: Collection[str]) -> None:
    """Refuse what the deployment does not name.

    Raises:
        Invalid: for another target, or one with a password or steps upward in it.
    """
    parts = urlsplit(target)
    is_plain = "@" not in parts.netloc and ".." not in target and "::" not in target
    is_named = any(_is_below(target, prefix) for prefix in allowed)
    if not parts.scheme or not is_plain or not is_named:
        raise Invalid(
            f"{target!r} is not a place that this installation may write to.",
            next_step=(
                "An administrator names the prefixes in CONSILIUM_PUSH_TARGETS; now it "
                f"holds: {', '.join(sorted(allowed)) or 'none'}."
            ),
        )


def _is_below(target: str, prefix: str) -> bool:
    """Whether `target` is `prefix` or below it: s3://a never allows s3://ab."""
    base = prefix if prefix.endswith("/") else f"{prefix}/"
    return f"{target.rstrip('/')}/".startswith(base) and bool(urlsplit(prefix).scheme)


def run_push(
    *,
    push: Push,
    directory: Path,
    allowed: Collection[str],
    hub_token: str,
    now: datetime,
) -> Push:
    """Copy what is missing, the manifest last, and check all of it.

    Raises:
        DomainError: if it cannot be done; the row says why as well.
    """
    if push.finished_at is not None:
        return push
    try:
        check_target(push.target, allowed)
        folder = sealed_folder(push.snapshot, directory)
        if urlsplit(push.target).scheme == _HUB_SCHEME:
            # By name: the Hub's library is for those who push, not for every start.
            import_string(_HUB)(folder, push.snapshot, push.target, token=hub_token)
        else:
            copy_folder(folder, push.snapshot, push.target)
    except (DomainError, OSError, ImportError) as error:
        said = error.message if isinstance(error, DomainError) else str(error)
        push.error = f"{type(error).__name__}: {said}"[:_ERROR_CHARACTERS]
        push.save(update_fields=["error"])
        raise
    with transaction.atomic():
        push.error = ""
        push.finished_at = now
        push.save(update_fields=["error", "finished_at"])
        record(
            action="snapshot.pushed",
            subject=push.snapshot,
            actor=push.requested_by,
            details={
                "target": push.target,
                "manifest_sha256": push.snapshot.manifest_sha256,
            },
        )
    return push


def copy_folder(folder: Path, snapshot: Snapshot, target: str) -> int:
    """Copy to any fsspec target; returns how many files were sent.

    Raises:
        Conflict: if another export lies there, or a file is not what was sent.
    """
    filesystem, base = fsspec.core.url_to_fs(target)
    _refuse_another(filesystem, base, snapshot)
    n_sent = 0
    for path, sha256 in _in_order(snapshot):
        place = f"{base.rstrip('/')}/{path}"
        if hash_at(filesystem, place) != sha256:
            filesystem.makedirs(place.rpartition("/")[0], exist_ok=True)
            filesystem.put_file(str(folder / path), place)
            n_sent += 1
        if hash_at(filesystem, place) != sha256:
            raise Conflict(
                f"{path} at {target} is not what was sent.",
                next_step="Push again; if it stays, look at the store.",
            )
    return n_sent


def _in_order(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Every file with its hash, the manifest last."""
    files = dict(snapshot.files.values_list("path", "sha256"))
    last = files.pop(manifest.NAME)
    yield from sorted(files.items())
    yield manifest.NAME, last


def _refuse_another(
    filesystem: AbstractFileSystem, base: str, snapshot: Snapshot
) -> None:
    """Never mix two exports in one place."""
    held = hash_at(filesystem, f"{base.rstrip('/')}/{manifest.NAME}")
    if held not in {"", snapshot.manifest_sha256}:
        raise Conflict(
            f"Another export lies at {base}.",
            next_step="Name a place of its own for each snapshot.",
        )
