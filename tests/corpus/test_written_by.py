"""A completion that a rater wrote names them; a name that nobody has is refused."""

import json

import pytest

from feedback.corpus.models import Completion
from feedback.corpus.services import create_source, read_batch, start_import
from feedback.corpus.uploads import store_upload
from tests.builders import make_rater, make_user

pytestmark = pytest.mark.django_db


def read(rows, directory):
    lead = make_user()
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    batch = start_import(
        source=create_source(name="Written", created_by=lead),
        shape="consilium",
        file_name="rows.jsonl",
        stored=store_upload(chunks=[content], directory=directory, max_bytes=10**6),
        imported_by=lead,
    )
    read_batch(batch=batch, directory=directory)
    batch.refresh_from_db()
    return batch


def test_flat_and_nested_rows_name_the_writer(tmp_path):
    rater = make_rater()
    read(
        [
            {"prompt": "q1", "completion": "a1", "written_by": rater.pseudonym},
            {
                "prompt": "q2",
                "completions": [
                    {"content": "a2", "written_by": rater.pseudonym},
                    {"content": "a3"},
                ],
            },
        ],
        tmp_path,
    )
    written = dict(Completion.objects.values_list("content", "written_by"))
    assert written == {"a1": rater.pk, "a2": rater.pk, "a3": None}


def test_a_writer_nobody_knows_is_refused_by_row(tmp_path):
    batch = read(
        [
            {"prompt": "q1", "completion": "a1", "written_by": "rater-nobody"},
            {"prompt": "q2", "completion": "a2"},
        ],
        tmp_path,
    )
    (reject,) = batch.rejects.all()
    assert reject.row_no == 1
    assert "written_by" in reject.reason
    assert "rater-nobody" in reject.reason
    assert "pseudonym" in reject.next_step
