"""A study's exports: seal a snapshot, watch it, see what is in it, pull it."""

from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from exports.forms import SealForm
from exports.schemas import CONFIGURATIONS
from exports.selectors import (
    access_file,
    access_snapshot,
    contract_parts,
    preview_of,
    progress_of,
    snapshots_for,
    split_counts,
)
from exports.sending import (
    archive_blocks,
    archive_name,
    archive_response,
    file_response,
    part_of,
)
from exports.services import (
    N_STEPS,
    record_pull,
    request_snapshot,
    sealed_folder,
    stored_files,
)
from feedback.accounts.access import access
from feedback.accounts.permissions import Verb, may
from feedback.accounts.requests import PersonRequest
from feedback.common.version import read_version
from feedback.studies.models import Study
from feedback.studies.selectors import access_study

_SNAPSHOTS_SHOWN = 50


@access(Verb.SNAPSHOT_PULL)
@require_safe
def snapshot_list(request: PersonRequest, uid: UUID) -> HttpResponse:
    """What a snapshot of the study would hold, and the snapshots it has."""
    study = access_study(request.user, uid, Verb.SNAPSHOT_PULL)
    return _list_page(request, study, SealForm(study=study), status=200)


@access(Verb.SNAPSHOT_SEAL)
@require_POST
def snapshot_seal(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Ask for a new snapshot; a job pins, writes and seals it."""
    study = access_study(request.user, uid, Verb.SNAPSHOT_SEAL)
    form = SealForm(request.POST, study=study)
    if not form.is_valid():
        return _list_page(request, study, form, status=422)
    snapshot = request_snapshot(
        study=study,
        actor=request.user,
        app_version=read_version(Path(settings.BASE_DIR) / "CHANGELOG.md"),
        test_percent=form.cleaned_data["test_percent"],
        rules=form.rules(),
    )
    return redirect("snapshot_detail", uid=snapshot.uid)


def _list_page(
    request: PersonRequest, study: Study, form: SealForm, *, status: int
) -> HttpResponse:
    snapshots = snapshots_for(request.user, Verb.SNAPSHOT_PULL).filter(study=study)
    context = {
        "study": study,
        "form": form,
        "may_seal": may(request.user, Verb.SNAPSHOT_SEAL, study),
        "preview": preview_of(study),
        "snapshots": snapshots.prefetch_related("releases")[:_SNAPSHOTS_SHOWN],
        "configurations": CONFIGURATIONS,
    }
    return render(request, "exports/snapshot_list.html", context, status=status)


@access(Verb.SNAPSHOT_PULL)
@require_safe
def snapshot_detail(request: PersonRequest, uid: UUID) -> HttpResponse:
    """A snapshot; its fragment asks again every second until nobody works on it."""
    snapshot = access_snapshot(request.user, uid, Verb.SNAPSHOT_PULL)
    counts = split_counts(snapshot)
    context = {
        "snapshot": snapshot,
        "study": snapshot.study,
        "progress": progress_of(snapshot, n_steps=N_STEPS),
        "counts": counts,
        "loadable": [count.configuration for count in counts if count.n_rows],
        "parts": contract_parts(snapshot) if snapshot.sealed_at else [],
        "files": list(snapshot.files.all()),
        "archive_name": archive_name(snapshot),
        "releases": list(snapshot.releases.order_by("-pk")),
        "may_release": may(request.user, Verb.RELEASE_PREPARE, snapshot),
    }
    name = "_snapshot" if request.htmx else "snapshot_detail"
    response = render(request, f"exports/{name}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@access(Verb.SNAPSHOT_PULL)
@require_safe
def snapshot_file(request: PersonRequest, uid: UUID, path: str) -> HttpResponseBase:
    """One file of a sealed snapshot, or the part that is asked for."""
    file = access_file(request.user, uid, path)
    folder = stored_files(
        snapshot=file.snapshot, directory=settings.EXPORT_DIR, path=file.path
    )
    part = part_of(request, file)
    if request.method == "GET" and part.start == 0:
        record_pull(snapshot=file.snapshot, actor=request.user, path=file.path)
    return file_response(folder, file, part)


@access(Verb.SNAPSHOT_PULL)
@require_safe
def snapshot_archive(request: PersonRequest, uid: UUID) -> HttpResponseBase:
    """The whole folder of a sealed snapshot as one ZIP."""
    snapshot = access_snapshot(request.user, uid, Verb.SNAPSHOT_PULL)
    folder = sealed_folder(snapshot, settings.EXPORT_DIR)
    if request.method == "GET":
        record_pull(snapshot=snapshot, actor=request.user, path="*")
    return archive_response(snapshot, archive_blocks(folder, snapshot))
