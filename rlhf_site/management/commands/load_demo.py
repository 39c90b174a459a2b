"""``manage.py load_demo``: the demonstration study, its people and its history."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from feedback.common.context import acting
from rlhf_site.demo.load import load


class Command(BaseCommand):
    """Load the demonstration; a second time changes nothing."""

    help = "Load the demonstration study with its people and a simulated history."

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse in production, else load."""
        if settings.IS_PRODUCTION:
            raise CommandError(
                "The demonstration does not belong into production: its people are "
                "invented and anybody with a link signs in as them."
            )
        with acting(user_id=None, request_id="", source="load_demo"):
            load(lambda step: self.stdout.write(f"    demo | {step}"))
