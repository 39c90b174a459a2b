"""What a study still needs before raters can begin, step by step."""

from dataclasses import dataclass

from django.db.models import Count, Q

from feedback.accounts.permissions import Role
from feedback.corpus.models import Prompt
from feedback.studies.guideline_drafts import draft_of
from feedback.studies.models import Enrollment, Study, Task
from feedback.studies.policies import policy_words
from feedback.studies.selectors import latest_guideline


@dataclass(frozen=True, slots=True)
class Step:
    """One step of setting a study up.

    Attributes:
        title: what it is about.
        is_done: whether nothing is missing.
        texts: how it stands now.
        missing: what is missing, and what to do.
        route: the name of the page where it is done.
        label: of the link there.
    """

    title: str
    is_done: bool
    texts: tuple[str, ...]
    missing: tuple[str, ...]
    route: str
    label: str


@dataclass(frozen=True, slots=True)
class _Counts:
    """What the steps are judged by."""

    n_prompts: int
    n_tasks: int
    n_known: int
    n_training: int
    n_raters: int
    n_in_training: int
    n_specialists: int
    n_invited: int


def steps_of(study: Study) -> list[Step]:
    """The steps in order, in a fixed number of queries."""
    counts = _counts(study)
    steps = [
        _guideline(study),
        _prompts(counts),
        _people(study, counts),
        _routing(study, counts),
    ]
    return [*steps, _start(study, is_ready=all(step.is_done for step in steps))]


def _counts(study: Study) -> _Counts:
    tasks = study.tasks.exclude(state=Task.State.WITHDRAWN).aggregate(
        label=Count("pk", filter=Q(purpose=Task.Purpose.LABEL)),
        gold=Count("pk", filter=Q(purpose=Task.Purpose.GOLD)),
        training=Count("pk", filter=Q(purpose=Task.Purpose.TRAINING)),
    )
    learning = [Enrollment.Stage.TRAINING, Enrollment.Stage.QUALIFYING]
    raters = study.enrollments.filter(ended_at=None, role=Role.RATER).aggregate(
        ready=Count("pk", filter=Q(stage=Enrollment.Stage.READY)),
        learning=Count("pk", filter=Q(stage__in=learning)),
        specialists=Count("pk", filter=Q(tier=Enrollment.Tier.SPECIALIST)),
    )
    invited = study.invitations.filter(
        accepted_at=None, revoked_at=None, role=Role.RATER
    )
    return _Counts(
        n_prompts=Prompt.objects.filter(source__studies=study).count(),
        n_tasks=tasks["label"],
        n_known=tasks["gold"],
        n_training=tasks["training"],
        n_raters=raters["ready"],
        n_in_training=raters["learning"],
        n_specialists=raters["specialists"],
        n_invited=invited.count(),
    )


def _n(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _guideline(study: Study) -> Step:
    latest, draft = latest_guideline(study), draft_of(study)
    texts = [f"Version {latest.number} is in force."] if latest else []
    if draft is not None:
        texts.append(f"A draft of version {draft.number} is being written.")
    missing = () if latest else ("Publish the first version: raters go by it.",)
    return Step(
        "Guideline",
        latest is not None,
        tuple(texts),
        missing,
        "guideline_list",
        "Guideline",
    )


def _prompts(counts: _Counts) -> Step:
    n_prompts, n_tasks = _n(counts.n_prompts, "prompt"), _n(counts.n_tasks, "task")
    text = f"{n_prompts} imported, {n_tasks} made of them."
    missing = ""
    if not counts.n_prompts:
        missing = "Import prompts with the answers that are to be judged."
    elif not counts.n_tasks:
        missing = (
            "No tasks are made yet: they follow within a minute of an import and a "
            "published guideline that asks for their kind."
        )
    left = (missing,) if missing else ()
    return Step("Prompts", not missing, (text,), left, "batch_create", "Import")


def _people(study: Study, counts: _Counts) -> Step:
    n_all = counts.n_raters + counts.n_in_training
    texts = [f"{_n(n_all, 'rater')} of {study.overlap} needed for one task."]
    if counts.n_in_training:
        texts.append(f"{counts.n_in_training} of them in training or qualifying.")
    if counts.n_invited:
        texts.append(f"{_n(counts.n_invited, 'invitation')} not answered yet.")
    missing = []
    if n_all < study.overlap:
        missing.append(
            f"Each task asks for {_n(study.overlap, 'different rater')}; invite "
            f"{study.overlap - n_all} more, or lower the number in the settings."
        )
    return Step(
        "People", not missing, tuple(texts), tuple(missing), "people_list", "People"
    )


def _routing(study: Study, counts: _Counts) -> Step:
    missing = []
    if study.needs_qualification and not counts.n_training:
        missing.append("New raters train first, but there is no training task yet.")
    if (study.gold_percent or study.needs_qualification) and not counts.n_known:
        missing.append("Raters are checked by known answers, but there is none yet.")
    if study.policy != Study.Policy.FIXED and not counts.n_specialists:
        missing.append(
            "Where raters disagree a specialist is asked, but nobody has that tier."
        )
    return Step(
        "Routing",
        not missing,
        (policy_words(study),),
        tuple(missing),
        "study_settings",
        "Settings",
    )


def _start(study: Study, *, is_ready: bool) -> Step:
    texts = {
        Study.State.OPEN: "The study is open: tasks are served.",
        Study.State.PAUSED: "The study is paused: nothing is served yet.",
        Study.State.CLOSED: "The study is closed, which is final.",
    }
    missing: tuple[str, ...] = ()
    if study.state == Study.State.PAUSED:
        missing = (
            "Everything above is there: start when you like."
            if is_ready
            else "You can start now, but something above is missing.",
        )
    return Step(
        "Start",
        study.state != Study.State.PAUSED,
        (texts[Study.State(study.state)],),
        missing,
        "study_state",
        "Start" if study.state == Study.State.PAUSED else "Pause or close",
    )
