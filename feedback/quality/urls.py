"""Reports on a study's quality."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
