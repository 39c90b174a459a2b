"""What the sweep does for delivery: seal what is due, tell what was not told."""

import logging
from datetime import datetime

from django.db import InterfaceError, OperationalError

from exports.models import WebhookEndpoint
from exports.schedules import due_schedules, run_schedule
from exports.webhooks import tell_news
from feedback.studies.models import Study

logger = logging.getLogger(__name__)


def catch_up(*, now: datetime, app_version: str) -> None:
    """Do both for every study; the defect of one does not keep the others waiting."""
    for schedule_id in due_schedules(now):
        try:
            run_schedule(schedule_id=schedule_id, now=now, app_version=app_version)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("Schedule %s could not be run", schedule_id)
    told = WebhookEndpoint.objects.filter(ended_at=None).values("study")
    for study in Study.objects.filter(pk__in=told):
        try:
            tell_news(study)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("The endpoints of study %s could not be told", study.pk)
