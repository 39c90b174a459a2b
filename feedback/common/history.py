"""Row history by statement triggers, in one spelling for every table."""

from collections.abc import Callable
from typing import TypeVar

import pghistory
from django.db import models

from feedback.common.guards import said

M = TypeVar("M", bound=type[models.Model])


def tracked(*, exclude: list[str] | None = None) -> Callable[[M], M]:
    """Record every insert, update and delete of a table, whatever made it.

    Statement triggers cost one extra insert per statement, not per row, and see
    bulk and raw SQL. Actor and request travel as the pghistory context, which
    `rlhf_site.middleware` and `feedback.jobs` set. What is recorded stays: the
    history has the guards of a table of things said.
    """
    return pghistory.track(  # type: ignore[no-any-return]
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        exclude=exclude,
        append_only=False,
        meta={"triggers": said()},
        level=pghistory.Statement,
    )
