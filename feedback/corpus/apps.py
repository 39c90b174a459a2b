"""The app's name in Django."""

from django.apps import AppConfig


class CorpusConfig(AppConfig):
    name = "feedback.corpus"
    label = "corpus"
    verbose_name = "What is shown"
    default_auto_field = "django.db.models.BigAutoField"
