"""A new study with the settings and questions of another; never its people's answers."""

from datetime import datetime

from django.db import transaction

from feedback.accounts.models import User
from feedback.accounts.permissions import Role
from feedback.audit.services import record
from feedback.common.exceptions import Conflict
from feedback.jobs.services import enqueue
from feedback.studies.guideline_contents import contents_of
from feedback.studies.models import GuidelineVersion, Study, StudySource
from feedback.studies.selectors import latest_guideline
from feedback.studies.services import enroll, publish_guideline, write_questions
from feedback.studies.study_settings import SETTINGS
from feedback.studies.tasks import BUILD_JOB


@transaction.atomic
def clone_study(
    *,
    study: Study,
    name: str,
    actor: User,
    now: datetime,
    is_published: bool,
    with_sources: bool,
) -> Study:
    """Make a paused copy of a study: settings, newest guideline, its sources if asked.

    People, tasks and answers stay where they are; `actor` leads the copy.

    Args:
        study: copied from.
        name: of the copy.
        actor: who makes it.
        now: the time of publishing.
        is_published: whether the guideline is version 1 at once, or a draft of it.
        with_sources: whether it asks about the same prompts.

    Raises:
        Conflict: if there is no published guideline to copy.
    """
    latest = latest_guideline(study)
    if latest is None:
        raise Conflict(
            f"Study {study.name!r} has no published guideline to copy.",
            next_step="Publish one first, or begin a new study from a template.",
        )
    kept = {one: getattr(study, one) for one in SETTINGS if one != "name"}
    clone = Study(
        name=name,
        created_by=actor,
        cloned_from=study,
        state=Study.State.PAUSED,
        **kept,
    )
    clone.full_clean()
    clone.save()
    enroll(study=clone, user=actor, role=Role.LEAD)
    if with_sources:
        StudySource.objects.bulk_create(
            StudySource(study=clone, source=source) for source in study.sources.all()
        )
    _copy_guideline(clone, latest, actor, now, is_published=is_published)
    record(
        action="study.cloned",
        subject=clone,
        actor=actor,
        details={"from": str(study.uid), "guideline": latest.number},
    )
    return clone


def _copy_guideline(
    clone: Study,
    latest: GuidelineVersion,
    actor: User,
    now: datetime,
    *,
    is_published: bool,
) -> None:
    asked = contents_of(latest)
    if not is_published:
        draft = GuidelineVersion.objects.create(
            study=clone, number=1, title=latest.title, body=latest.body
        )
        write_questions(draft, asked.criteria, asked.span_labels, asked.forms)
        return
    version = publish_guideline(
        study=clone,
        title=latest.title,
        body=latest.body,
        criteria=asked.criteria,
        span_labels=asked.span_labels,
        forms=asked.forms,
        published_by=actor,
        now=now,
    )
    for link in StudySource.objects.filter(study=clone):
        enqueue(
            kind=BUILD_JOB,
            subject=link,
            dedupe_key=f"{BUILD_JOB}:{link.pk}:guideline:{version.pk}",
        )
