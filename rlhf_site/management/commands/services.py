"""``manage.py services start|stop|status|reset``: the embedded servers by hand."""

import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from rlhf_site import local_services


class Command(BaseCommand):
    """Start, stop, show or empty the embedded PostgreSQL and Valkey."""

    help = "Start, stop, show or empty the embedded PostgreSQL and Valkey."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the action."""
        parser.add_argument("action", choices=["start", "stop", "status", "reset"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked and say what was done."""
        action = options["action"]
        try:
            if action == "start":
                local_services.ensure_started()
                self._show()
            elif action == "stop":
                stopped = local_services.stop()
                self.stdout.write(f"Stopped: {', '.join(stopped) or 'nothing ran'}.")
            elif action == "reset":
                self._reset()
            else:
                self._show()
        except local_services.ServiceError as error:
            raise CommandError(str(error)) from error

    def _show(self) -> None:
        for service in local_services.status():
            if not service.is_embedded:
                state = "is not embedded"
            elif service.is_running:
                state = f"runs (process {service.pid})"
            else:
                state = "is stopped"
            self.stdout.write(f"{service.name} {state}: {service.where}")

    def _reset(self) -> None:
        """Delete local data; a database that somebody else runs is left alone."""
        if settings.IS_PRODUCTION:
            raise CommandError("CONSILIUM_ENV=production: nothing is deleted.")
        for variable in ("DATABASE_URL", "BROKER_URL"):
            if not local_services.is_embedded(variable):
                raise CommandError(
                    f"{variable} is set, so the data is not ours to delete; unset it, "
                    "or empty that server by hand."
                )
        local_services.remove()
        for folder in (settings.UPLOAD_DIR, settings.EXPORT_DIR):
            if Path(folder).exists():
                shutil.rmtree(folder)
                Path(folder).mkdir()
        self.stdout.write(f"Deleted the data in {settings.DATA_DIR}.")
