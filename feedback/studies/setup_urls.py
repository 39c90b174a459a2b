"""Setting a study up: settings, people, guideline drafts."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
