"""News that travels upward without imports.

A service calls ``emit(SomethingHappened(...))``; once the transaction is committed
every reaction that `rlhf_site.wiring` lists for that class is called. Work that must
not be lost is not a reaction but a Job row written in the same transaction.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that has happened; subclasses carry primary keys only."""


Reaction = Callable[[Any], None]
_reactions: dict[type[Event], tuple[Reaction, ...]] = {}


def connect(wiring: Mapping[type[Event], tuple[Reaction, ...]]) -> None:
    """Install the switchboard; called once, by the project's AppConfig."""
    _reactions.clear()
    _reactions.update(wiring)


def emit(event: Event) -> None:
    """Tell the reactions of `event` once the current transaction is committed."""
    transaction.on_commit(lambda: _deliver(event))


def _deliver(event: Event) -> None:
    for reaction in _reactions.get(type(event), ()):
        try:
            reaction(event)
        except Exception:
            # The fact is committed; a failing alarm clock must not turn it into an
            # error for the person who caused it. The sweep catches up.
            logger.exception("Reaction %r to %r failed", reaction, event)
