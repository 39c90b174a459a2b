"""The app's name and label."""

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "feedback.review"
    label = "review"
    verbose_name = "The second pair of eyes"
    default_auto_field = "django.db.models.BigAutoField"
