"""``consilium pull STUDY[@VERSION] --config preference``."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from exports.client.failures import Code, Failure
from exports.client.pulling import Pulled, pull
from exports.client.service import Service

_TOKEN = "CONSILIUM_TOKEN"  # noqa: S105 - the variable's name
_URL = "CONSILIUM_URL"
_DEFAULT_URL = "http://127.0.0.1:8000"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="consilium", description="Datasets of Consilium for those who train."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    sub = commands.add_parser(
        "pull",
        help="bring a dataset, check every hash, print the line that loads it",
        epilog=(
            "Exit codes: 0 good, 2 wrong command line, 3 not found, 4 not allowed, "
            "5 unreachable, 6 other bytes than were sealed, 7 withdrawn, 8 not writable. "
            "A pull that breaks off goes on where it was."
        ),
    )
    sub.add_argument(
        "wanted",
        metavar="STUDY[@VERSION]",
        help="uid, name or slug; @3 is a snapshot, @1.2.0 a release; default: the newest",
    )
    sub.add_argument(
        "--config", default="", help="print the line of this configuration alone"
    )
    sub.add_argument(
        "--out", type=Path, metavar="DIR", help="default: named by version"
    )
    sub.add_argument("--url", default="", help=f"default: {_URL} or {_DEFAULT_URL}")
    sub.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help=f"default: the variable {_TOKEN}",
    )
    sub.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="the public key that must have signed; get it apart from the folder",
    )
    sub.add_argument(
        "--withdrawn",
        action="store_true",
        help="pull a release even though it was taken back",
    )
    return parser


def main(
    arguments: Sequence[str] | None = None,
    environ: Mapping[str, str] = os.environ,  # noqa: TID251 - a program of its own
    say: Callable[[str], object] | None = None,
) -> int:
    """Run the command line and return its exit code."""
    given = _parser().parse_args(arguments)
    say = say or (lambda line: sys.stdout.write(f"{line}\n"))
    try:
        service = Service(
            given.url or environ.get("CONSILIUM_URL", "") or _DEFAULT_URL,
            _token(given.token_file, environ),
        )
        pulled = pull(
            service,
            given.wanted,
            configuration=given.config,
            out=given.out,
            public_key=_text_of(given.key) if given.key else "",
            takes_withdrawn=given.withdrawn,
            say=say,
        )
    except Failure as failure:
        sys.stderr.write(f"consilium: {failure}\n")
        return failure.code
    for line in _report(pulled, given.config):
        say(line)
    return Code.GOOD


def _token(file: Path | None, environ: Mapping[str, str]) -> str:
    token = _text_of(file) if file else environ.get("CONSILIUM_TOKEN", "").strip()
    if not token:
        raise Failure(
            Code.NOT_ALLOWED,
            "There is no token.",
            f"Make one on the page Your tokens; put it into {_TOKEN} or --token-file.",
        )
    return token


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(Code.NOT_ALLOWED, f"{file} cannot be read: {error}.") from error


def _report(pulled: Pulled, configuration: str) -> list[str]:
    version = f", release {pulled.version}" if pulled.version else ""
    signed = f"signed with key {pulled.signed_by}" if pulled.signed_by else "not signed"
    loads = [configuration] if configuration else list(pulled.configurations)
    return [
        f"{pulled.study}, snapshot {pulled.number}{version}",
        f"{pulled.n_files} files in {pulled.folder}, {pulled.n_fetched} of them new",
        f"Every hash is right. Manifest {pulled.manifest_sha256}, {signed}",
        "",
        *(f'load_dataset("{pulled.folder}", "{name}")' for name in loads),
    ]
