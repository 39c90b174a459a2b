"""``manage.py verify_export FOLDER``: is an export what was sealed and signed?"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exports.manifest import NAME
from exports.verifying import Code, add_arguments, check


class Command(BaseCommand):
    """Computes every hash anew; exit code 1, 2 or 3 if something is wrong."""

    help = f"Check every file of an export against its {NAME}, and the signature."
    # Reads a folder, whatever the state of the installation.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the command line."""
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare, name what differs, fail if anything does."""
        finding = check(
            options["folder"], key_file=options["key"], expected=options["manifest"]
        )
        for problem in finding.problems:
            self.stderr.write(problem)
        if finding.code != Code.GOOD:
            raise CommandError(finding.verdict, returncode=finding.code)
        self.stdout.write(finding.verdict)
