"""``manage.py demo_links``: a one-time sign-in link for each demo person."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from feedback.accounts.models import User
from feedback.accounts.services import make_sign_in_link
from feedback.common import clock
from rlhf_site.demo.people import PEOPLE


class Command(BaseCommand):
    """Print links that sign in once each."""

    help = "Print a one-time sign-in link for each person of the demonstration."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add where the server is."""
        parser.add_argument("--base-url", default="http://127.0.0.1:8000/")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make and print the links."""
        if settings.IS_PRODUCTION:
            raise CommandError(
                "The demonstration's people do not belong into production."
            )
        base = options["base_url"].rstrip("/")
        guests = [person for person in PEOPLE if person.is_guest_seat]
        users = User.objects.in_bulk([p.email for p in guests], field_name="email")
        missing = [person.email for person in guests if person.email not in users]
        if missing:
            raise CommandError(
                f"There is no {missing[0]}. Run `manage.py load_demo` first."
            )
        self.stdout.write("\nSign in as one of them (each link works once):\n")
        for person in guests:
            token = make_sign_in_link(
                user=users[person.email],
                now=clock.now(),
                valid_hours=settings.SIGN_IN_LINK_HOURS,
            )
            url = f"{base}{reverse('sign_in_link', args=[token])}"
            self.stdout.write(f"  {person.role.label:<16} {person.name}\n    {url}\n")
        self.stdout.write("\nMore links: .venv/bin/python manage.py demo_links\n")
