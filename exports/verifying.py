"""Is a folder the export it says it is? Also ``python -m exports.verifying FOLDER``.

Offline, without database and settings: hashes by SHA256SUMS, then the signature.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from exports import manifest, minisign
from feedback.common.exceptions import DomainError, Invalid


class Code(IntEnum):
    """Exit codes, for scripts."""

    GOOD = 0
    CHANGED = 1
    UNREADABLE = 2
    UNSIGNED = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check came to: one line for each problem, and what it means."""

    code: Code
    problems: tuple[str, ...]
    verdict: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line, for both ways to call it."""
    parser.add_argument("folder", type=Path, help="The one with README.md in it.")
    parser.add_argument(
        "--key",
        type=Path,
        default=None,
        metavar="FILE",
        help=(
            f"Public key; then {manifest.SIGNATURE} must be a signature of it. Get it "
            "from the page of releases, not from the folder."
        ),
    )
    parser.add_argument(
        "--manifest",
        default="",
        metavar="SHA256",
        help=(
            "The manifest hash that the snapshot's page shows; proves that the folder is "
            "that snapshot, not only that it fits together."
        ),
    )


def check(folder: Path, *, key_file: Path | None, expected: str) -> Finding:
    """Compute every hash anew, compare, and check the signature.

    Args:
        folder: an export.
        key_file: a public key that must have signed; None does not ask for it.
        expected: the manifest's own hash; empty does not ask for it.
    """
    try:
        return _check(folder, key_file=key_file, expected=expected.strip().lower())
    except minisign.NotSigned as error:
        return Finding(Code.UNSIGNED, (), f"{error.message} {error.next_step}")
    except DomainError as error:
        return Finding(Code.UNREADABLE, (), f"{error.message} {error.next_step}")
    except OSError as error:
        return Finding(Code.UNREADABLE, (), f"{folder} cannot be read: {error}.")


def _check(folder: Path, *, key_file: Path | None, expected: str) -> Finding:
    # First, so that an unusable key is said before a million rows are read.
    key = _key(key_file) if key_file else None
    verdict = manifest.verify_folder(folder)
    problems = tuple(
        _lines(("changed", verdict.changed), ("missing", verdict.missing))
    ) + tuple(_lines((f"not listed in {manifest.NAME}", verdict.unlisted)))
    if problems:
        return Finding(
            Code.CHANGED,
            problems,
            f"{folder} is not what was sealed. Pull the export again.",
        )
    sha256 = verdict.manifest_sha256
    if expected and expected != sha256:
        return Finding(
            Code.CHANGED,
            (),
            f"{folder} fits together but is another export: its manifest hash is "
            f"{sha256}, not {expected}.",
        )
    return Finding(
        Code.GOOD,
        (),
        f"{folder} is intact: {verdict.n_files} files, manifest hash {sha256}\n"
        + _signed(folder, key, sha256=sha256),
    )


def _lines(*groups: tuple[str, Iterable[str]]) -> Iterable[str]:
    for problem, paths in groups:
        for path in paths:
            yield f"{path}: {problem}"


def _key(file: Path) -> minisign.PublicKey:
    try:
        return minisign.PublicKey.from_text(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(
            f"The key {file} cannot be read: {error}.",
            next_step="Name the file with the public key of your installation.",
        ) from error


def _signed(folder: Path, key: minisign.PublicKey | None, *, sha256: str) -> str:
    """What the signature says, in a line."""
    file = folder / manifest.SIGNATURE
    if not file.is_file():
        if key is None:
            return "It is not signed: a snapshot that was not released."
        raise minisign.NotSigned(
            f"{folder} holds no {manifest.SIGNATURE}.",
            next_step="Pull the release, not the snapshot.",
        )
    signature = file.read_text(encoding="utf-8", errors="replace")
    if key is None:
        return (
            f"It carries a signature of key {minisign.key_of(signature)}, which was not "
            "checked: name the public key with --key."
        )
    content = (folder / manifest.NAME).read_bytes()
    comment = minisign.verify(content, signature, key=key)
    if f"manifest:{sha256}" not in comment.split("\t"):
        raise minisign.NotSigned(
            "The signature is about another manifest.",
            next_step="Do not use the files; pull the release again.",
        )
    return f"Signed with key {key.name}: {comment}"


def main(
    arguments: Sequence[str] | None = None, say: Callable[[str], object] | None = None
) -> int:
    """The command line without Django."""
    parser = argparse.ArgumentParser(
        prog="python -m exports.verifying",
        description="Check an export: its hashes, and its signature if a key is given.",
    )
    add_arguments(parser)
    given = parser.parse_args(arguments)
    say = say or (lambda line: sys.stdout.write(f"{line}\n"))
    finding = check(given.folder, key_file=given.key, expected=given.manifest)
    for line in (*finding.problems, finding.verdict):
        say(line)
    return finding.code


if __name__ == "__main__":
    sys.exit(main())
