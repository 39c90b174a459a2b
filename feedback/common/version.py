"""The version of the application, read from where people read it."""

import re
from pathlib import Path

_RELEASE = re.compile(r"^## \[?(\d+\.\d+\.\d+)\]?", re.MULTILINE)


def read_version(changelog: Path) -> str:
    """The newest release that `changelog` names, or 0.0.0 if it names none."""
    found = _RELEASE.search(changelog.read_text(encoding="utf-8"))
    return found.group(1) if found else "0.0.0"
