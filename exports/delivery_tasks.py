"""Deliveries, as jobs call them: fetch the row, call the service."""

from django.conf import settings

from exports import pushing, webhooks
from exports.models import Push, WebhookDelivery
from feedback.common import clock
from feedback.common.http import Reach


def send_webhook(delivery_id: int) -> None:
    """Send one piece of news; raises until the other side takes it."""
    delivery = WebhookDelivery.objects.select_related("endpoint__study").get(
        pk=delivery_id
    )
    webhooks.send(delivery, reach=Reach(inside=settings.PRIVATE_HOSTS), now=clock.now())


def push(push_id: int) -> None:
    """Copy a sealed folder to another store; after a crash, what is missing of it."""
    pushing.run_push(
        push=Push.objects.select_related("snapshot__study").get(pk=push_id),
        directory=settings.EXPORT_DIR,
        allowed=settings.PUSH_TARGETS,
        hub_token=settings.HUB_TOKEN,
        now=clock.now(),
    )
