"""``manage.py sweep``: the clock that nothing depends on for being right, only prompt."""

import logging
import signal
import threading
from argparse import ArgumentParser
from datetime import timedelta
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, connection

from feedback.common import clock
from feedback.jobs.services import due_job_ids, run_job
from feedback.studies.assignment import release_expired
from rlhf_site.wiring import nudge

logger = logging.getLogger(__name__)

_OVERDUE = timedelta(seconds=5)


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
            self._wake_overdue()
        except (OperationalError, InterfaceError) as error:
            # The database is away: nothing is lost, and the next round tries again.
            logger.warning("The sweep could not reach the database: %s", error)
            connection.close()

    def _wake_overdue(self) -> None:
        for job_id in due_job_ids(now=clock.now(), older_than=_OVERDUE):
            if self._stop.is_set():
                return
            if not nudge(job_id):
                run_job(job_id=job_id)
