"""Snapshots that a study seals by itself, daily or weekly, if there is news."""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from exports.models import Snapshot, SnapshotSchedule
from exports.rules import Rules
from exports.selectors import preview_of
from exports.services import request_snapshot
from feedback.accounts.models import User
from feedback.accounts.permissions import Verb, may
from feedback.audit.services import record
from feedback.common.context import acting
from feedback.common.exceptions import DomainError
from feedback.rating.models import Judgment, SafetyFlag
from feedback.review.models import Adjudication
from feedback.studies.models import Study

logger = logging.getLogger(__name__)

_STEP = {
    SnapshotSchedule.Every.DAY: timedelta(days=1),
    SnapshotSchedule.Every.WEEK: timedelta(weeks=1),
}
_NOTE_CHARACTERS = 300


@transaction.atomic
def set_schedule(
    *,
    study: Study,
    every: SnapshotSchedule.Every,
    test_percent: int,
    rules: Rules,
    actor: User,
    now: datetime,
) -> SnapshotSchedule:
    """Say how often a snapshot is sealed; the first one follows within a minute."""
    schedule, _is_new = SnapshotSchedule.objects.update_or_create(
        study=study,
        defaults={
            "every": every,
            "test_percent": test_percent,
            "rules": rules.as_json(),
            "set_by": actor,
            "due_at": now if every in _STEP else None,
        },
    )
    record(
        action="snapshot.scheduled",
        subject=study,
        actor=actor,
        details={"every": every},
    )
    return schedule


def due_schedules(now: datetime) -> list[int]:
    """Those whose time has come, oldest first."""
    return list(
        SnapshotSchedule.objects.exclude(every=SnapshotSchedule.Every.OFF)
        .filter(due_at__lte=now)
        .order_by("due_at", "pk")
        .values_list("pk", flat=True)
    )


@transaction.atomic
def run_schedule(*, schedule_id: int, now: datetime, app_version: str) -> bool:
    """Ask for a snapshot if the schedule is due and there is news; note why if not.

    Of two sweeps at once, one does it. A tick that was missed is not made up for: the
    next one counts from now.
    """
    schedule = (
        SnapshotSchedule.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("study", "set_by")
        .filter(pk=schedule_id, due_at__lte=now)
        .exclude(every=SnapshotSchedule.Every.OFF)
        .first()
    )
    if schedule is None:
        return False
    note, is_asked = _run(schedule, app_version=app_version)
    schedule.last_run_at = now
    schedule.last_note = note[:_NOTE_CHARACTERS]
    schedule.due_at = now + _STEP[SnapshotSchedule.Every(schedule.every)]
    schedule.save(update_fields=["last_run_at", "last_note", "due_at"])
    return is_asked


def _run(schedule: SnapshotSchedule, *, app_version: str) -> tuple[str, bool]:
    study, person = schedule.study, schedule.set_by
    if not may(person, Verb.SNAPSHOT_SEAL, study):
        return f"{person.name} may not seal any more. Let a lead save it anew.", False
    if (newest := _newest_without_news(schedule)) is not None:
        return f"Nothing has changed since snapshot {newest.number}.", False
    try:
        with acting(user_id=person.pk, request_id="", source="schedule"):
            snapshot = request_snapshot(
                study=study,
                actor=person,
                app_version=app_version,
                test_percent=schedule.test_percent,
                rules=Rules(**schedule.rules),
            )
    except DomainError as refusal:
        return f"{refusal.message} {refusal.next_step}".strip(), False
    return f"Snapshot {snapshot.number} was asked for.", True


def _newest_without_news(schedule: SnapshotSchedule) -> Snapshot | None:
    """The newest sealed snapshot, if another one would say the same."""
    newest = (
        schedule.study.snapshots.filter(state=Snapshot.State.SEALED)
        .order_by("-number")
        .first()
    )
    if newest is None or newest.pinned_at is None:
        return None
    has_other_rules = (newest.rules, newest.test_percent) != (
        schedule.rules,
        schedule.test_percent,
    )
    if has_other_rules or has_news(
        schedule.study, newest=newest, since=newest.pinned_at
    ):
        return None
    return newest


def has_news(study: Study, *, newest: Snapshot, since: datetime) -> bool:
    """Whether anything was said since then that a snapshot would hold or heed.

    The counts differ as well when something was taken back: a task, a consent.
    """
    judgments = Judgment.objects.filter(study=study, created_at__gt=since)
    flags = SafetyFlag.objects.filter(
        completion__task_items__task__study=study, judgment__created_at__gt=since
    )
    verdicts = Adjudication.objects.filter(
        case__task__study=study, created_at__gt=since
    )
    return (
        judgments.exists()
        or flags.exists()
        or verdicts.exists()
        or preview_of(study).n_judgments != newest.n_judgments
    )
