"""The app's name and label."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "feedback.accounts"
    label = "accounts"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"
