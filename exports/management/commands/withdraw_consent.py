"""``manage.py withdraw_consent STUDY …``: what the page of withdrawn consent does."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exports.consent_selectors import prompts_named
from exports.consents import withdraw_consent
from exports.management.commands.export_snapshot import _person, _study
from feedback.accounts.models import Rater
from feedback.common import clock
from feedback.common.context import acting
from feedback.common.exceptions import DomainError
from feedback.corpus.models import Prompt, Source
from feedback.studies.models import Study


class Command(BaseCommand):
    """Notes that a patient, a source's owner or a rater no longer agrees."""

    help = (
        "Withdraw consent for prompts, a whole source or a rater: for good, in every "
        "study. Later snapshots leave it out; rows of releases are named."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the command line."""
        parser.add_argument("study", help="The study's uid or name.")
        parser.add_argument(
            "names",
            nargs="*",
            metavar="PROMPT",
            help="A prompt's uid or external id, or the group key of a family.",
        )
        parser.add_argument(
            "--file", type=Path, help="A text file with one such name on each line."
        )
        of_source = parser.add_mutually_exclusive_group()
        of_source.add_argument(
            "--in-source",
            default="",
            metavar="NAME",
            help="Look for the prompts in this source only.",
        )
        of_source.add_argument(
            "--whole-source",
            default="",
            metavar="NAME",
            help="Everything of this source, also what is imported later.",
        )
        parser.add_argument(
            "--rater",
            default="",
            metavar="EMAIL",
            help="Everything this clinician judged.",
        )
        parser.add_argument(
            "--reason", required=True, help="Who asked, and how; no patient's name."
        )
        parser.add_argument(
            "--as",
            dest="email",
            default="",
            help="Who is named as noting it; default: who made the study.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Find all of it, withdraw, report."""
        study = _study(options["study"])
        person = _person(options["email"]) if options["email"] else study.created_by
        try:
            with acting(user_id=person.pk, request_id="", source="withdraw_consent"):
                withdrawn = withdraw_consent(
                    study=study,
                    prompts=_prompts(study, options),
                    source=_source(study, options["whole_source"]),
                    rater=_rater(options["rater"]),
                    reason=options["reason"],
                    actor=person,
                    now=clock.now(),
                )
        except DomainError as error:
            raise CommandError(f"{error.message} {error.next_step}".strip()) from error
        self.stdout.write(withdrawn.in_words)


def _prompts(study: Study, options: Any) -> list[Prompt]:
    names = [*options["names"], *_lines(options["file"])]
    if not (names or options["file"] or options["in_source"]):
        return []
    source = _source(study, options["in_source"])
    return prompts_named(study=study, names=names, source=source)


def _lines(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read as UTF-8 text: {error}.") from error


def _source(study: Study, name: str) -> Source | None:
    if not name:
        return None
    sources = Source.objects.filter(studies=study).order_by("name", "pk")
    found = list(sources.filter(name=name)[:2])
    if len(found) == 1:
        return found[0]
    names = ", ".join(repr(one.name) for one in sources[:20])
    problem = "several sources" if found else "no source"
    raise CommandError(
        f"Study {study.name!r} has {problem} called {name!r}. There are: {names}."
    )


def _rater(email: str) -> Rater | None:
    if not email:
        return None
    rater = Rater.objects.filter(user__email=email.strip().lower()).first()
    if rater is None:
        raise CommandError(f"No rater has the address {email!r}.")
    return rater
