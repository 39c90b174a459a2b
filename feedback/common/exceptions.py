"""The one tree of errors that a person may be shown.

A service raises one of these; `rlhf_site.errors` turns it into a page, an htmx
fragment or `application/problem+json`. Anything else is a defect and answers 500.
"""

from collections.abc import Mapping
from types import MappingProxyType


class DomainError(Exception):
    """Something a person asked for cannot be done, and this says why.

    Attributes:
        message: names the thing and the value.
        next_step: what to do now.
        fields: form field -> message, where the error belongs to fields.
        headers: what else the answer must carry.
    """

    status = 400
    title = "This cannot be done"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        message: str,
        *,
        next_step: str = "",
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.fields = dict(fields or {})


class NotVisible(DomainError):  # noqa: N818 - a fact, not an accident
    """The object does not exist, or not for this person: the same answer to both."""

    status = 404
    title = "Not found"

    def __init__(self, message: str = "There is nothing here for you.") -> None:
        super().__init__(
            message, next_step="Go back, or ask the study lead to invite you."
        )


class Forbidden(DomainError):  # noqa: N818
    """The person may see the object but may not do this with it."""

    status = 403
    title = "Not allowed"


class Invalid(DomainError):  # noqa: N818
    """What was sent breaks a rule; `fields` says where."""

    status = 422
    title = "Something is missing or wrong"


class Conflict(DomainError):  # noqa: N818
    """The world moved on: a lease went elsewhere, an answer was already given."""

    status = 409
    title = "This changed in the meantime"


class Gone(DomainError):  # noqa: N818
    """It was there once: a link that was used, or that has expired."""

    status = 410
    title = "No longer there"
