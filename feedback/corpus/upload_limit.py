"""Keeps an upload that is too large from filling the disk before a view can refuse it.

Listed first in FILE_UPLOAD_HANDLERS. The body is read to its end and thrown away, so
that the browser shows our answer instead of a broken connection.
"""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

# Boundaries and the form's other fields.
_FORM_BYTES = 64 * 1024


def is_too_large(request: HttpRequest) -> bool:
    """Whether the body is above the limit for files, by its declared length."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    n_bytes = int(declared) if declared.isdigit() else 0
    return n_bytes > settings.MAX_IMPORT_BYTES + _FORM_BYTES


class UploadLimit(FileUploadHandler):
    """Skips every file of a request whose body is above the limit."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's
        """Refuse to open a file of a request that is too large."""
        if self.request is not None and is_too_large(self.request):
            raise SkipFile
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:  # noqa: ARG002
        """Pass the data on to the next handler."""
        return raw_data

    def file_complete(self, file_size: int) -> None:  # noqa: ARG002
        """Leave the file to the next handler."""
        return
