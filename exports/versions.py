"""Version numbers of releases, and which one a difference calls for.

Semantic versioning (semver.org, 2.0.0) read for data: what breaks a trainer's code is
major, more to train on is minor, less or corrected is patch.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from feedback.common.exceptions import Invalid

_VERSION = re.compile(r"^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$")


class Level(StrEnum):
    """How much a version differs from the one before."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """major.minor.patch."""

    major: int
    minor: int
    patch: int

    @classmethod
    def from_text(cls, text: str) -> "Version":
        """Read a version.

        Raises:
            Invalid: if it is none.
        """
        found = _VERSION.match(text.strip())
        if found is None:
            message = (
                f"{text[:40]!r} is not a version: write three numbers, like 1.2.0."
            )
            raise Invalid(message, fields={"version": message})
        return cls(*(int(part) for part in found.groups()))

    def next(self, level: Level) -> "Version":
        """The version that follows."""
        if level == Level.MAJOR:
            return Version(self.major + 1, 0, 0)
        if level == Level.MINOR:
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


FIRST = Version(1, 0, 0)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The lowest version that may be chosen, and why."""

    version: Version
    level: Level
    reasons: tuple[str, ...]


def propose(*, newest: Version, result: Mapping[str, Any]) -> Proposal:
    """The version that a difference calls for.

    Args:
        newest: the highest version that was ever used.
        result: of a comparison with the release before, as `comparisons` stores it.
    """
    shape = result["shape"]
    breaking = (
        [f"configuration {name} is gone" for name in shape["removed"]]
        + [f"column {name} is gone" for name in shape["columns_removed"]]
        + [f"column {name} has another type" for name in shape["columns_changed"]]
    )
    n_added = sum(part["added"] for part in result["configurations"].values())
    extending = (
        [f"configuration {name} is new" for name in shape["added"]]
        + [f"column {name} is new" for name in shape["columns_added"]]
        + ([f"{n_added} rows are new"] if n_added else [])
    )
    n_withdrawn = sum(part["withdrawn"] for part in result["configurations"].values())
    n_changed = sum(
        part["adjudicated"] + part["revised"] + part["otherwise"]
        for part in result["configurations"].values()
    )
    correcting = ([f"{n_withdrawn} rows are withdrawn"] if n_withdrawn else []) + (
        [f"{n_changed} rows are changed"] if n_changed else []
    )
    if breaking:
        level = Level.MAJOR
    elif extending:
        level = Level.MINOR
    else:
        level = Level.PATCH
    reasons = breaking + extending + correcting or ["no row differs"]
    return Proposal(newest.next(level), level, tuple(reasons))


def first_proposal() -> Proposal:
    """Of a study that has not released anything."""
    return Proposal(FIRST, Level.MAJOR, ("it is the study's first release",))
