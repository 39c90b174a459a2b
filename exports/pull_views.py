"""The page for those who train: what changed since your last pull."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from exports.pulls import last_pull, news_since
from exports.selectors import snapshots_for
from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.studies.selectors import access_study


@access(Verb.SNAPSHOT_PULL)
@require_safe
def pull_news(request: PersonRequest, uid: UUID) -> HttpResponse:
    """What has become of the study's data since the person last took some."""
    study = access_study(request.user, uid, Verb.SNAPSHOT_PULL)
    snapshots = snapshots_for(request.user, Verb.SNAPSHOT_PULL).filter(study=study)
    pull = last_pull(request.user, snapshots)
    news = news_since(pull, study)
    context = {
        "study": study,
        "news": news,
        "url": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "exports/pull_news.html", context)
