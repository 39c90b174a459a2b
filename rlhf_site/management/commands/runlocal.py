"""``manage.py runlocal``: Consilium on one machine, under one supervisor."""

import http.client
import io
import socket
import sys
import time
from argparse import ArgumentParser
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from rlhf_site import env, local_services
from rlhf_site.supervisor import Program, Supervisor

_HOST = "127.0.0.1"
_HIGHEST_PORT = 65535
_PATIENCE_SECONDS = 120
_EARLY_DEATHS = 5


class Command(BaseCommand):
    """Run web, worker and sweep until Ctrl-C."""

    help = "Run Consilium on this machine: web, worker and sweep, until Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the port and what to do before starting."""
        parser.add_argument("--port", type=int, help="default CONSILIUM_PORT or 8000")
        parser.add_argument("--migrate", action="store_true", help="migrate first")
        parser.add_argument(
            "--demo", action="store_true", help="migrate and load the demonstration"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, start, and stay until asked to stop."""
        self._port: int = options["port"] or env.integer(
            "CONSILIUM_PORT", default=8000, minimum=1
        )
        self._is_demo: bool = options["demo"]
        if self._is_demo:
            env.hand_down("CONSILIUM_DEMO", "on")
        _require_free_port(self._port)
        try:
            self._prepare(
                migrate=options["migrate"] or options["demo"], demo=options["demo"]
            )
            self._run()
        except KeyboardInterrupt:
            raise CommandError("interrupted before it was ready") from None
        finally:
            self._stop_services()

    def _prepare(self, *, migrate: bool, demo: bool) -> None:
        if migrate:
            self._say("setup", "bringing the database up to date ...")
            call_command("migrate", interactive=False, verbosity=0, skip_checks=False)
        if demo:
            self._say("setup", "loading the demonstration study ...")
            call_command("load_demo")
        # Programs are forked from here: none may inherit a connection.
        connections.close_all()

    def _run(self) -> None:
        self._started_at = time.monotonic()
        self._is_announced = False
        self._supervisor = Supervisor(
            programs=_programs(self._port),
            folder=settings.BASE_DIR,
            say=self._say,
            watch=self._watch_services,
            on_tick=self._announce,
        )
        self._say("setup", "starting web, worker and sweep ...")
        self._supervisor.run()

    def _say(self, name: str, line: str) -> None:
        self.stdout.write(f"{name:>8} | {line}")
        self.stdout.flush()

    def _watch_services(self) -> None:
        """Bring an embedded server back that has died."""
        if local_services.is_running():
            return
        dead = [
            service.name
            for service in local_services.status()
            if service.is_embedded and not service.is_running
        ]
        if not dead:
            return
        names = " and ".join(dead)
        try:
            local_services.ensure_started()
        except local_services.ServiceError as error:
            self._say("services", f"{error} Trying again.")
        else:
            self._say("services", f"{names} did not answer and was started again")

    def _announce(self) -> None:
        """Print the address once the web server answers; give up if it never does."""
        if self._is_announced:
            return
        if _answers(self._port):
            self._is_announced = True
            self._print_address()
            return
        deaths = self._supervisor.restarts.get("web", 0)
        waited = time.monotonic() - self._started_at
        if deaths >= _EARLY_DEATHS or waited > _PATIENCE_SECONDS:
            raise CommandError(
                f"The web server did not answer at http://{_HOST}:{self._port}/healthz "
                f"({deaths} restarts in {waited:.0f} s); its output is above."
            )

    def _print_address(self) -> None:
        address = f"http://{_HOST}:{self._port}/"
        self.stdout.write(f"\nConsilium is ready at {address}\n")
        if self._is_demo:
            links = io.StringIO()
            call_command("demo_links", base_url=address, stdout=links)
            connections.close_all()
            self.stdout.write(links.getvalue())
        self.stdout.write("\nCtrl-C stops it; the data stays.\n")
        self.stdout.flush()

    def _stop_services(self) -> None:
        try:
            stopped = local_services.stop()
        except local_services.ServiceError as error:
            raise CommandError(str(error)) from error
        if stopped:
            self._say("services", f"stopped {' and '.join(stopped)}")


def _programs(port: int) -> list[Program]:
    """The programs in the order of starting."""
    python = sys.executable
    web = [python, "-m", "gunicorn", "rlhf_site.wsgi:application"]
    web += ["--bind", f"{_HOST}:{port}", "--worker-class", "gthread"]
    web += ["--workers", "2", "--threads", "4", "--graceful-timeout", "8"]
    # An import may take as long as it takes: the check is of the worker's own pulse.
    web += ["--timeout", "60", "--log-level", "warning", "--no-control-socket"]
    # Root is what the machine has; Celery need not lecture about it.
    quiet = ["-W", "ignore:You're running the worker with superuser"]
    worker = [python, *quiet, "-m", "celery", "--quiet", "--app", "rlhf_site", "worker"]
    worker += ["--concurrency", "2", "--loglevel", "WARNING"]
    worker += ["--without-gossip", "--without-mingle"]
    return [
        Program("web", web, stop_seconds=12),
        Program("worker", worker, stop_seconds=20),
        Program("sweep", [python, "manage.py", "sweep"], stop_seconds=10),
    ]


def _require_free_port(port: int) -> None:
    """Refuse before any work is done, with the way out."""
    if port > _HIGHEST_PORT:
        raise CommandError(
            f"Port {port} is above {_HIGHEST_PORT}; use e.g. --port 8001."
        )
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} cannot be used on {_HOST} ({error.strerror}); stop what "
                f"uses it, or choose another: make demo PORT={port + 1}, "
                f"CONSILIUM_PORT={port + 1} or --port {port + 1}."
            ) from error


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
