"""Builders: the shortest way to a study with people, tasks and judgments.

They call the services that the application calls, so a built object is one that the
application could have made. Names count up, so that nothing collides.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from feedback.accounts.models import Rater, User
from feedback.accounts.permissions import Role
from feedback.accounts.services import create_rater, create_user
from feedback.common import clock
from feedback.common.hashing import json_sha256, text_sha256
from feedback.corpus.models import Completion, ImportBatch, ModelVersion, Prompt, Source
from feedback.corpus.services import create_source
from feedback.rating.answers import Answer, scores
from feedback.rating.models import Judgment
from feedback.rating.services import submit_judgment
from feedback.rating.shown import shown_of
from feedback.studies.assignment import assign_next
from feedback.studies.building import build_tasks
from feedback.studies.criteria import (
    CHATBOT_ANSWER,
    SINGLE_AND_PAIR,
    CriterionDraft,
    FormDraft,
    SpanLabelDraft,
)
from feedback.studies.models import Assignment, Study, Task
from feedback.studies.services import (
    create_study,
    enroll,
    publish_guideline,
    use_source,
)

_numbers = count(1)
# Three of the template's four: enough to tell one from another.
CRITERIA = [one for one in CHATBOT_ANSWER if one.key != "completeness"]
GOOD = Answer(ratings=scores(correctness=5, tone=4, safety=5))
BETTER_A = Answer(outcome="a", strength=2, reasons=("correctness",))


def make_user(name: str = "", *, roles: tuple[Role, ...] = ()) -> User:
    """Make a person who can sign in."""
    number = next(_numbers)
    name = name or f"Person {number}"
    return create_user(
        email=f"person{number}@example.org",
        name=name,
        roles=roles,
        password="correct horse battery staple",
    )


def make_rater(study: Study | None = None, name: str = "") -> Rater:
    """Make a clinician, enrolled in `study` if one is given."""
    rater = create_rater(
        user=make_user(name), profession="physician", specialty="primary care"
    )
    if study is not None:
        enroll(study=study, user=rater.user, role=Role.RATER)
    return rater


def make_batch(source: Source) -> ImportBatch:
    """Make a finished batch, which content needs to come from."""
    return ImportBatch.objects.create(
        source=source,
        shape=ImportBatch.Shape.CONSILIUM,
        file_name="built.jsonl",
        file_sha256=text_sha256(f"file {next(_numbers)}"),
        file_bytes=1,
        imported_by=source.created_by,
        state=ImportBatch.State.DONE,
        finished_at=clock.now(),
    )


def make_prompts(
    source: Source,
    *,
    n_prompts: int,
    n_completions: int = 2,
    text: str = "May I take ibuprofen with warfarin?",
    per_group: int = 1,
) -> list[Prompt]:
    """Make prompts with completions, `per_group` of them in a family."""
    batch = make_batch(source)
    models = [
        ModelVersion.objects.get_or_create(name=f"model-{index}")[0]
        for index in range(n_completions)
    ]
    prompts = [
        Prompt(
            source=source,
            batch=batch,
            messages=(turns := [{"role": "user", "content": f"{text} ({index})"}]),
            content_sha256=json_sha256(turns),
            group_key=f"case-{index // per_group}",
            specialty=("cardiology", "pediatrics", "oncology")[index % 3],
            external_id=f"p{index}",
        )
        for index in range(n_prompts)
    ]
    Prompt.objects.bulk_create(prompts, batch_size=1000)
    Completion.objects.bulk_create(
        (
            Completion(
                prompt=prompt,
                batch=batch,
                model_version=models[index],
                content=(content := f"Answer {index} to {prompt.messages}"),
                content_sha256=text_sha256(content),
            )
            for prompt in prompts
            for index in range(n_completions)
        ),
        batch_size=1000,
    )
    return prompts


def make_study(
    *,
    lead: User | None = None,
    n_prompts: int = 3,
    n_completions: int = 2,
    overlap: int = 3,
    per_group: int = 1,
    lease_seconds: int = 1800,
    now: datetime | None = None,
    criteria: Sequence[CriterionDraft] = CRITERIA,
    span_labels: Sequence[SpanLabelDraft] = (),
    forms: Sequence[FormDraft] = SINGLE_AND_PAIR,
    **study_fields: Any,
) -> Study:
    """Make an open study with a published guideline and built tasks."""
    lead = lead or make_user("Lena Lead")
    study = create_study(
        name=f"Study {next(_numbers)}",
        created_by=lead,
        overlap=overlap,
        lease_seconds=lease_seconds,
        **study_fields,
    )
    publish_guideline(
        study=study,
        title="Rating chatbot answers",
        body="Judge what is on the page.",
        criteria=criteria,
        span_labels=span_labels,
        forms=forms,
        published_by=lead,
        now=now or clock.now(),
    )
    source = create_source(name="Built prompts", created_by=lead, license="CC0-1.0")
    use_source(study=study, source=source)
    make_prompts(
        source, n_prompts=n_prompts, n_completions=n_completions, per_group=per_group
    )
    build_tasks(study=study)
    return study


def submit(
    assignment: Assignment,
    answer: Answer,
    *,
    key: uuid.UUID | None = None,
    lease_no: int | None = None,
    active_seconds: int = 20,
) -> Judgment:
    """Submit an answer as the page would."""
    shown = shown_of(assignment)
    return submit_judgment(
        assignment=assignment,
        answer=answer,
        shown=shown,
        idempotency_key=key or uuid.uuid4(),
        lease_no=assignment.lease_no if lease_no is None else lease_no,
        shown_sha256_seen=shown.sha256,
        active_seconds=active_seconds,
        now=clock.now(),
    )


def judge_all(
    study: Study,
    rater: Rater,
    *,
    single: Answer = GOOD,
    pair: Answer = BETTER_A,
    limit: int | None = None,
) -> list[Judgment]:
    """Let a rater answer what is left for them, the same each time."""
    judgments: list[Judgment] = []
    while limit is None or len(judgments) < limit:
        assignment = assign_next(study=study, rater=rater, now=clock.now())
        if assignment is None:
            break
        answer = single if assignment.task.kind == Task.Kind.SINGLE else pair
        judgments.append(submit(assignment, answer))
    return judgments


@dataclass(slots=True)
class Cast:
    """One study, one person for each role, and somebody from elsewhere."""

    study: Study
    lead: User
    rater: Rater
    rater2: Rater
    rater3: Rater
    reviewer: User
    engineer: User
    auditor: User
    admin: User
    stranger: User
    other_study: Study
    everyone: dict[str, User] = field(default_factory=dict)


def make_cast(*, n_prompts: int = 3, n_completions: int = 2) -> Cast:
    """Make a study with everybody in it, and another with its own lead and rater."""
    lead = make_user("Lena Lead")
    study = make_study(lead=lead, n_prompts=n_prompts, n_completions=n_completions)
    raters = [
        make_rater(study, name) for name in ("Ada Rater", "Ben Rater", "Cy Rater")
    ]
    reviewer, engineer = make_user("Sam Safety"), make_user("Mel Engineer")
    enroll(study=study, user=reviewer, role=Role.SAFETY_REVIEWER)
    enroll(study=study, user=engineer, role=Role.ML_ENGINEER)
    stranger = make_user("Otto Other")
    other = make_study(lead=stranger, n_prompts=1)
    cast = Cast(
        study=study,
        lead=lead,
        rater=raters[0],
        rater2=raters[1],
        rater3=raters[2],
        reviewer=reviewer,
        engineer=engineer,
        auditor=make_user("Audrey Auditor", roles=(Role.AUDITOR,)),
        admin=make_user("Adam Admin", roles=(Role.ADMIN,)),
        stranger=stranger,
        other_study=other,
    )
    cast.everyone = {
        "rater": cast.rater.user,
        "safety_reviewer": cast.reviewer,
        "lead": cast.lead,
        "ml_engineer": cast.engineer,
        "auditor": cast.auditor,
        "admin": cast.admin,
        "stranger": cast.stranger,
    }
    return cast
