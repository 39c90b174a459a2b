"""System checks: a deployment that is not safe does not start.

Each has an id, listed in docs/reference/checks.md.
"""

from collections.abc import Sequence

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

_MUST_BE_ON = ("fsync", "synchronous_commit", "full_page_writes")
_OLDEST_POSTGRES = 150000


@register(Tags.security)
def production_is_closed(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    **_kwargs: object,
) -> list[CheckMessage]:
    """Debug pages, wildcard hosts and the demo stay out of production."""
    found: list[CheckMessage] = []
    if settings.ENVIRONMENT not in {"local", "production", "test"}:
        found.append(
            Error(
                f"CONSILIUM_ENV is {settings.ENVIRONMENT!r}.",
                hint="Use local, test or production.",
                id="rlhf.E001",
            )
        )
    if not settings.IS_PRODUCTION:
        return found
    if settings.DEBUG:
        found.append(
            Error(
                "CONSILIUM_DEBUG is on in production.",
                hint="Unset it: debug pages show settings and clinical text.",
                id="rlhf.E002",
            )
        )
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            Error(
                "CONSILIUM_ALLOWED_HOSTS allows every host.",
                hint="Name the hosts people use.",
                id="rlhf.E003",
            )
        )
    if settings.IS_DEMO:
        found.append(
            Error(
                "CONSILIUM_DEMO is on in production.",
                hint="Unset it: demo links sign anybody in.",
                id="rlhf.E004",
            )
        )
    return found


@register(Tags.database)
def database_keeps_promises(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    databases: Sequence[str] | None = None,
    **_kwargs: object,
) -> list[CheckMessage]:
    """Answering 2xx means committed, so commits must reach the disk.

    `fsync=off` cannot be noticed by killing processes; only asking shows it. The
    test environment trades it for speed.
    """
    if not databases or settings.ENVIRONMENT == "test":
        return []
    found: list[CheckMessage] = []
    with connection.cursor() as cursor:
        for name in _MUST_BE_ON:
            cursor.execute("SELECT current_setting(%s)", [name])
            (value,) = cursor.fetchone()
            if value != "on":
                found.append(
                    Error(
                        f"PostgreSQL runs with {name}={value}.",
                        hint=f"Set {name}=on: acknowledged judgments must survive.",
                        id="rlhf.E005",
                    )
                )
        version = connection.cursor().connection.info.server_version
    if version < _OLDEST_POSTGRES:
        found.append(
            Error(
                f"PostgreSQL {version // 10000} is too old.",
                hint="Use PostgreSQL 15 or newer.",
                id="rlhf.E006",
            )
        )
    return found
