"""Bringing a file into a study."""

from collections.abc import Iterable
from pathlib import Path

from django.db import transaction

from feedback.accounts.models import User
from feedback.corpus.models import ImportBatch
from feedback.corpus.services import create_source, shape_of_file, start_import
from feedback.corpus.uploads import store_upload
from feedback.studies.models import Study
from feedback.studies.services import use_source


def import_into_study(
    *,
    study: Study,
    chunks: Iterable[bytes],
    file_name: str,
    directory: Path,
    max_bytes: int,
    imported_by: User,
    shape: str = "",
    source_name: str = "",
    license: str = "",  # noqa: A002 - the column's name
    attribution: str = "",
) -> ImportBatch:
    """Store a file, name its source, and start reading it.

    Args:
        study: gets the source; one of the same name that it has is used again.
        chunks: the file's content.
        file_name: as the person knows it; also the source's name, if none is given.
        directory: of the stored uploads.
        max_bytes: the limit for a file.
        imported_by: who is named in the audit trail.
        shape: a key of `ImportBatch.Shape`; found from the first rows if empty.
        source_name: where the content comes from.
        license: of a new source.
        attribution: of a new source.

    Raises:
        FileRefused: if the file is too large, or has no shape we know.
    """
    stored = store_upload(chunks=chunks, directory=directory, max_bytes=max_bytes)
    if not shape:
        shape = shape_of_file(path=stored.path, file_name=file_name).key
    with transaction.atomic():
        # Two imports under one name at once must find one source.
        Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        name = source_name.strip() or file_name[:200]
        source = study.sources.filter(name=name).order_by("pk").first()
        if source is None:
            source = create_source(
                name=name,
                created_by=imported_by,
                license=license,
                attribution=attribution,
            )
            use_source(study=study, source=source)
        return start_import(
            source=source,
            shape=shape,
            file_name=file_name,
            stored=stored,
            imported_by=imported_by,
        )
