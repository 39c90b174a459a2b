"""SHA256SUMS: every file of an export with its hash, and checking a folder by it."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from feedback.common.exceptions import Invalid

NAME = "SHA256SUMS"
# Lies beside the manifest and cannot be in it: it is made of it, and later.
SIGNATURE = "SHA256SUMS.minisig"
_LINE = re.compile(r"^([0-9a-f]{64})  (\S.*)$")


def file_sha256(path: Path) -> str:
    """Hash of a file's bytes, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_of(folder: Path) -> list[str]:
    """Relative paths of all files below `folder`, sorted, but manifest and signature."""
    apart = {folder / NAME, folder / SIGNATURE}
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path not in apart
    )


def write_manifest(folder: Path) -> str:
    """Write SHA256SUMS over everything in `folder`; return its own hash."""
    text = "".join(
        f"{file_sha256(folder / path)}  {path}\n" for path in files_of(folder)
    )
    (folder / NAME).write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of a folder found; without any problem the export is intact."""

    n_files: int
    manifest_sha256: str
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]

    @property
    def is_intact(self) -> bool:
        """Every listed file is there, unchanged, and there is no other."""
        return not (self.changed or self.missing or self.unlisted)


def verify_folder(folder: Path) -> Verdict:
    """Compute every hash anew and compare with SHA256SUMS.

    Raises:
        Invalid: if there is no readable manifest.
    """
    listed = _listed(folder)
    present = set(files_of(folder))
    return Verdict(
        n_files=len(listed),
        manifest_sha256=file_sha256(folder / NAME),
        changed=tuple(
            path
            for path, sha256 in sorted(listed.items())
            if path in present and file_sha256(folder / path) != sha256
        ),
        missing=tuple(sorted(listed.keys() - present)),
        unlisted=tuple(sorted(present - listed.keys())),
    )


def _listed(folder: Path) -> dict[str, str]:
    manifest = folder / NAME
    if not manifest.is_file():
        raise Invalid(
            f"{folder} holds no {NAME}.",
            next_step="Name the folder of an export, the one with README.md in it.",
        )
    listed = {}
    lines = manifest.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        if (found := _LINE.match(line)) is None:
            raise Invalid(
                f"Line {number} of {manifest} is not a hash and a path.",
                next_step="Pull the export again.",
            )
        listed[found[2]] = found[1]
    return listed
