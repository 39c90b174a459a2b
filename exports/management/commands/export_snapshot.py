"""``manage.py export_snapshot STUDY --out FOLDER``: what the exports page does."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.forms import BooleanField

from exports.folders import refuse_occupied
from exports.forms import SealForm
from exports.models import Snapshot
from exports.selectors import split_counts
from exports.services import (
    folder_of,
    request_snapshot,
    restore_files,
    seal_snapshot,
    write_files,
)
from feedback.accounts.models import User
from feedback.common.context import acting
from feedback.common.exceptions import DomainError
from feedback.common.version import read_version
from feedback.studies.models import Study


class Command(BaseCommand):
    """Seals a new snapshot, or takes a sealed one, and writes its folder."""

    help = (
        "Seal a snapshot of a study and write it as a dataset folder. With --number, "
        "write a snapshot that is sealed already: the same bytes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the command line."""
        parser.add_argument("study", help="The study's uid or name.")
        target = parser.add_mutually_exclusive_group(required=True)
        target.add_argument(
            "--out", type=Path, help="A folder that does not exist yet, or is empty."
        )
        target.add_argument(
            "--restore",
            action="store_true",
            help="With --number: write the server's own copy of the files anew.",
        )
        parser.add_argument(
            "--number", type=int, help="A sealed snapshot, instead of a new one."
        )
        parser.add_argument(
            "--as",
            dest="email",
            default="",
            help="Who is named as sealing; default: who made the study.",
        )
        thresholds = parser.add_argument_group("thresholds of a new snapshot")
        for name, field in SealForm.base_fields.items():
            flag = f"--{name.replace('_', '-')}"
            if isinstance(field, BooleanField):
                thresholds.add_argument(
                    flag, action="store_true", help=str(field.label)
                )
                continue
            thresholds.add_argument(
                flag,
                type=type(field.initial),
                default=field.initial,
                metavar="N",
                help=f"{field.label}; default {field.initial}.",
            )

    def handle(self, *args: Any, **options: Any) -> None:
        """Find or seal, write, report."""
        study = _study(options["study"])
        person = _person(options["email"]) if options["email"] else study.created_by
        try:
            with acting(user_id=person.pk, request_id="", source="export_snapshot"):
                self._export(study, person, options)
        except DomainError as error:
            raise CommandError(f"{error.message} {error.next_step}".strip()) from error
        except OSError as error:
            raise CommandError(f"The folder cannot be written: {error}.") from error

    def _export(self, study: Study, person: User, options: Any) -> None:
        out: Path | None = options["out"]
        number: int | None = options["number"]
        if out is not None:
            refuse_occupied(out)
        if number is not None:
            snapshot = _sealed(study, number)
        elif out is None:
            raise CommandError("--restore needs --number: which snapshot is meant?")
        else:
            snapshot = self._seal(study, person, options)
        if out is None:
            restore_files(snapshot=snapshot, directory=settings.EXPORT_DIR)
            out = folder_of(snapshot, settings.EXPORT_DIR)
        else:
            write_files(snapshot=snapshot, directory=out)
        self._report(snapshot, out)

    def _seal(self, study: Study, person: User, options: Any) -> Snapshot:
        form = SealForm(
            {name: options[name] for name in SealForm.base_fields}, study=study
        )
        if not form.is_valid():
            problems = (
                f"--{name.replace('_', '-')}: {' '.join(map(str, errors))}"
                for name, errors in form.errors.items()
            )
            raise CommandError(" ".join(problems))
        snapshot = request_snapshot(
            study=study,
            actor=person,
            app_version=read_version(Path(settings.BASE_DIR) / "CHANGELOG.md"),
            test_percent=form.cleaned_data["test_percent"],
            rules=form.rules(),
            is_queued=False,
        )
        self.stdout.write(f"Sealing snapshot {snapshot.number} of {study.name!r} …")
        seal_snapshot(snapshot=snapshot, directory=settings.EXPORT_DIR)
        if snapshot.state != Snapshot.State.SEALED:
            raise CommandError(snapshot.error)
        return snapshot

    def _report(self, snapshot: Snapshot, out: Path) -> None:
        self.stdout.write(f"Snapshot {snapshot.number} is in {out}")
        for count in split_counts(snapshot):
            if count.n_rows:
                self.stdout.write(f"  {count.configuration}: {count.in_words}")
        self.stdout.write(f"Manifest hash: {snapshot.manifest_sha256}")


def _study(given: str) -> Study:
    """The study with this uid or name."""
    try:
        found = list(Study.objects.filter(uid=UUID(given)))
    except ValueError:
        found = list(Study.objects.filter(name=given)[:2])
    if len(found) == 1:
        return found[0]
    names = ", ".join(repr(s.name) for s in Study.objects.order_by("name")[:20])
    problem = f"{len(found)} or more studies are" if found else "No study is"
    raise CommandError(f"{problem} called {given!r}. There are: {names or 'none'}.")


def _person(email: str) -> User:
    person = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if person is None:
        raise CommandError(f"Nobody active has the address {email!r}.")
    return person


def _sealed(study: Study, number: int) -> Snapshot:
    sealed = study.snapshots.filter(state=Snapshot.State.SEALED)
    snapshot = sealed.filter(number=number).first()
    if snapshot is None:
        numbers = ", ".join(
            str(n) for n in sealed.order_by("number").values_list("number", flat=True)
        )
        raise CommandError(
            f"Study {study.name!r} has no sealed snapshot {number}. "
            f"Sealed are: {numbers or 'none'}."
        )
    return snapshot
