"""The routes of delivery: webhooks, schedules, and what changed since a pull."""

from django.urls import path

from exports import pull_views, schedule_views, webhook_views
from exports.openapi.views import api_schema

urlpatterns = [
    path("api/v1/schema/", api_schema, name="api_schema"),
    path("studies/<uuid:uid>/pulls/", pull_views.pull_news, name="pull_news"),
    path(
        "studies/<uuid:uid>/schedule/",
        schedule_views.snapshot_schedule,
        name="snapshot_schedule",
    ),
    path(
        "studies/<uuid:uid>/webhooks/", webhook_views.webhook_list, name="webhook_list"
    ),
    path("webhooks/<uuid:uid>/end/", webhook_views.webhook_end, name="webhook_end"),
    path("webhooks/<uuid:uid>/test/", webhook_views.webhook_ping, name="webhook_ping"),
    path(
        "webhook-deliveries/<uuid:uid>/again/",
        webhook_views.webhook_again,
        name="webhook_again",
    ),
]
