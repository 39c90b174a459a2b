"""Writing the log of actions."""

from typing import Any

from django.db import models

from feedback.accounts.models import User
from feedback.audit.models import AuditEvent
from feedback.common.context import current_acting


def record(
    *,
    action: str,
    subject: models.Model | None = None,
    actor: User | None = None,
    details: dict[str, Any] | None = None,
) -> AuditEvent:
    """Append one action to the log, in the caller's transaction.

    Args:
        action: dotted name, object first: ``snapshot.sealed``.
        subject: the object it happened to; must have a `uid`.
        actor: who did it; the current request's or job's person if not given.
        details: JSON values without clinical text or secrets.
    """
    context = current_acting()
    return AuditEvent.objects.create(
        action=action,
        actor_id=actor.pk if actor else context.user_id,
        subject_kind=subject._meta.label_lower if subject else "",  # noqa: SLF001
        subject_uid=getattr(subject, "uid", None),
        details=details or {},
        request_id=context.request_id,
    )
