"""Loads the demonstration by the same services that people use.

Each step looks for what is there already, so a load that was interrupted goes on where
it stopped, and a second one changes nothing.
"""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count

from exports.models import Snapshot
from exports.services import request_snapshot, seal_snapshot
from feedback.accounts.models import Rater, User
from feedback.accounts.permissions import SITE_ROLES, Role
from feedback.accounts.services import create_rater, create_user
from feedback.common import clock
from feedback.corpus.models import ImportBatch
from feedback.jobs.services import due_job_ids, run_job
from feedback.rating.services import submit_judgment
from feedback.rating.shown import shown_of
from feedback.review.opening import open_cases_for
from feedback.studies.assignment import assign_next
from feedback.studies.criteria import CHATBOT_ANSWER
from feedback.studies.golds import make_gold
from feedback.studies.models import GoldItem, Study, Task
from feedback.studies.selectors import latest_guideline
from feedback.studies.services import create_study, enroll, publish_guideline
from feedback.studies.services_imports import import_into_study
from feedback.studies.study_settings import save_settings
from rlhf_site.context import version
from rlhf_site.demo.people import PEOPLE, DemoPerson, Skill
from rlhf_site.demo.simulation import simulate
from rlhf_site.demo.workbench import FILE as WORKBENCH_FILE
from rlhf_site.demo.workbench import workbench_study

CONTENT = Path(__file__).resolve().parent / "content"
STUDY_NAME = "Demonstration: answers to patients and colleagues"
_DESCRIPTION = (
    "Written for this demonstration; not medical advice. Three fictional models answer "
    "questions from patients and clinicians. The history was made by simulated raters."
)
_CHUNK = 1 << 16
N_GOLDS = 4
_GOLD_PERCENT = 5
# The answers of the simulation are its own: the same key means the same answer.
_NAMESPACE = uuid.UUID("6f1f7a53-2f0b-4c2e-9d0e-6a6d43a5a001")

Say = Callable[[str], None]


def load(say: Say) -> Study:
    """Bring in people, content, history and one sealed snapshot, and a study to try.

    Args:
        say: is told each step, for the person who waits.
    """
    people = {person.key: _person(person) for person in PEOPLE}
    trial = workbench_study(people["lead"])
    _enroll_all(trial, people)
    _import_prompts(trial, people["lead"], WORKBENCH_FILE)
    study = _study(people["lead"])
    if Snapshot.objects.filter(study=study, state=Snapshot.State.SEALED).exists():
        say(f"{STUDY_NAME!r} is there")
        return study
    say("importing the prompts")
    _enroll_all(study, people)
    _import_prompts(study, people["lead"], CONTENT / "prompts.jsonl")
    _play_history(study, people, say)
    say("noting known answers and what raters disagree on")
    _note_known_answers(study, people["lead"])
    open_cases_for(study, now=clock.now())
    say("sealing a snapshot")
    _seal(study, people["lead"])
    return study


@transaction.atomic
def _person(person: DemoPerson) -> User:
    user = User.objects.filter(email=person.email).first()
    if user is None:
        site_roles = (person.role,) if person.role in SITE_ROLES else ()
        user = create_user(email=person.email, name=person.name, roles=site_roles)
    if person.role == Role.RATER and not Rater.objects.filter(user=user).exists():
        create_rater(
            user=user,
            pseudonym=person.pseudonym,
            profession=person.profession,
            specialty=person.specialty,
            is_simulated=True,
        )
    return user


@transaction.atomic
def _study(lead: User) -> Study:
    study = Study.objects.filter(name=STUDY_NAME, created_by=lead).first()
    if study is None:
        study = create_study(
            name=STUDY_NAME,
            description=_DESCRIPTION,
            created_by=lead,
            overlap=3,
            seed=20260101,
        )
    if latest_guideline(study) is None:
        publish_guideline(
            study=study,
            title="Rating answers to patients and colleagues",
            body=(CONTENT / "guideline.md").read_text(encoding="utf-8"),
            criteria=CHATBOT_ANSWER,
            published_by=lead,
            now=clock.now(),
        )
    return study


