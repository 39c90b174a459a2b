"""Setting a study up: guideline and people; `feedback.studies.building` makes tasks."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from feedback.accounts.models import User
from feedback.accounts.permissions import Role
from feedback.audit.services import record
from feedback.common.hashing import json_sha256
from feedback.corpus.models import Source
from feedback.studies.criteria import (
    SINGLE_AND_PAIR,
    CriterionDraft,
    FormDraft,
    SpanLabelDraft,
)
from feedback.studies.drafts import check_guideline
from feedback.studies.models import (
    Criterion,
    Enrollment,
    GuidelineVersion,
    SpanLabel,
    Study,
    StudySource,
    TaskForm,
)


@transaction.atomic
def create_study(
    *,
    name: str,
    created_by: User,
    description: str = "",
    overlap: int = 3,
    lease_seconds: int = 1800,
    seed: int = 1,
    undo_seconds: int = 600,
    reveal_percent: int = 0,
    leak_policy: str = Study.LeakPolicy.MASK,
) -> Study:
    """Make a study and enroll its maker as lead."""
    study = Study(
        name=name,
        description=description,
        overlap=overlap,
        lease_seconds=lease_seconds,
        seed=seed,
        undo_seconds=undo_seconds,
        reveal_percent=reveal_percent,
        leak_policy=leak_policy,
        created_by=created_by,
    )
    study.full_clean()
    study.save()
    enroll(study=study, user=created_by, role=Role.LEAD)
    record(action="study.created", subject=study, actor=created_by)
    return study


@transaction.atomic
def enroll(
    *,
    study: Study,
    user: User,
    role: Role,
    tier: Enrollment.Tier = Enrollment.Tier.GENERAL,
    stage: Enrollment.Stage = Enrollment.Stage.READY,
) -> Enrollment:
    """Give a person a role in a study; a second time changes nothing."""
    enrollment, is_new = Enrollment.objects.get_or_create(
        study=study,
        user=user,
        role=role,
        ended_at=None,
        defaults={"tier": tier, "stage": stage},
    )
    if is_new:
        record(
            action="study.enrolled",
            subject=study,
            details={"user": str(user.uid), "role": role.value},
        )
    return enrollment


@transaction.atomic
def publish_guideline(
    *,
    study: Study,
    title: str,
    body: str,
    criteria: Sequence[CriterionDraft],
    published_by: User,
    now: datetime,
    span_labels: Sequence[SpanLabelDraft] = (),
    forms: Sequence[FormDraft] = SINGLE_AND_PAIR,
    changes: str = "",
    is_major: bool = False,
) -> GuidelineVersion:
    """Write and publish the next version; from here on nothing of it changes.

    Raises:
        Invalid: if the form could not be answered as it is: `check_guideline`.
    """
    # One at a time per study: numbers follow one another.
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    check_guideline(criteria=criteria, span_labels=span_labels, forms=forms)
    version = GuidelineVersion(
        study=study,
        number=next_number(study),
        title=title,
        body=body,
        changes=changes,
        is_major=is_major,
    )
    version.full_clean()
    version.save()
    write_questions(version, criteria, span_labels, forms)
    return seal_guideline(
        version=version,
        criteria=criteria,
        span_labels=span_labels,
        forms=forms,
        published_by=published_by,
        now=now,
    )


def next_number(study: Study) -> int:
    """The number after the newest version, published or draft."""
    newest = study.guideline_versions.aggregate(n=Max("number"))["n"] or 0
    return int(newest) + 1


def seal_guideline(
    *,
    version: GuidelineVersion,
    criteria: Sequence[CriterionDraft],
    span_labels: Sequence[SpanLabelDraft],
    forms: Sequence[FormDraft],
    published_by: User,
    now: datetime,
) -> GuidelineVersion:
    """Hash and publish a version whose questions are stored, in the caller's transaction.

    Raises:
        Invalid: if the form could not be answered as it is: `check_guideline`.
    """
    check_guideline(criteria=criteria, span_labels=span_labels, forms=forms)
    version.content_sha256 = json_sha256(
        {
            "title": version.title,
            "body": version.body,
            "criteria": [draft.as_fields() for draft in criteria],
            "span_labels": [draft.as_fields() for draft in span_labels],
            "forms": [draft.as_fields() for draft in forms],
        }
    )
    version.published_at = now
    version.published_by = published_by
    version.save(
        update_fields=["number", "content_sha256", "published_at", "published_by"]
    )
    record(action="guideline.published", subject=version, actor=published_by)
    return version


def write_questions(
    version: GuidelineVersion,
    criteria: Sequence[CriterionDraft],
    span_labels: Sequence[SpanLabelDraft],
    forms: Sequence[FormDraft],
) -> None:
    """Store what a version asks, each row checked by its fields."""
    asked = [
        Criterion(guideline_version=version, position=position, **draft.as_fields())
        for position, draft in enumerate(criteria)
    ]
    labels = [
        SpanLabel(guideline_version=version, position=position, **draft.as_fields())
        for position, draft in enumerate(span_labels)
    ]
    of_kinds = [
        TaskForm(guideline_version=version, **draft.as_fields()) for draft in forms
    ]
    for row in (*asked, *labels, *of_kinds):
        row.full_clean()
    Criterion.objects.bulk_create(asked)
    SpanLabel.objects.bulk_create(labels)
    TaskForm.objects.bulk_create(of_kinds)


@transaction.atomic
def use_source(*, study: Study, source: Source) -> None:
    """Let a study ask about a source's prompts."""
    StudySource.objects.get_or_create(study=study, source=source)
