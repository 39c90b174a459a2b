"""The one place where the application reads the clock."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(tz=UTC)
