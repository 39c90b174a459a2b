"""Public corpora, whole, by the same way as any file. Skipped where they are absent."""

from pathlib import Path

import pytest
from django.db.models import Count

from feedback.corpus.models import Completion, ImportBatch, Prompt
from feedback.corpus.services import shape_of_file

pytestmark = pytest.mark.django_db

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

CORPORA = [
    # file, shape, prompts, completions
    ("kqa_physician_answers.jsonl", "kqa", 201, 201),
    ("medec_corrections.jsonl", "medec", 160, 260),
    ("oasst_en_trees.jsonl", "oasst", None, None),
]


@pytest.mark.parametrize(("name", "shape", "n_prompts", "n_completions"), CORPORA)
def test_a_public_corpus_comes_in_whole(bring, name, shape, n_prompts, n_completions):
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{name} is not in ../shared/data beside the repository")
    assert shape_of_file(path=path, file_name=name).key == shape
    batch = bring(path.read_bytes(), name=name, shape=shape)
    assert (batch.state, batch.n_rejected) == (ImportBatch.State.DONE, 0)
    if n_prompts is not None:
        assert (batch.n_prompts_new, batch.n_completions_new) == (
            n_prompts,
            n_completions,
        )
    again = bring(path.read_bytes(), name=name, shape=shape)
    assert (again.n_prompts_new, again.n_completions_new) == (0, 0)
    assert again.n_known == again.n_rows_read
    widest = Prompt.objects.annotate(n=Count("completions")).order_by("-n").first()
    assert widest.n >= 1
    assert Completion.objects.count() == batch.n_completions_new