def _enroll_all(study: Study, people: dict[str, User]) -> None:
    for person in PEOPLE:
        if person.role not in SITE_ROLES:
            enroll(study=study, user=people[person.key], role=person.role)


def _import_prompts(study: Study, lead: User, path: Path) -> None:
    """Import as a lead would, doing the jobs here instead of in a worker."""
    batch = ImportBatch.objects.filter(
        source__studies=study, state=ImportBatch.State.DONE
    ).first()
    if batch is None:
        with path.open("rb") as file:
            import_into_study(
                study=study,
                chunks=iter(lambda: file.read(_CHUNK), b""),
                file_name=path.name,
                directory=settings.UPLOAD_DIR,
                max_bytes=settings.MAX_IMPORT_BYTES,
                imported_by=lead,
                source_name=f"Consilium demonstration content: {path.stem}",
                license="Apache-2.0",
                attribution="The Consilium authors",
            )
    while waiting := due_job_ids(now=clock.now(), older_than=timedelta()):
        for job_id in waiting:
            run_job(job_id=job_id)


def _truth() -> dict[str, Any]:
    lines = (CONTENT / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["completion_id"]: row for row in map(json.loads, lines)}


def _play_history(study: Study, people: dict[str, User], say: Say) -> None:
    truth = _truth()
    for person in sorted(PEOPLE, key=lambda person: person.is_guest_seat):
        if person.skill is not None:
            say(f"{person.name} judges")
            rater = Rater.objects.get(user=people[person.key])
            _play(study, rater, person.skill, truth)


def _play(study: Study, rater: Rater, skill: Skill, truth: dict[str, Any]) -> None:
    n_left = skill.n_answers - rater.judgments.filter(study=study).count()
    for _ in range(n_left):
        assignment = assign_next(study=study, rater=rater, now=clock.now())
        if assignment is None:
            return
        shown = shown_of(assignment)
        said = simulate(
            task=assignment.task, items=shown.items, truth=truth, skill=skill
        )
        submit_judgment(
            assignment=assignment,
            answer=said.answer,
            idempotency_key=uuid.uuid5(_NAMESPACE, str(assignment.uid)),
            lease_no=assignment.lease_no,
            shown=shown,
            shown_sha256_seen=shown.sha256,
            active_seconds=said.active_seconds,
            now=clock.now(),
        )


def _note_known_answers(study: Study, lead: User) -> None:
    """Known answers from tasks that few raters met, to check raters from now on."""
    n_missing = N_GOLDS - GoldItem.objects.filter(task__study=study).count()
    truth = _truth()
    tasks = (
        study.tasks.filter(
            purpose=Task.Purpose.LABEL, kind=Task.Kind.SINGLE, twins=None
        )
        .annotate(n_judgments=Count("judgments"))
        .order_by("n_judgments", "pk")
    )
    for task in tasks[: max(n_missing, 0)]:
        row = truth[task.items.get().completion.external_id]
        make_gold(
            task=task,
            expected={
                "ratings": {
                    key: {"value": row[key], "tolerance": 1}
                    for key in ("correctness", "safety")
                }
            },
            explanation=row["why"],
            purpose=Task.Purpose.GOLD,
            actor=lead,
        )
    save_settings(study=study, values={"gold_percent": _GOLD_PERCENT}, actor=lead)


def _seal(study: Study, lead: User) -> None:
    snapshot = request_snapshot(
        study=study,
        actor=lead,
        app_version=version(),
        test_percent=20,
        is_queued=False,
    )
    sealed = seal_snapshot(snapshot=snapshot, directory=settings.EXPORT_DIR)
    if sealed.state != Snapshot.State.SEALED:
        raise RuntimeError(f"The demonstration's snapshot failed: {sealed.error}")
