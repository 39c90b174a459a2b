"""The app that lets data out."""

from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "exports"
    label = "exports"
    verbose_name = "What leaves the house"
    default_auto_field = "django.db.models.BigAutoField"
