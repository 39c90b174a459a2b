"""Who is acting, for rows that are written far from the request.

The middleware, a job and a management command each enter `acting`; audit rows and
pghistory read it. Held in context variables, so threads do not mix.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import pghistory


@dataclass(frozen=True, slots=True)
class Acting:
    """The actor (a user's primary key, or None for the system) and the occasion."""

    user_id: int | None
    request_id: str
    source: str


_acting: ContextVar[Acting | None] = ContextVar("acting", default=None)


def current_acting() -> Acting:
    """Who acts now; outside of any request or job: the system itself."""
    return _acting.get() or Acting(user_id=None, request_id="", source="system")


@contextmanager
def acting(*, user_id: int | None, request_id: str, source: str) -> Iterator[None]:
    """Attribute everything written inside to this actor and occasion."""
    token = _acting.set(Acting(user_id=user_id, request_id=request_id, source=source))
    try:
        with pghistory.context(user=user_id, request_id=request_id, source=source):
            yield
    finally:
        _acting.reset(token)
