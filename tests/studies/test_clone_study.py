"""A copy of a study: its settings and questions, never its people's answers."""

import pytest
from django.urls import reverse

from feedback.accounts.permissions import Role
from feedback.common import clock
from feedback.common.exceptions import Conflict
from feedback.jobs.models import Job
from feedback.studies.cloning import clone_study
from feedback.studies.guideline_contents import contents_of
from feedback.studies.models import Study
from feedback.studies.services import create_study
from feedback.studies.study_settings import SETTINGS
from feedback.studies.tasks import build_tasks
from tests.builders import judge_all, make_user


def clone(cast, *, is_published=True, with_sources=False):
    return clone_study(
        study=cast.study,
        name="Second",
        actor=cast.lead,
        now=clock.now(),
        is_published=is_published,
        with_sources=with_sources,
    )


def test_settings_and_questions_go_along_and_answers_do_not(cast):
    Study.objects.filter(pk=cast.study.pk).update(
        gold_percent=5, policy="lead", specialties=["primary care"]
    )
    cast.study.refresh_from_db()
    judge_all(cast.study, cast.rater, limit=1)
    copy = clone(cast)
    assert (copy.state, copy.cloned_from) == ("paused", cast.study)
    for name in set(SETTINGS) - {"name"}:
        assert getattr(copy, name) == getattr(cast.study, name)
    version = copy.guideline_versions.get()
    first = cast.study.guideline_versions.get()
    assert (version.number, version.content_sha256) == (1, first.content_sha256)
    assert not copy.tasks.exists()
    assert not copy.sources.exists()
    (only,) = copy.enrollments.all()
    assert (only.user, only.role) == (cast.lead, Role.LEAD)


def test_the_guideline_may_wait_as_a_draft(cast):
    copy = clone(cast, is_published=False, with_sources=True)
    draft = copy.guideline_versions.get()
    assert draft.published_at is None
    assert contents_of(draft) == contents_of(cast.study.guideline_versions.get())
    assert not Job.objects.filter(kind="studies.build_tasks").exists()


def test_the_same_prompts_make_tasks_anew(cast):
    copy = clone(cast, with_sources=True)
    (job,) = Job.objects.filter(kind="studies.build_tasks")
    build_tasks(job.subject_id)
    assert copy.tasks.count() == cast.study.tasks.count()
    assert not set(copy.tasks.all()) & set(cast.study.tasks.all())


def test_without_a_guideline_there_is_nothing_to_copy(cast, sign_in):
    bare = create_study(name="Bare", created_by=cast.lead)
    with pytest.raises(Conflict, match="no published guideline"):
        clone_study(
            study=bare,
            name="B",
            actor=cast.lead,
            now=clock.now(),
            is_published=True,
            with_sources=False,
        )
    url = reverse("study_clone", args=[bare.uid])
    assert sign_in(cast.lead).post(url, {"name": "B"}).status_code == 409
    assert not Study.objects.filter(name="B").exists()


def test_the_page_makes_a_copy(cast, sign_in):
    client = sign_in(cast.lead)
    url = reverse("study_clone", args=[cast.study.uid])
    assert f"{cast.study.name} (copy)" in client.get(url).text
    assert client.post(url, {"name": ""}).status_code == 422
    answer = client.post(url, {"name": "Again", "is_published": "on"})
    copy = Study.objects.get(name="Again")
    assert answer["Location"] == reverse("study_setup", args=[copy.uid])
    assert copy.guideline_versions.get().published_at
    assert sign_in(make_user()).get(url).status_code == 404
