"""The WSGI entry point: ``gunicorn rlhf_site.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault(  # noqa: TID251 - Django's own switch
    "DJANGO_SETTINGS_MODULE", "rlhf_site.settings"
)

application = get_wsgi_application()
