"""``manage.py push_snapshot STUDY --to URL``: copy a sealed folder to another store."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from exports.management.commands.export_snapshot import _person, _sealed, _study
from exports.models import Snapshot
from exports.pushing import request_push, run_push
from feedback.common import clock
from feedback.common.context import acting
from feedback.common.exceptions import DomainError
from feedback.studies.models import Study


class Command(BaseCommand):
    """Copies a snapshot's files as they were sealed, and checks what arrived."""

    help = (
        "Copy a sealed snapshot, byte for byte, to s3://, gs://, abfs://, file:// or "
        "hub://owner/name. CONSILIUM_PUSH_TARGETS names what is allowed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the command line."""
        parser.add_argument("study", help="The study's uid or name.")
        parser.add_argument(
            "--to", required=True, metavar="URL", help="A folder's URL."
        )
        parser.add_argument(
            "--number", type=int, help="Default: the newest sealed one."
        )
        parser.add_argument(
            "--as",
            dest="email",
            default="",
            help="Who is named as pushing; default: who made the study.",
        )
        parser.add_argument(
            "--queue", action="store_true", help="Leave the work to a worker."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Find, copy, report."""
        study = _study(options["study"])
        person = _person(options["email"]) if options["email"] else study.created_by
        snapshot = _chosen(study, options["number"])
        try:
            with acting(user_id=person.pk, request_id="", source="push_snapshot"):
                push = request_push(
                    snapshot=snapshot,
                    target=options["to"],
                    actor=person,
                    allowed=settings.PUSH_TARGETS,
                    is_queued=options["queue"],
                )
                if options["queue"]:
                    self.stdout.write(f"A worker will copy {snapshot} to {push.target}")
                    return
                run_push(
                    push=push,
                    directory=settings.EXPORT_DIR,
                    allowed=settings.PUSH_TARGETS,
                    hub_token=settings.HUB_TOKEN,
                    now=clock.now(),
                )
        except DomainError as error:
            raise CommandError(f"{error.message} {error.next_step}".strip()) from error
        except (OSError, ImportError) as error:
            raise CommandError(
                f"{options['to']} cannot be written: {error}."
            ) from error
        self.stdout.write(
            f"{snapshot} is at {push.target}, checked. Manifest hash "
            f"{snapshot.manifest_sha256}"
        )


def _chosen(study: Study, number: int | None) -> Snapshot:
    if number is not None:
        return _sealed(study, number)
    newest = (
        study.snapshots.filter(state=Snapshot.State.SEALED).order_by("-number").first()
    )
    if newest is None:
        raise CommandError(f"Study {study.name!r} has no sealed snapshot yet.")
    return newest
