"""The app's name and label."""

from django.apps import AppConfig


class RatingConfig(AppConfig):
    name = "feedback.rating"
    label = "rating"
    verbose_name = "What was said"
    default_auto_field = "django.db.models.BigAutoField"
