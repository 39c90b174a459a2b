"""The app's name and label."""

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    name = "feedback.studies"
    label = "studies"
    verbose_name = "What is asked"
    default_auto_field = "django.db.models.BigAutoField"
