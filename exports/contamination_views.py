"""A study's evaluation sets: name one, see which there are, stop using one."""

import tempfile
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from exports.contamination_forms import EvaluationSetForm
from exports.contamination_selectors import access_evaluation_set, sets_of
from exports.evaluation_sets import name_evaluation_set, retire_evaluation_set
from feedback.accounts.access import access
from feedback.accounts.models import User
from feedback.accounts.permissions import Verb, may
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.common.exceptions import DomainError
from feedback.corpus.upload_limit import is_too_large
from feedback.corpus.uploads import store_upload, too_large
from feedback.studies.models import Study
from feedback.studies.selectors import access_study


@access(Verb.SNAPSHOT_PULL)
@require_http_methods(["GET", "HEAD", "POST"])
def evaluation_set_list(request: PersonRequest, uid: UUID) -> HttpResponse:
    """The sets of a study, and for its leads the form that names another."""
    if request.method != "POST":
        study = access_study(request.user, uid, Verb.SNAPSHOT_PULL)
        return _page(request, study, EvaluationSetForm(), status=200)
    study = access_study(request.user, uid, Verb.SNAPSHOT_SEAL)
    form = EvaluationSetForm(request.POST, request.FILES)
    if is_too_large(request):
        form.errors.clear()
        refusal: DomainError = too_large(settings.MAX_IMPORT_BYTES)
    elif not form.is_valid():
        return _page(request, study, form, status=422)
    else:
        try:
            _name(request.user, study, form)
        except DomainError as error:
            refusal = error
        else:
            return redirect("evaluation_set_list", uid=study.uid)
    form.add_error("file", f"{refusal.message} {refusal.next_step}")
    status = refusal.status if is_too_large(request) else 422
    return _page(request, study, form, status=status)


@access(Verb.SNAPSHOT_SEAL)
@require_POST
def evaluation_set_retire(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Stop checking snapshots against a set."""
    evaluation_set = access_evaluation_set(request.user, uid, Verb.SNAPSHOT_SEAL)
    retire_evaluation_set(
        evaluation_set=evaluation_set, actor=request.user, now=clock.now()
    )
    return redirect("evaluation_set_list", uid=evaluation_set.study.uid)


def _name(user: User, study: Study, form: EvaluationSetForm) -> None:
    upload = form.cleaned_data["file"]
    settings.UPLOAD_DIR.mkdir(parents=True, exist_ok=True)
    # Not into the store of uploads: nothing of a benchmark but hashes stays here.
    with tempfile.TemporaryDirectory(dir=settings.UPLOAD_DIR, prefix="set-") as name:
        stored = store_upload(
            chunks=upload.chunks(),
            directory=Path(name),
            max_bytes=settings.MAX_IMPORT_BYTES,
        )
        name_evaluation_set(
            study=study,
            name=form.cleaned_data["name"],
            source=form.cleaned_data["source"],
            n_words=form.cleaned_data["n_words"],
            path=stored.path,
            file_name=upload.name,
            actor=user,
        )


def _page(
    request: HttpRequest, study: Study, form: EvaluationSetForm, *, status: int
) -> HttpResponse:
    assert isinstance(request.user, User)  # noqa: S101 - for the type checker
    context = {
        "study": study,
        "form": form,
        "sets": sets_of(study),
        "may_name": may(request.user, Verb.SNAPSHOT_SEAL, study),
        "max_bytes": settings.MAX_IMPORT_BYTES,
    }
    return render(request, "exports/evaluation_set_list.html", context, status=status)
