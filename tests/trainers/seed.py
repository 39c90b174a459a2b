"""A second study on the demonstration's texts, whose raters also correct what they see.

The demonstration corrects only where neither answer is acceptable, so no pair of it has a
correction beside it, as `corrections` needs. Everything goes through the application's
services. Run by `scripts/trainers` within `manage.py shell`.
"""

from pathlib import Path

from django.db.models import Count

from exports.rules import Rules
from exports.services import request_snapshot, seal_snapshot, write_files
from feedback.common import clock
from feedback.corpus.models import Source
from feedback.rating.answers import Answer, scores
from feedback.studies.assignment import assign_next
from feedback.studies.building import build_tasks
from feedback.studies.criteria import SINGLE_AND_PAIR
from feedback.studies.models import Assignment, Study, Task
from feedback.studies.services import create_study, publish_guideline, use_source
from tests import builders

_CORRECTED = "I would say it like this. "


def seed(out: str) -> None:
    """Make and judge the study, seal it, and write it to a folder that is replaced."""
    sources = Source.objects.annotate(n=Count("prompts")).order_by("-n", "pk")
    source = sources.first()
    assert source is not None, "load the demonstration first"
    study = _make_study(source)
    raters = [builders.make_rater(study, f"Rater {number}") for number in range(2)]
    for number, rater in enumerate(raters):
        while assignment := assign_next(study=study, rater=rater, now=clock.now()):
            builders.submit(assignment, _answer(assignment, number))
    snapshot = request_snapshot(
        study=study,
        actor=study.created_by,
        app_version="trainers",
        test_percent=20,
        rules=Rules(best_over_worst_from=0.25),
        is_queued=False,
    )
    folder = Path(out)
    seal_snapshot(snapshot=snapshot, directory=folder.parent / "sealed")
    assert snapshot.sealed_at is not None, snapshot.error
    write_files(snapshot=snapshot, directory=folder, replace=True)


def _make_study(source: Source) -> Study:
    lead = source.created_by
    study = create_study(name="For the trainers", created_by=lead, overlap=2)
    publish_guideline(
        study=study,
        title="Rating answers",
        body="Judge what is on the page.",
        criteria=builders.CRITERIA,
        span_labels=(),
        forms=SINGLE_AND_PAIR,
        published_by=lead,
        now=clock.now(),
    )
    use_source(study=study, source=source)
    build_tasks(study=study)
    return study


def _answer(assignment: Assignment, rater_no: int) -> Answer:
    """The longer answer is better, and the first rater corrects the worse one."""
    items = list(assignment.task.items.select_related("completion"))
    lengths = [len(item.completion.content) for item in items]
    if assignment.task.kind != Task.Kind.PAIR:
        mark = 5 if lengths[0] % 2 else 2
        return Answer(ratings=scores(correctness=mark, tone=4, safety=mark))
    better = 0 if lengths[0] >= lengths[1] else 1
    text = f"{_CORRECTED}{items[better].completion.content}"
    corrections = {1 - better: text} if rater_no == 0 else {}
    return Answer(outcome="ab"[better], strength=1, corrections=corrections)
