"""What the import tests share: a person, a source, and one call that imports."""

import json

import pytest

from feedback.accounts.services import create_user
from feedback.corpus.services import create_source, read_batch, start_import
from feedback.corpus.uploads import store_upload


@pytest.fixture
def importer(db):
    return create_user(email="importer@example.org", name="Ines Importer")


@pytest.fixture
def source(importer):
    return create_source(name="Chat log", created_by=importer)


@pytest.fixture
def uploads(tmp_path):
    return tmp_path / "uploads"


@pytest.fixture
def begin(importer, source, uploads):
    """Store a file and start its batch, without reading it."""

    def begin(content, *, name="rows.jsonl", shape="consilium", into=None):
        stored = store_upload(
            chunks=[content], directory=uploads, max_bytes=64 * 1024 * 1024
        )
        return start_import(
            source=into or source,
            shape=shape,
            file_name=name,
            stored=stored,
            imported_by=importer,
        )

    return begin


@pytest.fixture
def bring(begin, uploads):
    """Import a file's content and return the finished batch."""

    def bring(content, **options):
        batch = begin(content, **options)
        read_batch(batch=batch, directory=uploads)
        batch.refresh_from_db()
        return batch

    return bring


@pytest.fixture
def lines():
    """Rows as JSON lines."""

    def lines(*rows):
        return "".join(json.dumps(row) + "\n" for row in rows).encode()

    return lines
