"""The tasks that a study's prompts call for."""

import pytest

from feedback.common import clock
from feedback.common.exceptions import Conflict
from feedback.corpus.events import BatchRead
from feedback.corpus.services import create_source
from feedback.jobs.models import Job
from feedback.jobs.services import run_job
from feedback.studies.building import MAX_PAIRED, MAX_RATED, build_tasks
from feedback.studies.criteria import CHATBOT_ANSWER
from feedback.studies.models import Slot, Task
from feedback.studies.services import (
    create_study,
    publish_guideline,
    use_source,
)
from rlhf_site.wiring import build_tasks_of_batch
from tests.builders import make_prompts, make_study, make_user

pytestmark = pytest.mark.django_db


def test_each_completion_and_each_pair_becomes_a_task():
    study = make_study(n_prompts=2, n_completions=3, overlap=4)

    kinds = list(study.tasks.values_list("kind", flat=True))
    assert kinds.count(Task.Kind.SINGLE) == 6
    assert kinds.count(Task.Kind.PAIR) == 6
    assert Slot.objects.filter(study=study).count() == 12 * 4


def test_second_build_makes_nothing():
    study = make_study(n_prompts=2)

    assert build_tasks(study=study) == 0


def test_new_completion_brings_only_its_own_tasks():
    study = make_study(n_prompts=1)
    prompt = study.tasks.first().prompt
    prompt.completions.create(
        batch=prompt.batch, content="A third answer", content_sha256="3" * 64
    )

    # One single task, and a pair with each of the two others.
    assert build_tasks(study=study) == 3


def test_prompt_with_very_many_completions_does_not_square_them():
    study = make_study(n_prompts=1, n_completions=120, overlap=1)

    kinds = list(study.tasks.values_list("kind", flat=True))
    assert kinds.count(Task.Kind.SINGLE) == MAX_RATED
    assert kinds.count(Task.Kind.PAIR) == MAX_PAIRED * (MAX_PAIRED - 1) // 2
    assert build_tasks(study=study) == 0


def test_without_a_guideline_there_is_nothing_to_follow():
    study = create_study(name="Bare", created_by=make_user())

    with pytest.raises(Conflict, match="no published guideline"):
        build_tasks(study=study)


def test_read_batch_builds_the_tasks_of_each_study_that_uses_its_source():
    lead = make_user()
    source = create_source(name="Shared", created_by=lead)
    studies = [create_study(name=f"S{n}", created_by=lead) for n in range(2)]
    for study in studies:
        use_source(study=study, source=source)
    publish_guideline(
        study=studies[0],
        title="G",
        body="Rules.",
        criteria=CHATBOT_ANSWER,
        published_by=lead,
        now=clock.now(),
    )
    (prompt,) = make_prompts(source, n_prompts=1)

    build_tasks_of_batch(BatchRead(batch_id=prompt.batch_id))
    build_tasks_of_batch(BatchRead(batch_id=prompt.batch_id))

    jobs = Job.objects.filter(kind="studies.build_tasks")
    assert jobs.count() == 2
    assert all(run_job(job_id=job.pk) for job in jobs)
    assert studies[0].tasks.count() == 3
    assert studies[1].tasks.count() == 0


@pytest.mark.parametrize(("is_major", "n_new"), [(False, 0), (True, 3)])
def test_only_a_major_version_asks_the_same_texts_again(is_major, n_new):
    study = make_study(n_prompts=1, n_completions=2)
    publish_guideline(
        study=study,
        title="Next",
        body="Judge it all.",
        criteria=CHATBOT_ANSWER,
        published_by=study.created_by,
        now=clock.now(),
        changes="Words.",
        is_major=is_major,
    )

    assert build_tasks(study=study) == n_new
    # A small change after it makes nothing either.
    publish_guideline(
        study=study,
        title="After",
        body="Judge it all!",
        criteria=CHATBOT_ANSWER,
        published_by=study.created_by,
        now=clock.now(),
    )
    assert build_tasks(study=study) == 0
