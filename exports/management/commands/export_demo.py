"""``manage.py export_demo``: the newest sealed snapshot as a folder to try out."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError

from exports.folders import refuse_occupied
from exports.manifest import NAME
from exports.models import Snapshot
from exports.selectors import split_counts
from exports.services import write_files
from feedback.common.exceptions import DomainError

_NEXT_STEP = "Run `make demo` once; it loads a study with a sealed snapshot."


class Command(BaseCommand):
    """Writes a dataset folder and prints how to load it."""

    help = "Write the newest sealed snapshot to a folder and print how to load it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the command line."""
        parser.add_argument(
            "--study",
            default="",
            help="The study's name; default: whichever is newest.",
        )
        parser.add_argument(
            "--out",
            type=Path,
            default=settings.EXPORT_DIR / "demo",
            help="Default: demo in the folder of exports. An earlier export is replaced.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Find, write, show."""
        out: Path = options["out"].absolute()
        snapshot = _newest(options["study"])
        try:
            if not (out / NAME).is_file():
                refuse_occupied(out)
            write_files(snapshot=snapshot, directory=out, replace=True)
        except DomainError as error:
            raise CommandError(f"{error.message} {error.next_step}") from error
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error}.") from error
        self._show(snapshot, out)

    def _show(self, snapshot: Snapshot, out: Path) -> None:
        self.stdout.write(
            f"Snapshot {snapshot.number} of {snapshot.study.name!r} is in {out}\n"
            "Load it with:\n\n"
            "  from datasets import load_dataset\n"
        )
        for count in split_counts(snapshot):
            name = count.configuration
            if count.n_rows:
                self.stdout.write(
                    f"  {name} = load_dataset({str(out)!r}, {name!r})"
                    f"  # {count.in_words}"
                )


def _newest(study: str) -> Snapshot:
    snapshots = Snapshot.objects.filter(state=Snapshot.State.SEALED)
    if study:
        snapshots = snapshots.filter(study__name=study)
    try:
        newest = snapshots.select_related("study").order_by("-sealed_at", "-pk").first()
    except ProgrammingError as error:
        raise CommandError(f"The database is empty. {_NEXT_STEP}") from error
    if newest is None:
        of = f" of {study!r}" if study else ""
        raise CommandError(f"No snapshot{of} is sealed. {_NEXT_STEP}")
    return newest
