"""``manage.py create_person``: somebody who may sign in, and their first link."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from feedback.accounts.permissions import SITE_ROLES, Role
from feedback.accounts.services import create_rater, create_user
from feedback.audit.services import record
from feedback.common.context import acting


class Command(BaseCommand):
    """Make a person and print a link that signs them in once."""

    help = "Make a person who may sign in, and print their first one-time link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add who it is."""
        parser.add_argument("email")
        parser.add_argument("name")
        parser.add_argument(
            "--site-role",
            choices=sorted(SITE_ROLES),
            help="Counts in every study; roles of one study come with create_study.",
        )
        parser.add_argument("--profession", default="", help="Of a clinician.")
        parser.add_argument("--specialty", default="", help="Of a clinician.")
        parser.add_argument("--base-url", default="http://127.0.0.1:8000/")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them, log it, print the link."""
        roles = (Role(options["site_role"]),) if options["site_role"] else ()
        try:
            with acting(user_id=None, request_id="", source="create_person"):
                user = create_user(
                    email=options["email"], name=options["name"], roles=roles
                )
                if options["profession"] or options["specialty"]:
                    create_rater(
                        user=user,
                        profession=options["profession"],
                        specialty=options["specialty"],
                    )
                record(
                    action="user.created",
                    subject=user,
                    details={"roles": sorted(role.value for role in roles)},
                )
        except ValidationError as error:
            problems = " ".join(error.messages)
            raise CommandError(f"{options['email'].lower()!r}: {problems}") from error
        call_command(
            "sign_in_link",
            user.email,
            base_url=options["base_url"],
            stdout=self.stdout,
        )
