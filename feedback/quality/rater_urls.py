"""Training, qualification, and each rater's own page."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
