"""The Celery application: ``celery --app rlhf_site.celery worker``."""

import os

from celery import Celery

os.environ.setdefault(  # noqa: TID251 - Django's own switch
    "DJANGO_SETTINGS_MODULE", "rlhf_site.settings"
)

app = Celery("consilium")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["rlhf_site"])
