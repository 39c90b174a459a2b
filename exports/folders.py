"""A folder that is either complete or absent.

Everything is written into a hidden folder beside the target, flushed to disk, and
renamed. Whoever sees the target sees all of it, whatever was killed when.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from feedback.common.exceptions import Conflict


@contextmanager
def complete_or_absent(target: Path, *, replace: bool) -> Iterator[Path]:
    """Give a folder to write into; at the end it becomes `target` at once.

    Leftovers of earlier attempts that were killed are removed first.

    Args:
        target: must not exist, or be empty, unless `replace`.
        replace: put the new folder in place of an earlier one.

    Raises:
        Conflict: if there is something at `target` that must not be replaced.
    """
    target = target.absolute()
    if not replace:
        refuse_occupied(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f".{target.name}.*.partial"):
        shutil.rmtree(leftover, ignore_errors=True)
    partial = Path(
        tempfile.mkdtemp(
            prefix=f".{target.name}.", suffix=".partial", dir=target.parent
        )
    )
    try:
        yield partial
        partial.chmod(0o755)
        flush(partial)
        _put(partial, target, replace=replace)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def refuse_occupied(target: Path) -> None:
    """Stop before the work if there is something at `target` already.

    Raises:
        Conflict: naming the folder.
    """
    is_free = not target.exists() or (target.is_dir() and not any(target.iterdir()))
    if not is_free:
        raise Conflict(
            f"{target} is not an empty folder.",
            next_step="Name a folder that does not exist yet, or empty this one.",
        )


def _put(partial: Path, target: Path, *, replace: bool) -> None:
    if replace and target.exists():
        # Two renames: for a moment the target is absent, never half.
        old = Path(
            tempfile.mkdtemp(
                prefix=f".{target.name}.", suffix=".partial", dir=target.parent
            )
        )
        target.rename(old / "old")
        partial.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        # Onto an empty folder this replaces it; onto a filled one it fails.
        partial.rename(target)
    _flush_folder(target.parent)


def flush(folder: Path) -> None:
    """Make every file and folder below `folder` durable."""
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            _flush_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
