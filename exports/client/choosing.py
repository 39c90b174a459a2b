"""Which snapshot ``STUDY@VERSION`` means."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from exports.client.failures import Code, Failure
from exports.client.service import Service

_VERSION = re.compile(r"^(?:\d+|\d+\.\d+\.\d+)$", re.ASCII)
_NAMED_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """A study by uid, name or slug, and a snapshot's number or a release's version."""

    study: str
    version: str

    @classmethod
    def from_text(cls, text: str) -> "Wanted":
        """Read ``STUDY``, ``STUDY@3`` or ``STUDY@1.2.0``; a name may hold an @ itself."""
        study, at, version = text.rpartition("@")
        if at and _VERSION.match(version):
            return cls(study, version)
        return cls(text.removesuffix("@latest"), "")


def find_study(service: Service, name: str) -> dict[str, Any]:
    """The study with this uid, name or slug.

    Raises:
        Failure: if none or more than one is.
    """
    studies = list(service.rows("api/v1/studies/"))
    found: list[dict[str, Any]] = []
    for key in ("uid", "name", "slug"):
        found = found or [one for one in studies if one[key] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise Failure(
            Code.NOT_FOUND,
            f"{len(found)} studies are called {name!r}.",
            f"Use a uid: {_some(one['uid'] for one in found)}.",
        )
    raise Failure(
        Code.NOT_FOUND,
        f"This token may pull from no study called {name!r}.",
        f"It may from: {_some(repr(one['slug']) for one in studies)}.",
    )


def find_snapshot(
    service: Service, study: dict[str, Any], version: str
) -> dict[str, Any]:
    """The sealed snapshot that is meant, with its files.

    Without a version: the newest release that stands, or else the newest snapshot.

    Raises:
        Failure: if there is none.
    """
    path = f"api/v1/studies/{study['uid']}/snapshots/"
    sealed = list(service.rows(path, state="sealed"))
    chosen = _chosen(sealed, version)
    if chosen is None:
        what = f"version {version}" if version else "sealed snapshot yet"
        names = _some(_name(one) for one in sealed)
        raise Failure(
            Code.NOT_FOUND, f"{study['name']} has no {what}.", f"There are: {names}."
        )
    return service.one(f"api/v1/snapshots/{chosen['uid']}/")


def _chosen(sealed: list[dict[str, Any]], version: str) -> dict[str, Any] | None:
    if "." in version:
        return next(
            (s for s in sealed if s["release"] and s["release"]["version"] == version),
            None,
        )
    if version:
        return next((s for s in sealed if s["number"] == int(version)), None)
    standing = (s for s in sealed if s["release"] and not _is_withdrawn(s))
    untouched = (s for s in sealed if not s["release"])
    return next(standing, None) or next(untouched, None)


def _is_withdrawn(snapshot: dict[str, Any]) -> bool:
    return bool(snapshot["release"]["state"] == "withdrawn")


def refuse_withdrawn(snapshot: dict[str, Any]) -> None:
    """Stop before anybody trains on what was taken back.

    Raises:
        Failure: with the reason that was given.
    """
    release = snapshot["release"]
    if release and release["state"] == "withdrawn":
        raise Failure(
            Code.WITHDRAWN,
            f"Release {release['version']} was withdrawn: "
            f"{release['withdrawn_because']}",
            "Pull a later one; --withdrawn pulls it nevertheless.",
        )


def _name(snapshot: dict[str, Any]) -> str:
    number = f"@{snapshot['number']}"
    release = snapshot["release"]
    return f"{number} (@{release['version']})" if release else number


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = ", …" if len(listed) > _NAMED_AT_MOST else ""
    return ", ".join(listed[:_NAMED_AT_MOST]) + more or "none"
