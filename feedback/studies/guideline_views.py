"""What changed in a guideline, and the button that says it was read."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.accounts.selectors import rater_of
from feedback.studies.guidelines import (
    access_guideline,
    acknowledge,
    changes_to_read,
    must_acknowledge,
)
from feedback.studies.selectors import questionnaire_of


@access(Verb.TASK_RATE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def guideline_acknowledge(request: PersonRequest, uid: UUID) -> HttpResponse:
    """What changed since a rater's last visit; a POST says that they read it."""
    version = access_guideline(request.user, uid)
    rater = rater_of(request.user)
    if request.method == "POST":
        acknowledge(rater=rater, version=version)
        if not request.htmx:
            return redirect("study_rate", uid=version.study.uid)
        context = {"guideline": version, "guideline_is_read": True}
        response = render(request, "studies/_guideline_note.html", context)
        patch_vary_headers(response, ["HX-Request"])
        return response
    changes = changes_to_read(rater=rater, version=version)
    context = {
        "study": version.study,
        "guideline": version,
        "guideline_changes": changes,
        "criteria": questionnaire_of(version).criteria,
        "must_acknowledge": must_acknowledge(changes),
    }
    return render(request, "studies/guideline_changes.html", context)
