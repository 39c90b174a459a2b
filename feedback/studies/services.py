"""Setting a study up: guideline, people, tasks."""

from datetime import datetime
from itertools import combinations

from django.db import transaction
from django.db.models import Max

from feedback.accounts.models import User
from feedback.accounts.permissions import Role
from feedback.audit.services import record
from feedback.common.exceptions import Conflict, Invalid
from feedback.common.hashing import json_sha256
from feedback.corpus.models import Completion, Prompt, Source
from feedback.studies.criteria import CriterionDraft
from feedback.studies.models import (
    Criterion,
    Enrollment,
    GuidelineVersion,
    Slot,
    Study,
    StudySource,
    Task,
    TaskItem,
)
from feedback.studies.sampling import shuffle_key
from feedback.studies.selectors import latest_guideline

_PROMPTS_A_CHUNK = 200
# Of one prompt's completions: so many are rated alone, and so many in pairs. Pairs grow
# with the square, and a file may hold any number of completions of one prompt.
MAX_RATED = 100
MAX_PAIRED = 16


@transaction.atomic
def create_study(
    *,
    name: str,
    created_by: User,
    description: str = "",
    overlap: int = 3,
    lease_seconds: int = 1800,
    seed: int = 1,
) -> Study:
    """Make a study and enroll its maker as lead."""
    study = Study(
        name=name,
        description=description,
        overlap=overlap,
        lease_seconds=lease_seconds,
        seed=seed,
        created_by=created_by,
    )
    study.full_clean()
    study.save()
    enroll(study=study, user=created_by, role=Role.LEAD)
    record(action="study.created", subject=study, actor=created_by)
    return study


@transaction.atomic
def enroll(*, study: Study, user: User, role: Role) -> Enrollment:
    """Give a person a role in a study; a second time changes nothing."""
    enrollment, is_new = Enrollment.objects.get_or_create(
        study=study, user=user, role=role, ended_at=None
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
    criteria: list[CriterionDraft],
    published_by: User,
    now: datetime,
) -> GuidelineVersion:
    """Write and publish the next version; from here on nothing of it changes.

    Raises:
        Invalid: without criteria, or with the same key twice.
    """
    keys = [draft.key for draft in criteria]
    if not keys or len(set(keys)) != len(keys):
        raise Invalid(
            f"A guideline needs criteria with different keys, not {keys}.",
            next_step="Name each criterion once.",
        )
    newest = study.guideline_versions.aggregate(n=Max("number"))["n"] or 0
    version = GuidelineVersion(study=study, number=newest + 1, title=title, body=body)
    version.full_clean()
    version.save()
    rows = [
        Criterion(guideline_version=version, position=position, **draft.as_fields())
        for position, draft in enumerate(criteria)
    ]
    for row in rows:
        row.full_clean()
    Criterion.objects.bulk_create(rows)
    version.content_sha256 = json_sha256(
        {"title": title, "body": body, "criteria": [d.as_fields() for d in criteria]}
    )
    version.published_at = now
    version.published_by = published_by
    version.save(update_fields=["content_sha256", "published_at", "published_by"])
    record(action="guideline.published", subject=version, actor=published_by)
    return version


@transaction.atomic
def use_source(*, study: Study, source: Source) -> None:
    """Let a study ask about a source's prompts."""
    StudySource.objects.get_or_create(study=study, source=source)


def build_tasks(*, study: Study, source: Source | None = None) -> int:
    """Make the tasks that a study's prompts call for and return how many are new.

    Each completion becomes a single task and each pair of a prompt's completions a
    pair task, with `study.overlap` slots: the first `MAX_RATED` completions that came
    in, and pairs of the first `MAX_PAIRED`. Re-running is safe: a task's fingerprint
    is unique in its study.

    Raises:
        Conflict: without a published guideline.
    """
    guideline = latest_guideline(study)
    if guideline is None:
        raise Conflict(
            f"Study {study.name!r} has no published guideline.",
            next_step="Publish one, so that each answer can say what it followed.",
        )
    sources = [source] if source else list(study.sources.all())
    prompts = Prompt.objects.filter(source__in=sources).order_by("pk")
    n_new, last_pk = 0, 0
    while chunk := list(
        prompts.filter(pk__gt=last_pk).only("pk", "content_sha256")[:_PROMPTS_A_CHUNK]
    ):
        last_pk = chunk[-1].pk
        n_new += _build_chunk(study, guideline, chunk)
    return n_new


@transaction.atomic
def _build_chunk(
    study: Study, guideline: GuidelineVersion, prompts: list[Prompt]
) -> int:
    completions: dict[int, list[Completion]] = {prompt.pk: [] for prompt in prompts}
    rows = Completion.objects.filter(prompt__in=prompts).order_by("pk")
    for completion in rows.only("pk", "prompt_id", "content_sha256").iterator():
        if len(completions[completion.prompt_id]) < MAX_RATED:
            completions[completion.prompt_id].append(completion)
    wanted = {
        task.fingerprint: (task, items)
        for prompt in prompts
        for task, items in _tasks_of(study, guideline, prompt, completions[prompt.pk])
    }
    known = set(
        study.tasks.filter(fingerprint__in=wanted).values_list("fingerprint", flat=True)
    )
    fresh = {key: value for key, value in wanted.items() if key not in known}
    # Two builders at once: the unique fingerprint lets one of them win each task.
    Task.objects.bulk_create((t for t, _ in fresh.values()), ignore_conflicts=True)
    made = study.tasks.filter(uid__in=[task.uid for task, _ in fresh.values()]).in_bulk(
        field_name="uid"
    )
    TaskItem.objects.bulk_create(
        TaskItem(task=made[task.uid], completion=completion, position=position)
        for task, items in fresh.values()
        if task.uid in made
        for position, completion in enumerate(items)
    )
    Slot.objects.bulk_create(
        Slot(
            study=study,
            task=task,
            slot_no=slot_no,
            shuffle_key=shuffle_key(seed=study.seed, fingerprint=task.fingerprint),
        )
        for task in made.values()
        for slot_no in range(study.overlap)
    )
    return len(made)


def _tasks_of(
    study: Study,
    guideline: GuidelineVersion,
    prompt: Prompt,
    completions: list[Completion],
) -> list[tuple[Task, list[Completion]]]:
    """The tasks one prompt calls for, unsaved, with what each shows."""
    shown = [(Task.Kind.SINGLE, [completion]) for completion in completions]
    paired = combinations(completions[:MAX_PAIRED], 2)
    shown += [(Task.Kind.PAIR, list(pair)) for pair in paired]
    return [
        (
            Task(
                study=study,
                guideline_version=guideline,
                prompt=prompt,
                kind=kind,
                fingerprint=_fingerprint(guideline, prompt, kind, items),
            ),
            items,
        )
        for kind, items in shown
    ]


def _fingerprint(
    guideline: GuidelineVersion,
    prompt: Prompt,
    kind: Task.Kind,
    items: list[Completion],
) -> str:
    return json_sha256(
        {
            "guideline": guideline.number,
            "kind": kind.value,
            "prompt": prompt.pk,
            "completions": [completion.pk for completion in items],
        }
    )
