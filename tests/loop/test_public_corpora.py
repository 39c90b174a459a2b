"""Real physicians' texts go the whole way: import, tasks, judgments, dataset."""

from datetime import timedelta
from pathlib import Path

import datasets
import pytest

from exports.models import Snapshot
from exports.rules import Rules
from exports.services import folder_of, request_snapshot, seal_snapshot
from feedback.common import clock
from feedback.jobs.services import due_job_ids, run_job
from feedback.rating.answers import Answer, scores
from feedback.studies.criteria import CHATBOT_ANSWER
from feedback.studies.models import Task
from feedback.studies.services import create_study, publish_guideline
from feedback.studies.services_imports import import_into_study
from tests.builders import BETTER_A, judge_all, make_rater, make_user

pytestmark = pytest.mark.django_db(transaction=True)

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
RATED = {"sft", "sft_prompt_completion", "kto", "kto_text", "prompts", "ratings"}
COMPARED = {"preference", "preference_implicit", "preference_text", "votes"}
CORPORA = {
    # file -> single tasks, pair tasks, configurations that hold rows
    "kqa_physician_answers.jsonl": (201, 0, RATED),
    "medec_corrections.jsonl": (260, 100, RATED | COMPARED),
}
FINE = Answer(ratings=scores(correctness=5, completeness=5, tone=5, safety=5))


@pytest.mark.parametrize("name", CORPORA)
def test_a_public_corpus_becomes_a_dataset(name, settings, tmp_path, monkeypatch):
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{name} is not in ../shared/data beside the repository")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    n_singles, n_pairs, configurations = CORPORA[name]
    lead = make_user()
    study = create_study(name=name, created_by=lead, overlap=1)
    publish_guideline(
        study=study,
        title="G",
        body="Rules.",
        criteria=CHATBOT_ANSWER,
        published_by=lead,
        now=clock.now(),
    )

    import_into_study(
        study=study,
        chunks=[path.read_bytes()],
        file_name=name,
        directory=settings.UPLOAD_DIR,
        max_bytes=settings.MAX_IMPORT_BYTES,
        imported_by=lead,
    )
    _work()

    kinds = list(study.tasks.values_list("kind", flat=True))
    assert kinds.count(Task.Kind.SINGLE) == n_singles
    assert kinds.count(Task.Kind.PAIR) == n_pairs
    judgments = judge_all(study, make_rater(study), single=FINE, pair=BETTER_A)
    assert len(judgments) == n_singles + n_pairs
    snapshot = request_snapshot(
        study=study,
        actor=lead,
        app_version="0.0.1",
        test_percent=20,
        rules=Rules(min_raters=1),
        is_queued=False,
    )
    seal_snapshot(snapshot=snapshot, directory=settings.EXPORT_DIR)
    assert Snapshot.objects.get().state == Snapshot.State.SEALED
    folder = str(folder_of(snapshot, settings.EXPORT_DIR))
    assert set(datasets.get_dataset_config_names(folder)) == configurations
    for configuration in configurations:
        loaded = datasets.load_dataset(
            folder, configuration, cache_dir=str(tmp_path / "cache")
        )
        train, test = (set(loaded[split]["group_id"]) for split in ("train", "test"))
        assert train
        assert test
        assert not train & test


def _work():
    while due := due_job_ids(now=clock.now(), older_than=timedelta()):
        for job_id in due:
            assert run_job(job_id=job_id)
