"""``manage.py import_prompts FILE --study NAME``: what the import page does."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from feedback.accounts.models import User
from feedback.common.context import acting
from feedback.common.exceptions import DomainError
from feedback.corpus.models import ImportBatch
from feedback.corpus.selectors import is_given_up, rejects_of
from feedback.corpus.uploads import pieces
from feedback.jobs.models import Job
from feedback.jobs.services import run_job
from feedback.studies.models import Study
from feedback.studies.services_imports import import_into_study

_REJECTS_SHOWN = 50


class Command(BaseCommand):
    """Imports a file into a study and waits until it is read."""

    help = "Import prompts and completions from a JSONL, CSV or Parquet file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the command line."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--study", required=True, help="The study's uid or name.")
        parser.add_argument(
            "--shape",
            default="",
            choices=["", *ImportBatch.Shape.values],
            help="Which columns the file has; found out if not given.",
        )
        parser.add_argument("--source", default="", help="Default: the file's name.")
        parser.add_argument("--license", default="", help="Of a new source.")
        parser.add_argument("--attribution", default="", help="Of a new source.")
        parser.add_argument(
            "--as",
            dest="email",
            default="",
            help="Who is named as importing; default: who made the study.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Store, start, read, report."""
        study = _study(options["study"])
        person = _person(options["email"]) if options["email"] else study.created_by
        with acting(user_id=person.pk, request_id="", source="import_prompts"):
            batch = self._start(study, person, options)
            _read(batch)
        batch.refresh_from_db()
        self._report(batch)

    def _start(self, study: Study, person: User, options: Any) -> ImportBatch:
        path: Path = options["file"]
        try:
            with path.open("rb") as file:
                batch = import_into_study(
                    study=study,
                    chunks=pieces(file),
                    file_name=path.name.encode(errors="replace").decode(),
                    directory=settings.UPLOAD_DIR,
                    max_bytes=settings.MAX_IMPORT_BYTES,
                    imported_by=person,
                    shape=options["shape"],
                    source_name=options["source"],
                    license=options["license"],
                    attribution=options["attribution"],
                )
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        except DomainError as error:
            raise CommandError(f"{error.message} {error.next_step}") from error
        self.stdout.write(
            f"Reading {batch.file_name} ({batch.file_bytes:,} bytes) as "
            f"{batch.get_shape_display()} into source {batch.source.name!r} …"
        )
        return batch

    def _report(self, batch: ImportBatch) -> None:
        for reject in rejects_of(batch)[:_REJECTS_SHOWN]:
            self.stderr.write(
                f"row {reject.row_no}: {reject.reason} {reject.next_step}"
            )
        if batch.n_rejected > _REJECTS_SHOWN:
            self.stderr.write(f"… and {batch.n_rejected - _REJECTS_SHOWN:,} more.")
        if batch.state != ImportBatch.State.DONE:
            raise CommandError(
                batch.error or "The file could not be read; see the log."
            )
        self.stdout.write(
            f"{batch.n_rows_read:,} rows read: {batch.n_prompts_new:,} prompts and "
            f"{batch.n_completions_new:,} completions are new, {batch.n_known:,} rows "
            f"brought nothing new, {batch.n_rejected:,} were refused."
        )


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


def _read(batch: ImportBatch) -> None:
    """Do the batch's job here, or wait for the worker that took it first."""
    job = Job.objects.get(kind=ImportBatch.READ_JOB, subject_id=batch.pk)
    while not run_job(job_id=job.pk):
        batch.refresh_from_db()
        if batch.is_final or is_given_up(batch):
            return
        job.refresh_from_db()
        if job.last_error:
            raise CommandError(
                "Reading failed and nothing is in; a worker will try again. "
                f"{job.last_error.strip().splitlines()[-1]}"
            )
        time.sleep(1)
