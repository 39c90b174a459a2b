"""Replies that carry an export's file or the whole folder."""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import slugify

from exports.archives import zip_stream
from exports.manifest import SIGNATURE
from exports.models import ExportFile, Snapshot
from exports.ranges import Part, blocks_of, part_asked
from exports.releases import place_signature, signed_release_of

_CONTENT_TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
}
_OTHER_TYPE = "text/plain; charset=utf-8"


def part_of(request: HttpRequest, file: ExportFile) -> Part:
    """The part of a file that a request wants; its tag is the hash.

    Raises:
        Unsatisfiable: for a range behind the file's end.
    """
    return part_asked(
        asked=request.headers.get("Range", ""),
        unless=request.headers.get("If-Range", ""),
        etag=f'"{file.sha256}"',
        size=file.size_bytes,
    )


def file_response(
    folder: Path,
    file: ExportFile,
    part: Part,
    *,
    blocks: Iterator[bytes] | None = None,
) -> StreamingHttpResponse:
    """A part of a file as an attachment: 206, or 200 if it is the whole.

    Args:
        folder: where the snapshot's files are.
        file: which.
        part: what of it, as `part_of` says.
        blocks: the part's bytes, if somebody watches them go by.
    """
    response = StreamingHttpResponse(
        blocks if blocks is not None else blocks_of(folder / file.path, part),
        status=HTTPStatus.OK if part.is_whole else HTTPStatus.PARTIAL_CONTENT,
        content_type=_CONTENT_TYPES.get(Path(file.path).suffix, _OTHER_TYPE),
    )
    response["Content-Length"] = str(part.stop - part.start)
    response["Accept-Ranges"] = "bytes"
    if not part.is_whole:
        response["Content-Range"] = part.content_range
    return _named(response, file.path.replace("/", "-"), sha256=file.sha256)


def archive_blocks(folder: Path, snapshot: Snapshot) -> Iterator[bytes]:
    """The bytes of a snapshot's ZIP, with the signature if it was released."""
    paths = list(snapshot.files.values_list("path", flat=True))
    release = signed_release_of(snapshot)
    if release is not None:
        place_signature(release, folder)
        paths.append(SIGNATURE)
    return zip_stream(folder, paths, root=snapshot.name)


def archive_response(
    snapshot: Snapshot, blocks: Iterator[bytes]
) -> StreamingHttpResponse:
    """The whole folder as one ZIP; it is made while it is sent, so it has no parts."""
    response = StreamingHttpResponse(blocks, content_type="application/zip")
    response["Accept-Ranges"] = "none"
    return _named(response, archive_name(snapshot), sha256=snapshot.manifest_sha256)


def archive_name(snapshot: Snapshot) -> str:
    """What the ZIP is called."""
    study = slugify(snapshot.study.name)[:60] or "consilium"
    return f"{study}-{snapshot.name}.zip"


def _named(
    response: StreamingHttpResponse, name: str, *, sha256: str
) -> StreamingHttpResponse:
    """Never to be sniffed into something that a browser runs; tagged by its hash."""
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=name
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["ETag"] = f'"{sha256}"'
    return response
