"""Consilium's command line: `python manage.py help` lists the commands."""

import os
import sys

from django.core.management import execute_from_command_line

from rlhf_site import local_services

# Commands that must work without a database.
_NO_SERVICES = {"services", "help", "version", "--help", "--version", "-h"}


def main() -> None:
    """Start what the command needs, then run it."""
    os.environ.setdefault(  # noqa: TID251 - Django's own switch
        "DJANGO_SETTINGS_MODULE", "rlhf_site.settings"
    )
    if len(sys.argv) > 1 and sys.argv[1] not in _NO_SERVICES:
        try:
            local_services.ensure_started()
        except local_services.ServiceError as error:
            sys.exit(f"error: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
