"""What must not stand in a log, even when Django writes the line."""

import logging
import re

_LINK = re.compile(r"(/(?:sign-in/link|join|api/v1/downloads)/)[^/\s]+")


def without_tokens(text: str) -> str:
    """Hide the token of each link that opens something to whoever reads it."""
    return _LINK.sub(r"\1***", text)


class HideTokens(logging.Filter):
    """Applies `without_tokens` to a record before any handler sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the message; let every record pass."""
        record.msg = without_tokens(record.getMessage())
        record.args = None
        return True
