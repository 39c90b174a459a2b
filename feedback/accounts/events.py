"""What can happen to a person's presence."""

from dataclasses import dataclass

from feedback.common.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Event):
    """Somebody entered, `by` a password or a link."""

    user_id: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut(Event):
    """Somebody left."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysChanged(Event):
    """Somebody remapped the keys of the rating page, or switched them on or off."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """Somebody chose another password, knowing the old one or just in `by` a link."""

    user_id: int
    by: str
