"""One file at a time, from where the last attempt broke off, checked by its hash."""

import hashlib
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import Any

from exports.client.failures import Code, Failure
from exports.client.service import ATTEMPTS, Service

_BLOCK_BYTES = 1024 * 1024
_PARTIAL = 206


def safe_path(folder: Path, path: str) -> Path:
    """Where a listed file goes; the server does not choose places outside.

    Raises:
        Failure: for a path that leaves the folder.
    """
    parts = PurePosixPath(path).parts
    is_inside = parts and not path.startswith("/") and ".." not in parts
    if not is_inside or "\\" in path or ":" in parts[0]:
        raise Failure(
            Code.DAMAGED,
            f"The server lists a file {path!r}, which is outside of the folder.",
            "Tell its administrator; nothing was written.",
        )
    return folder.joinpath(*parts)


def fetch(
    service: Service, snapshot_uid: str, file: dict[str, Any], folder: Path
) -> bool:
    """Bring a file unless it is there already; False if it was.

    Raises:
        Failure: if it cannot be had, or its hash is another one twice.
    """
    target = safe_path(folder, file["path"])
    if target.is_file() and _sha256(target) == file["sha256"]:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    address = f"api/v1/snapshots/{snapshot_uid}/files/{file['path']}"
    for attempt in range(ATTEMPTS):
        try:
            _continue(service, address, file, part)
        except (OSError, HTTPException) as error:
            if not _is_of_the_network(error) or attempt + 1 == ATTEMPTS:
                raise Failure(
                    Code.UNREACHABLE,
                    f"{file['path']} broke off: {error}.",
                    "Run the same command again: it goes on from there.",
                ) from error
            service.wait(attempt)
            continue
        if part.stat().st_size >= file["size_bytes"]:
            break
        service.wait(attempt)
    if _sha256(part) != file["sha256"]:
        part.unlink()
        raise Failure(
            Code.DAMAGED,
            f"{file['path']} arrived with other bytes than were sealed.",
            "Run the same command again; if it stays, tell the server's administrator.",
        )
    part.rename(target)
    return True


def _continue(service: Service, address: str, file: dict[str, Any], part: Path) -> None:
    start = part.stat().st_size if part.exists() else 0
    if start >= file["size_bytes"] > 0:
        return
    with service.file(address, start=start, etag=f'"{file["sha256"]}"') as answer:
        mode = "ab" if answer.status == _PARTIAL else "wb"
        with part.open(mode) as out:
            while block := answer.read(_BLOCK_BYTES):
                out.write(block)


def _is_of_the_network(error: Exception) -> bool:
    """Whether trying again can help: a full disk stays full."""
    return isinstance(error, HTTPException | ConnectionError | TimeoutError)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
