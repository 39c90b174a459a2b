"""Pull a dataset: choose it, bring its files, check them, and only then show them."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exports import manifest, minisign
from exports.client.choosing import (
    Wanted,
    find_snapshot,
    find_study,
    refuse_withdrawn,
)
from exports.client.failures import Code, Failure
from exports.client.fetching import fetch
from exports.client.service import Service
from feedback.common.exceptions import DomainError


@dataclass(frozen=True, slots=True)
class Pulled:
    """What has arrived, checked."""

    folder: Path
    study: str
    number: int
    version: str
    manifest_sha256: str
    n_files: int
    n_fetched: int
    signed_by: str
    configurations: tuple[str, ...]


def _silent(_line: str) -> None:
    """Nobody watches."""


def pull(
    service: Service,
    wanted: str,
    *,
    configuration: str = "",
    out: Path | None = None,
    parent: Path = Path(),
    public_key: str = "",
    takes_withdrawn: bool = False,
    say: Callable[[str], object] = _silent,
) -> Pulled:
    """Bring a snapshot's folder, all of it: the card names every configuration.

    The folder appears when everything in it was checked. A pull that breaks off goes on
    where it was when it is called again.

    Args:
        service: where from.
        wanted: ``STUDY``, ``STUDY@3`` or ``STUDY@1.2.0``.
        configuration: refuse a snapshot that has no rows of it.
        out: the folder; default: named by study and version, inside `parent`.
        parent: where the default folder goes.
        public_key: the key that must have signed; else the server's word is taken.
        takes_withdrawn: whether a release that was taken back may be pulled.
        say: told of each file that arrived.

    Raises:
        Failure: saying why, and what to do.
    """
    asked = Wanted.from_text(wanted)
    study = find_study(service, asked.study)
    snapshot = find_snapshot(service, study, asked.version)
    if not takes_withdrawn:
        refuse_withdrawn(snapshot)
    _refuse_unknown(configuration, snapshot)
    target = out or parent / _folder_name(study, snapshot)
    try:
        return _brought(
            service, study, snapshot, target, public_key=public_key, say=say
        )
    except OSError as error:
        raise Failure(
            Code.NOT_WRITABLE, f"{target} cannot be written: {error}."
        ) from error


def _brought(
    service: Service,
    study: dict[str, Any],
    snapshot: dict[str, Any],
    target: Path,
    *,
    public_key: str,
    say: Callable[[str], object],
) -> Pulled:
    files: list[dict[str, Any]] = snapshot["files"]
    _refuse_another(target, snapshot)
    folder = target if target.is_dir() and any(target.iterdir()) else _partial(target)
    folder.mkdir(parents=True, exist_ok=True)
    n_fetched = 0
    for file in files:
        if fetch(service, snapshot["uid"], file, folder):
            n_fetched += 1
            say(f"  {file['path']}  {file['size_bytes']:,} bytes")
    _check_manifest(folder, files, snapshot)
    signed_by = _check_signature(folder, snapshot, public_key)
    if folder != target:
        if target.is_dir():
            target.rmdir()
        folder.rename(target)
    release = snapshot["release"]
    return Pulled(
        folder=target,
        study=study["name"],
        number=snapshot["number"],
        version=release["version"] if release else "",
        manifest_sha256=snapshot["manifest_sha256"],
        n_files=len(files),
        n_fetched=n_fetched,
        signed_by=signed_by,
        configurations=tuple(snapshot["configurations"]),
    )


def _refuse_unknown(configuration: str, snapshot: dict[str, Any]) -> None:
    if configuration and configuration not in snapshot["configurations"]:
        names = ", ".join(snapshot["configurations"]) or "none"
        raise Failure(
            Code.NOT_FOUND,
            f"Snapshot {snapshot['number']} has no rows for {configuration!r}.",
            f"It has: {names}.",
        )


def _folder_name(study: dict[str, Any], snapshot: dict[str, Any]) -> str:
    release = snapshot["release"]
    version = release["version"] if release else f"snapshot-{snapshot['number']}"
    return f"{study['slug'] or study['uid']}-{version}"


def _partial(target: Path) -> Path:
    return target.parent / f".{target.name}.partial"


def _refuse_another(target: Path, snapshot: dict[str, Any]) -> None:
    """Never mix two exports in one folder."""
    if target.exists() and not target.is_dir():
        raise Failure(
            Code.NOT_WRITABLE, f"{target} is a file.", "Choose another --out."
        )
    stale = _partial(target) / manifest.NAME
    expected = snapshot["manifest_sha256"]
    if stale.is_file() and _hash_of(stale) != expected:
        shutil.rmtree(stale.parent)
    if not target.is_dir() or not any(target.iterdir()):
        return
    held = target / manifest.NAME
    if not held.is_file() or _hash_of(held) != expected:
        raise Failure(
            Code.NOT_WRITABLE,
            f"{target} holds something else.",
            "Choose another --out, or empty it.",
        )


def _hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _check_manifest(
    folder: Path, files: list[dict[str, Any]], snapshot: dict[str, Any]
) -> None:
    """The manifest is the one that was sealed, and says what the server's list says."""
    content = (folder / manifest.NAME).read_text(encoding="utf-8")
    listed = {
        path: sha256
        for sha256, _, path in (line.partition("  ") for line in content.splitlines())
    }
    given = {f["path"]: f["sha256"] for f in files if f["path"] != manifest.NAME}
    differing = [path for path, sha256 in given.items() if listed.get(path) != sha256]
    if differing or _hash_of(folder / manifest.NAME) != snapshot["manifest_sha256"]:
        raise Failure(
            Code.DAMAGED,
            f"{manifest.NAME} is not the one that was sealed"
            + (
                f": it differs at {', '.join(sorted(differing)[:5])}."
                if differing
                else "."
            ),
            "Do not use the folder, and tell the server's administrator.",
        )


def _check_signature(folder: Path, snapshot: dict[str, Any], public_key: str) -> str:
    """The id of the key that signed; empty if nothing is signed and nothing asked."""
    release = snapshot["release"]
    if not release:
        if public_key:
            raise Failure(
                Code.DAMAGED,
                f"Snapshot {snapshot['number']} was not released, so nobody signed it.",
                "Pull a release, or leave --key out.",
            )
        return ""
    (folder / manifest.SIGNATURE).write_text(release["signature"], encoding="utf-8")
    try:
        key = minisign.PublicKey.from_text(public_key or release["public_key"])
        comment = minisign.verify(
            (folder / manifest.NAME).read_bytes(), release["signature"], key=key
        )
    except DomainError as error:
        raise Failure(Code.DAMAGED, error.message, error.next_step) from error
    if f"manifest:{snapshot['manifest_sha256']}" not in comment.split("\t"):
        raise Failure(
            Code.DAMAGED,
            "The signature is about another manifest.",
            "Do not use the folder, and tell the server's administrator.",
        )
    return key.name
