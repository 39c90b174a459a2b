"""The app's name and label."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "feedback.audit"
    label = "audit"
    verbose_name = "What happened"
    default_auto_field = "django.db.models.BigAutoField"
