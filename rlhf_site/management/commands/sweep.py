"""``manage.py sweep``: the clock that nothing depends on for being right, only prompt."""

import logging
import math
import signal
import threading
import time
from argparse import ArgumentParser
from datetime import datetime, timedelta
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, connection

from exports.catching_up import catch_up
from exports.tombstones import ask_to_watch, standing_releases
from feedback.common import clock
from feedback.common.isolation import isolated
from feedback.jobs.services import due_job_ids, run_job
from feedback.quality.qualification import review_behind
from feedback.quality.routing import route_task, stranded
from feedback.review.opening import open_cases_for
from feedback.studies.assignment import release_expired
from feedback.studies.models import Study
from rlhf_site.context import version
from rlhf_site.wiring import nudge

logger = logging.getLogger(__name__)

_OVERDUE = timedelta(seconds=5)
# What events start at once is looked after so often, in case one was lost.
_BEHIND_SECONDS = 60
# A released row whose ground vanished is in the feed of changes within a minute.
_WATCH_SECONDS = 20


class Command(BaseCommand):
    """Give leases back that ran out and wake jobs that nobody started."""

    help = (
        "Every few seconds: give back leases that ran out, and start jobs that are "
        "overdue (itself, when the broker is away). Runs until stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the rhythm, and a way to sweep just once."""
        parser.add_argument("--every", type=float, default=5.0, help="seconds; 5")
        parser.add_argument("--once", action="store_true", help="sweep once and end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep until asked to stop."""
        self._stop = threading.Event()
        self._looked_at = -math.inf
        self._watched_at = -math.inf
        self._seen_until: datetime | None = None
        if not options["once"]:
            signal.signal(signal.SIGTERM, self._asked_to_stop)
            signal.signal(signal.SIGINT, self._asked_to_stop)
        while True:
            self._sweep()
            if options["once"] or self._stop.wait(options["every"]):
                return

    def _asked_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _sweep(self) -> None:
        try:
            n_released = release_expired(now=clock.now())
            if n_released:
                logger.info("Gave %s leases back that had run out", n_released)
            if time.monotonic() - self._watched_at >= _WATCH_SECONDS:
                self._watch_releases()
                self._watched_at = time.monotonic()
            self._wake_overdue()
            if time.monotonic() - self._looked_at >= _BEHIND_SECONDS:
                self._look_behind()
                self._looked_at = time.monotonic()
        except (OperationalError, InterfaceError) as error:
            # The database is away: nothing is lost, and the next round tries again.
            logger.warning("The sweep could not reach the database: %s", error)
            connection.close()

    def _look_behind(self) -> None:
        """Catch up with raters' stages and with disagreements nobody was told of."""
        now = clock.now()
        review_behind(now=now)
        for study in Study.objects.filter(state=Study.State.OPEN):
            if self._stop.is_set():
                return
            with isolated("The sweep could not look at study %s", study.pk):
                self._look_at(study, now=now)
        catch_up(now=now, app_version=version())
        # What was not committed yet when it was looked at is looked at again.
        self._seen_until = now - timedelta(seconds=_BEHIND_SECONDS)

    def _look_at(self, study: Study, *, now: datetime) -> None:
        for task in stranded(study):
            route_task(task.pk)
        open_cases_for(study, now=now, since=self._seen_until)

    def _watch_releases(self) -> None:
        """Catch up with released rows whose ground vanished without an event."""
        for release in standing_releases():
            if self._stop.is_set():
                return
            with isolated("The sweep could not look at release %s", release.pk):
                ask_to_watch([release])

    def _wake_overdue(self) -> None:
        for job_id in due_job_ids(now=clock.now(), older_than=_OVERDUE):
            if self._stop.is_set():
                return
            if not nudge(job_id):
                run_job(job_id=job_id)
