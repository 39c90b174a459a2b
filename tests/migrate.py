"""``python -m tests.migrate NAME``: migrate one database of the tests' server."""

import os
import sys

import django
from django.core.management import call_command

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"  # noqa: TID251
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
