"""``manage.py sign_in_link``: a link that signs one person in once."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from feedback.accounts.models import User
from feedback.accounts.services import make_sign_in_link
from feedback.audit.services import record
from feedback.common import clock
from feedback.common.context import acting


class Command(BaseCommand):
    """Print a one-time sign-in link."""

    help = "Print a link that signs a person in once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add whom, and where the server is."""
        parser.add_argument("email")
        parser.add_argument("--base-url", default="http://127.0.0.1:8000/")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, log it, print it."""
        email = options["email"].strip().lower()
        user = User.objects.filter(email=email, is_active=True).first()
        if user is None:
            raise CommandError(
                f"Nobody active has the address {email!r}; "
                "make them with `manage.py create_person`."
            )
        with acting(user_id=None, request_id="", source="sign_in_link"):
            token = make_sign_in_link(
                user=user, now=clock.now(), valid_hours=settings.SIGN_IN_LINK_HOURS
            )
            record(action="user.link_made", subject=user)
        base = options["base_url"].rstrip("/")
        self.stdout.write(f"{base}{reverse('sign_in_link', args=[token])}\n")
