"""The WSGI entry point: ``gunicorn rlhf_site.wsgi:application``."""

import os

from django.core.management.base import BaseCommand
from django.core.wsgi import get_wsgi_application

os.environ.setdefault(  # noqa: TID251 - Django's own switch
    "DJANGO_SETTINGS_MODULE", "rlhf_site.settings"
)

application = get_wsgi_application()
# A deployment that is not safe does not start. The checks that ask the database run
# before `migrate`; here an absent database must not keep the pages away.
BaseCommand().check()
