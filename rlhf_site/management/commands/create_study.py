"""``manage.py create_study``: a study with its guideline and its people."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse

from feedback.accounts.models import Rater, User
from feedback.accounts.permissions import Role
from feedback.accounts.services import create_rater
from feedback.common import clock
from feedback.common.context import acting
from feedback.studies.criteria import StudyTemplate
from feedback.studies.models import Study
from feedback.studies.services import create_study, enroll, publish_guideline
from feedback.studies.templates import TEMPLATES

_PEOPLE = {
    "rater": Role.RATER,
    "safety_reviewer": Role.SAFETY_REVIEWER,
    "ml_engineer": Role.ML_ENGINEER,
}


class Command(BaseCommand):
    """Make a study that raters can begin with once prompts are imported."""

    help = (
        "Make a study from a ready template, publish its guideline, and enroll its "
        "people."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what it is about and who takes part."""
        parser.add_argument("name")
        parser.add_argument("--lead", required=True, metavar="EMAIL")
        parser.add_argument(
            "--template",
            choices=list(TEMPLATES),
            default="chatbot",
            help="What is asked: docs/reference/templates.md.",
        )
        parser.add_argument(
            "--guideline",
            type=Path,
            help="A text file, shown as it is; the template's own without one.",
        )
        parser.add_argument("--description", default="")
        parser.add_argument(
            "--overlap", type=int, default=3, help="Raters of each task."
        )
        parser.add_argument(
            "--undo-seconds",
            type=int,
            default=600,
            help="How long a rater may change what was submitted.",
        )
        parser.add_argument(
            "--reveal-percent",
            type=int,
            default=0,
            help="Share of assignments that show others' answers after one's own.",
        )
        parser.add_argument(
            "--leaks",
            choices=Study.LeakPolicy.values,
            default=Study.LeakPolicy.MASK,
            help="A text that names its maker is masked, or shown and its votes marked.",
        )
        for name in _PEOPLE:
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                dest=name,
                action="append",
                default=[],
                metavar="EMAIL",
                help="May be repeated.",
            )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make all of it, or nothing."""
        body = _body(options["guideline"], TEMPLATES[options["template"]])
        lead = _person(options["lead"])
        try:
            with acting(user_id=lead.pk, request_id="", source="create_study"):
                study = _make(lead, body, options)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(
            f"{study.name}\n  {reverse('study_detail', args=[study.uid])}\n"
            f"Import prompts there, or: manage.py import_prompts FILE "
            f"--study {study.uid}\n"
        )


@transaction.atomic
def _make(lead: User, body: str, options: dict[str, Any]) -> Study:
    study = create_study(
        name=options["name"],
        description=options["description"],
        created_by=lead,
        overlap=options["overlap"],
        undo_seconds=options["undo_seconds"],
        reveal_percent=options["reveal_percent"],
        leak_policy=options["leaks"],
    )
    template = TEMPLATES[options["template"]]
    publish_guideline(
        study=study,
        title=options["name"][:200],
        body=body,
        criteria=template.criteria,
        span_labels=template.span_labels,
        forms=template.forms,
        published_by=lead,
        now=clock.now(),
    )
    for name, role in _PEOPLE.items():
        for email in options[name]:
            person = _person(email)
            if role == Role.RATER and not Rater.objects.filter(user=person).exists():
                create_rater(user=person)
            enroll(study=study, user=person, role=role)
    return study


def _body(path: Path | None, template: StudyTemplate) -> str:
    if path is None:
        return template.guideline
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {error}") from error


def _person(email: str) -> User:
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None:
        raise CommandError(
            f"Nobody active has the address {email!r}; "
            "make them with `manage.py create_person`."
        )
    return user
