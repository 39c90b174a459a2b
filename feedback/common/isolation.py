"""One thing's defect does not keep the others waiting."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError

logger = logging.getLogger(__name__)


@contextmanager
def isolated(what: str, *args: object) -> Iterator[None]:
    """Log the defect of one of many and go on with the next.

    A database that is away is nobody's defect: it goes up, to whoever waits for it.

    Args:
        what: what could not be done, with `%s` for each of `args`.
        args: who it was.

    Raises:
        OperationalError: if the database is away.
        InterfaceError: the same, seen from an open connection.
    """
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception(what, *args)
