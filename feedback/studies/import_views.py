"""Importing into a study: the form, and the batch while and after it is read."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from feedback.accounts.access import access
from feedback.accounts.models import User
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.corpus.forms import ImportForm
from feedback.corpus.models import ImportBatch
from feedback.corpus.refusals import FileRefused
from feedback.corpus.selectors import is_given_up, rejects_of
from feedback.corpus.upload_limit import is_too_large
from feedback.corpus.uploads import too_large
from feedback.studies.models import Study
from feedback.studies.selectors import access_study
from feedback.studies.selectors_imports import access_batch, study_of_batch
from feedback.studies.services_imports import import_into_study

_REJECTS_SHOWN = 200


@access(Verb.CORPUS_IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def batch_create(request: PersonRequest, uid: UUID) -> HttpResponse:
    """The import form of a study."""
    study = access_study(request.user, uid, Verb.CORPUS_IMPORT)
    if request.method != "POST":
        return _form_page(request, study, ImportForm(), status=200)
    form = ImportForm(request.POST, request.FILES)
    if is_too_large(request):
        refusal: FileRefused = too_large(settings.MAX_IMPORT_BYTES)
        form.errors.clear()
    elif not form.is_valid():
        return _form_page(request, study, form, status=422)
    else:
        try:
            batch = _start(request.user, study, form)
        except FileRefused as error:
            refusal = error
        else:
            return redirect("batch_detail", uid=batch.uid)
    form.refuse_file(refusal.message, next_step=refusal.next_step)
    return _form_page(request, study, form, status=refusal.status)


def _start(user: User, study: Study, form: ImportForm) -> ImportBatch:
    upload = form.cleaned_data["file"]
    return import_into_study(
        study=study,
        chunks=upload.chunks(),
        file_name=upload.name,
        directory=settings.UPLOAD_DIR,
        max_bytes=settings.MAX_IMPORT_BYTES,
        imported_by=user,
        shape=form.cleaned_data["shape"],
        source_name=form.cleaned_data["source_name"],
        license=form.cleaned_data["license"],
        attribution=form.cleaned_data["attribution"],
    )


def _form_page(
    request: HttpRequest, study: Study, form: ImportForm, *, status: int
) -> HttpResponse:
    context = {
        "study": study,
        "form": form,
        "max_bytes": settings.MAX_IMPORT_BYTES,
        "batches": ImportBatch.objects.filter(source__studies=study)
        .select_related("source")
        .order_by("-pk")[:20],
    }
    return render(request, "corpus/batch_create.html", context, status=status)


@access(Verb.CORPUS_IMPORT)
@require_safe
def batch_detail(request: PersonRequest, uid: UUID) -> HttpResponse:
    """A batch; its fragment asks again every second until the batch is final."""
    batch = access_batch(request.user, uid)
    context = {
        "batch": batch,
        "study": study_of_batch(request.user, batch),
        "rejects": rejects_of(batch)[:_REJECTS_SHOWN],
        "n_rejects_shown": min(batch.n_rejected, _REJECTS_SHOWN),
        "is_given_up": is_given_up(batch),
    }
    name = "corpus/_batch.html" if request.htmx else "corpus/batch_detail.html"
    response = render(request, name, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
