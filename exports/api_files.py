"""The files of a snapshot for machines, with parts, and links that anybody can use."""

from uuid import UUID

from django.conf import settings
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.decorators import (
    api_view,
    authentication_classes,
    permission_classes,
    renderer_classes,
)
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from exports.api_access import (
    AnyMedia,
    acting_for,
    person_of,
    refuse_unknown,
    token_of,
)
from exports.downloads import (
    SentOnce,
    file_of,
    make_link,
    note_pull,
    open_link,
    signed,
)
from exports.models import ExportFile, Snapshot
from exports.ranges import blocks_of
from exports.selectors import access_file, access_snapshot
from exports.sending import archive_blocks, archive_response, file_response, part_of
from exports.services import sealed_folder, stored_files
from feedback.accounts.access import access, public
from feedback.accounts.permissions import Verb
from feedback.common import clock
from feedback.common.exceptions import Invalid


@access(Verb.SNAPSHOT_PULL)
@api_view(["GET", "HEAD"])
@renderer_classes([AnyMedia])
def api_snapshot_file(request: Request, uid: UUID, path: str) -> HttpResponseBase:
    """One file of a sealed snapshot, or the part that is asked for."""
    person = person_of(request, Verb.SNAPSHOT_PULL)
    file = access_file(person, uid, path)
    folder = stored_files(
        snapshot=file.snapshot, directory=settings.EXPORT_DIR, path=file.path
    )
    part = part_of(request._request, file)  # noqa: SLF001 - DRF has no public name
    if request.method == "GET" and part.start == 0:
        note_pull(
            snapshot=file.snapshot,
            path=file.path,
            user=person,
            token=token_of(request),
            how="api",
        )
    return file_response(folder, file, part)


@access(Verb.SNAPSHOT_PULL)
@api_view(["POST"])
def api_download_create(request: Request, uid: UUID) -> Response:
    """A link to one file (`path`), or to the archive if none is named."""
    person = person_of(request, Verb.SNAPSHOT_PULL)
    snapshot = access_snapshot(person, uid, Verb.SNAPSHOT_PULL)
    file = _file_named(request, snapshot)
    sealed_folder(snapshot, settings.EXPORT_DIR)
    with acting_for(request):
        link = make_link(
            snapshot=snapshot,
            file=file,
            user=person,
            token=token_of(request),
            now=clock.now(),
            minutes=settings.DOWNLOAD_MINUTES,
        )
    address = reverse("api_download", args=[signed(link)])
    body = {
        "url": request.build_absolute_uri(address),
        "expires_at": link.expires_at,
        "path": link.path or None,
        "size_bytes": file.size_bytes if file else None,
        "sha256": file.sha256 if file else None,
    }
    return Response(body, status=201)


@public
@api_view(["GET", "HEAD"])
@authentication_classes([])
@permission_classes([AllowAny])
@renderer_classes([AnyMedia])
def api_download(request: Request, signature: str) -> HttpResponseBase:
    """What a link gives to whoever has it: once, in parts if they like."""
    now = clock.now()
    link = open_link(signature, now=now)
    snapshot, file = link.snapshot, file_of(link)
    is_sent = request.method == "GET"
    if file is None:
        folder = sealed_folder(snapshot, settings.EXPORT_DIR)
        zipped = archive_blocks(folder, snapshot)
        once = SentOnce(link, zipped, now=now) if is_sent else zipped
        starts = True
        response = archive_response(snapshot, once)
    else:
        folder = stored_files(
            snapshot=snapshot, directory=settings.EXPORT_DIR, path=file.path
        )
        part = part_of(request._request, file)  # noqa: SLF001 - as above
        blocks = blocks_of(folder / file.path, part)
        ends = is_sent and part.has_end
        once = SentOnce(link, blocks, now=now) if ends else blocks
        starts = part.start == 0
        response = file_response(folder, file, part, blocks=once)
    if is_sent and starts:
        note_pull(
            snapshot=snapshot,
            path=link.path or "*",
            user=link.user,
            token=link.token,
            how="link",
        )
    return response


def _file_named(request: Request, snapshot: Snapshot) -> ExportFile | None:
    """The file whose path was sent; None means the archive.

    Raises:
        Invalid: for another field, or a path that the snapshot does not list.
    """
    if not isinstance(request.data, dict):
        raise Invalid(
            "The body is not a JSON object.",
            next_step='Send {"path": "README.md"}, or {} for the archive.',
        )
    refuse_unknown(set(request.data), {"path"}, kind="field")
    path = request.data.get("path")
    if path is None:
        return None
    file = snapshot.files.filter(path=path).first() if _is_text(path) else None
    if file is None:
        raise Invalid(
            f"{snapshot} has no file {path!r}.",
            next_step="Use a path from the snapshot's files.",
            fields={"path": "Not a file of this snapshot."},
        )
    return file


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value
