"""What every page knows: the banner, the version, the way around."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from feedback.common.version import read_version


@cache
def version() -> str:
    """The version, read from the newest release in CHANGELOG.md."""
    return read_version(settings.BASE_DIR / "CHANGELOG.md")


def site(request: HttpRequest) -> dict[str, Any]:
    """Context for the base template."""
    nav: list[dict[str, Any]] = []
    if getattr(request, "user", None) is not None and request.user.is_authenticated:
        for label, name in (
            ("Home", "home"),
            ("Studies", "study_list"),
            ("My judgments", "judgment_list"),
        ):
            url = reverse(name)
            nav.append({"label": label, "url": url, "is_current": request.path == url})
    return {"nav": nav, "is_demo": settings.IS_DEMO, "version": version()}
