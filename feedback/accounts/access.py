"""Every view states who may enter; `AccessMiddleware` refuses a view that does not.

The mark is the first wall (signed in or not) and what the generated route-by-role
matrix reads. The second is the `access_*` selector inside the view, which puts the
person and the verb into the query.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from feedback.accounts.permissions import Verb

V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may enter a view: anybody, anybody signed in, or those who may `verb`."""

    needs_sign_in: bool
    verb: Verb | None = None

    def __str__(self) -> str:
        if not self.needs_sign_in:
            return "public"
        return self.verb.value if self.verb else "signed in"


def policy_of(view: Callable[..., Any]) -> Policy | None:
    """The mark of a view, or None if it has none (and is thus refused)."""
    policy = getattr(view, "access_policy", None)
    return policy if isinstance(policy, Policy) else None


def _mark(view: V, policy: Policy) -> V:
    view.access_policy = policy  # type: ignore[attr-defined]
    return view


def public(view: V) -> V:
    """Anybody may enter, signed in or not."""
    return _mark(view, Policy(needs_sign_in=False))


def signed_in(view: V) -> V:
    """Anybody who is signed in may enter; the page shows only what is theirs."""
    return _mark(view, Policy(needs_sign_in=True))


def access(verb: Verb) -> Callable[[V], V]:
    """Those who may `verb` the object in the URL; its `access_*` selector decides."""

    def decorate(view: V) -> V:
        return _mark(view, Policy(needs_sign_in=True, verb=verb))

    return decorate
