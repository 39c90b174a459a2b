"""``manage.py verify_export FOLDER``: is an export what was sealed?"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exports.manifest import NAME, verify_folder
from feedback.common.exceptions import DomainError


class Command(BaseCommand):
    """Computes every hash anew; exit code 1 if anything differs."""

    help = f"Check every file of an export against its {NAME}."
    # Reads a folder, whatever the state of the installation.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the command line."""
        parser.add_argument("folder", type=Path, help="The one with README.md in it.")
        parser.add_argument(
            "--manifest",
            default="",
            metavar="SHA256",
            help=(
                "The manifest hash that the snapshot's page shows; proves that the "
                "folder is that snapshot, not only that it fits together."
            ),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare, name what differs, fail if anything does."""
        folder: Path = options["folder"]
        expected: str = options["manifest"].strip().lower()
        try:
            verdict = verify_folder(folder)
        except DomainError as error:
            raise CommandError(f"{error.message} {error.next_step}") from error
        except OSError as error:
            raise CommandError(f"{folder} cannot be read: {error}.") from error
        for problem, paths in (
            ("changed", verdict.changed),
            ("missing", verdict.missing),
            (f"not listed in {NAME}", verdict.unlisted),
        ):
            for path in paths:
                self.stderr.write(f"{path}: {problem}")
        if not verdict.is_intact:
            raise CommandError(
                f"{folder} is not what was sealed. Pull the export again."
            )
        if expected and expected != verdict.manifest_sha256:
            raise CommandError(
                f"{folder} fits together but is another export: its manifest hash is "
                f"{verdict.manifest_sha256}, not {expected}."
            )
        self.stdout.write(
            f"{folder} is intact: {verdict.n_files} files, manifest hash "
            f"{verdict.manifest_sha256}"
        )
