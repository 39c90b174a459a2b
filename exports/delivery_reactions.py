"""Telling endpoints what happened; `rlhf_site.wiring` says when."""

from exports.events import ReleasePublished, RowsWithdrawn
from exports.models import Release
from exports.webhooks import tell_news
from feedback.studies.models import Study


def after_release(event: ReleasePublished) -> None:
    """Tell the study's endpoints that a version is out."""
    release = Release.objects.select_related("study").get(pk=event.release_id)
    tell_news(release.study)


def after_withdrawal(event: RowsWithdrawn) -> None:
    """Tell the study's endpoints that rows must not be used any more."""
    tell_news(Study.objects.get(pk=event.study_id))
