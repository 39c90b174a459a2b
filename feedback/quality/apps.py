"""The app's name and label."""

from django.apps import AppConfig


class QualityConfig(AppConfig):
    name = "feedback.quality"
    label = "quality"
    verbose_name = "How well it agrees"
    default_auto_field = "django.db.models.BigAutoField"
