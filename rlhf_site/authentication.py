"""How a machine proves who asks."""

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request


class BrowserSession(SessionAuthentication):
    """The browser's session; names itself, so that nobody signed in means 401."""

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """The challenge, without which DRF would answer 403."""
        return 'Session realm="Consilium"'
