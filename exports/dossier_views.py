"""The release dossier: a page to print, and a document to keep."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from exports.dossier import as_markdown, dossier_of
from exports.release_selectors import access_release
from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest


@access(Verb.RELEASE_SEE)
@require_safe
def release_dossier(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Requirement, how it is met, evidence."""
    release = access_release(request.user, uid, Verb.RELEASE_SEE)
    context = {
        "release": release,
        "study": release.study,
        "lines": dossier_of(release),
    }
    return render(request, "exports/release_dossier.html", context)


@access(Verb.RELEASE_SEE)
@require_safe
def release_dossier_text(request: PersonRequest, uid: UUID) -> HttpResponse:
    """The same as Markdown."""
    release = access_release(request.user, uid, Verb.RELEASE_SEE)
    text = as_markdown(release, dossier_of(release))
    response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    name = f"dossier-{slugify(release.study.name)[:60]}-{release.version}.md"
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=name
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response
