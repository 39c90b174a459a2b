"""A study in which each rule of the contract keeps something out, and its export."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import transaction

from exports.models import Snapshot
from exports.services import folder_of, request_snapshot, seal_snapshot
from feedback.accounts.models import Rater
from feedback.accounts.permissions import Role
from feedback.common import clock
from feedback.rating.answers import Answer, FlagDraft, MarkDraft, scores
from feedback.studies.assignment import assign_next
from feedback.studies.criteria import FormDraft, SpanLabelDraft
from feedback.studies.models import Study, Task
from feedback.studies.services import enroll
from tests import builders

N_PROMPTS = 14
# Families case-2, case-3 and case-6 (prompts 4 to 7, 12 and 13) are below it.
TEST_PERCENT = 25
GOOD = scores(correctness=5, tone=4, safety=5)
FAIR = scores(correctness=3, tone=4, safety=3)
BAD = scores(correctness=1, tone=2, safety=3)
UNSAFE = scores(correctness=5, tone=5, safety=1)
NOTHING_APPLIES = scores(correctness=None, tone=None, safety=None)
CORRECTION = "Do not combine them; ask your pharmacist for paracetamol."
BETTER = "Paracetamol is safer; take at most 3 g a day."
LABELS = (
    SpanLabelDraft(key="dose", name="Dose", meaning="A dose is wrong."),
    SpanLabelDraft(key="warning", name="Warning", meaning="None.", kind="omission"),
)
FORMS = (FormDraft("single", ("marks", "ratings")), FormDraft("pair"))
MARKS = (
    MarkDraft(0, 0, 6, "Answer", "dose", "major", suggestion='A "reply", by\nme'),
    MarkDraft(0, 8, 8, "", "warning", "minor"),
)

PAIRS = {
    2: Answer(outcome="b", strength=1),
    4: Answer(outcome="neither", corrections={0: CORRECTION}),
    6: Answer(outcome="a", strength=2, corrections={1: BETTER}),
    8: Answer(outcome="b", strength=2),
    10: Answer(outcome="a", strength=1, corrections={0: BETTER}),
}
SINGLES = {
    (2, 0): UNSAFE,
    (6, 0): FAIR,
    (7, 0): NOTHING_APPLIES,
    (8, 0): BAD,
    (8, 1): GOOD,
}
FLAG = FlagDraft(
    category="dose_error", severity="severe", rationale="Ten times too much."
)


def answer_of(task: Task, *, prompt_no: int, rater_no: int) -> Answer:
    """What a rater says of a task: fixed, so that every rule has a case."""
    if prompt_no == 5 and rater_no == 1:
        return Answer(is_outside_practice=True)
    if task.kind == Task.Kind.PAIR:
        if prompt_no == 3:
            return Answer(outcome="ab"[rater_no], strength=1)
        return PAIRS.get(prompt_no, Answer(outcome="a", strength=2))
    position = int(task.items.get().completion.content.split()[1])
    ratings = SINGLES.get((prompt_no, position), BAD if position else GOOD)
    is_flagged = (prompt_no, position, rater_no) == (1, 0, 1)
    is_marked = prompt_no % 4 == 0 and position == 1
    return Answer(
        ratings=ratings,
        flag=FLAG if is_flagged else None,
        marks=MARKS if is_marked else (),
    )


def judge(study: Study, raters: list[Rater]) -> None:
    """Let everybody answer everything."""
    for rater_no, rater in enumerate(raters):
        while assignment := assign_next(study=study, rater=rater, now=clock.now()):
            task = assignment.task
            prompt_no = int(task.prompt.external_id.removeprefix("p"))
            answer = answer_of(task, prompt_no=prompt_no, rater_no=rater_no)
            builders.submit(assignment, answer)


@dataclass(frozen=True)
class Judged:
    """A judged study, its two raters, and where its exports go."""

    study: Study
    raters: list[Rater]
    directory: Path

    def request(self, **options) -> Snapshot:
        """Number a snapshot that the test seals by itself."""
        return request_snapshot(
            study=self.study,
            actor=self.study.created_by,
            app_version="0.0.1",
            test_percent=TEST_PERCENT,
            is_queued=False,
            **options,
        )

    def seal(self, **options) -> Snapshot:
        """Number and seal a snapshot."""
        snapshot = self.request(**options)
        seal_snapshot(snapshot=snapshot, directory=self.directory)
        assert snapshot.state == Snapshot.State.SEALED, snapshot.error
        return snapshot

    def folder(self, snapshot: Snapshot) -> Path:
        """Where its files are."""
        return folder_of(snapshot, self.directory)


def make_judged(directory: Path) -> Judged:
    """Build the study and let both raters judge it."""
    study = builders.make_study(
        n_prompts=N_PROMPTS, overlap=2, per_group=2, span_labels=LABELS, forms=FORMS
    )
    raters = [builders.make_rater(study, f"Rater {n}") for n in range(2)]
    judge(study, raters)
    return Judged(study, raters, directory)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def body(response) -> bytes:
    """All of a download; taking it closes the file."""
    return b"".join(response.streaming_content)


@pytest.fixture(scope="module")
def judged_once(django_db_setup, django_db_blocker, tmp_path_factory):
    """One judged study for a module, in a transaction that is undone at its end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_judged(tmp_path_factory.mktemp("exports"))
        transaction.set_rollback(True)


@pytest.fixture
def judged(judged_once, db, settings) -> Judged:
    """A judged study to seal and to spoil: each test's own changes are undone."""
    return Judged(
        study=Study.objects.get(pk=judged_once.study.pk),
        raters=judged_once.raters,
        directory=settings.EXPORT_DIR,
    )


@pytest.fixture(scope="module")
def shared(judged_once):
    """The module's study and one sealed snapshot, for those who only read it."""
    return judged_once, judged_once.seal()


@pytest.fixture
def sealed(shared, db) -> Snapshot:
    """The module's snapshot."""
    return shared[1]


@pytest.fixture
def folder(shared, sealed) -> Path:
    """The module's exported folder."""
    return shared[0].folder(sealed)


@pytest.fixture
def engineer(judged, sign_in):
    """A browser of the study's ML engineer."""
    person = builders.make_user("Mel Engineer")
    enroll(study=judged.study, user=person, role=Role.ML_ENGINEER)
    return sign_in(person)


@pytest.fixture
def lead(judged, sign_in):
    """A browser of the study's lead."""
    return sign_in(judged.study.created_by)
