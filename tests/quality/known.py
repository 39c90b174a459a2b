"""Studies with known answers, and raters who meet them: shared by several tests."""

from feedback.common import clock
from feedback.rating.answers import Answer, scores
from feedback.studies.assignment import assign_next
from feedback.studies.golds import make_gold
from feedback.studies.models import Enrollment, GoldItem, Study, Task
from tests import builders

EXPECTED_SINGLE = {
    "ratings": {
        "correctness": {"value": 5, "tolerance": 0},
        "safety": {"value": 4, "tolerance": 1},
    }
}
EXPECTED_PAIR = {"preference": "a"}

RIGHT = {"single": builders.GOOD, "pair": builders.BETTER_A}
WRONG = {
    "single": Answer(ratings=scores(correctness=2, tone=3, safety=2)),
    "pair": Answer(outcome="b", strength=1),
}
OUTSIDE = {kind: Answer(is_outside_practice=True) for kind in RIGHT}


def expected_of(task: Task) -> dict:
    return EXPECTED_SINGLE if task.kind == "single" else EXPECTED_PAIR


def make_known(
    study: Study, n: int, *, purpose: str = Task.Purpose.GOLD, skip: int = 0
) -> list[GoldItem]:
    """Make golds or training tasks of a study's first tasks."""
    tasks = study.tasks.filter(purpose="label").order_by("pk")[skip : skip + n]
    return [
        make_gold(
            task=task,
            expected=expected_of(task),
            explanation="The first answer names the interaction.",
            purpose=purpose,
            actor=study.created_by,
        )
        for task in tasks
    ]


def at_stage(study: Study, rater, stage: str) -> Enrollment:
    """The rater's enrollment, at a stage."""
    enrollment = Enrollment.objects.get(study=study, user=rater.user, role="rater")
    enrollment.stage = stage
    enrollment.save(update_fields=["stage"])
    return enrollment


def answer_next(study: Study, rater, answers=None, **options):
    """Take the next task and answer it; None when nothing is served."""
    assignment = assign_next(study=study, rater=rater, now=clock.now())
    if assignment is None:
        return None
    answers = RIGHT if answers is None else answers
    return builders.submit(assignment, answers[assignment.task.kind], **options)
