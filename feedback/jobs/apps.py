"""The app's name and label."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "feedback.jobs"
    label = "jobs"
    verbose_name = "Work that outlives a request"
    default_auto_field = "django.db.models.BigAutoField"
