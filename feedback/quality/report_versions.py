"""Which program computed a report: its release, and the shape of what it stores."""

from pathlib import Path

from django.conf import settings

from feedback.common.version import read_version

# Rises whenever what a report stores is called otherwise or means something else, so
# that no page reads numbers in a shape it does not know.
SHAPE = 2


def report_version() -> str:
    """The release of the application with the shape of its reports, as 1.2.0+2."""
    release = read_version(Path(settings.BASE_DIR) / "CHANGELOG.md")
    return f"{release}+{SHAPE}"
