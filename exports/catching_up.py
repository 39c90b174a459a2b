"""What the sweep does for delivery: seal what is due, tell what was not told."""

from datetime import datetime

from exports.models import WebhookEndpoint
from exports.schedules import due_schedules, run_schedule
from exports.webhooks import tell_news
from feedback.common.isolation import isolated
from feedback.studies.models import Study


def catch_up(*, now: datetime, app_version: str) -> None:
    """Do both for every study; the defect of one does not keep the others waiting."""
    for schedule_id in due_schedules(now):
        with isolated("Schedule %s could not be run", schedule_id):
            run_schedule(schedule_id=schedule_id, now=now, app_version=app_version)
    told = WebhookEndpoint.objects.filter(ended_at=None).values("study")
    for study in Study.objects.filter(pk__in=told):
        with isolated("The endpoints of study %s could not be told", study.pk):
            tell_news(study)
