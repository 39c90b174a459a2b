"""The savings report: what the routing policy asked, beside a fixed overlap of five."""

from django.db import connection
from django.db.models import Count
from django.db.models.aggregates import Aggregate
from django.db.models.fields import FloatField

from feedback.quality.computing import Computation, Content, input_sha256
from feedback.quality.epochs import Epoch
from feedback.quality.numbers import stored
from feedback.rating.models import Judgment
from feedback.stats.routing import ratings_saved
from feedback.studies.models import Study, Task
from feedback.studies.policies import policy_words

FIXED_OVERLAP = 5
# Whoever answered counts, a specialist too: their minutes are spent as well.
_ASKED = """
    SELECT n_ratings, count(*) FROM (
        SELECT t.id, count(s.id) FILTER (WHERE s.state = 'done') AS n_ratings
        FROM studies_task t LEFT JOIN studies_slot s ON s.task_id = t.id
        WHERE t.study_id = %(study)s AND t.guideline_version_id = ANY(%(versions)s)
          AND t.purpose = 'label' AND t.state = 'complete'
        GROUP BY t.id
    ) rated GROUP BY n_ratings ORDER BY n_ratings
"""


class Median(Aggregate):
    """The middle value of a column."""

    function = "percentile_cont"
    name = "median"
    output_field = FloatField()
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"


def _tasks_by_ratings(study: Study, epoch: Epoch) -> dict[int, int]:
    """Number of ratings -> complete tasks that took so many."""
    with connection.cursor() as cursor:
        cursor.execute(_ASKED, {"study": study.pk, "versions": list(epoch.version_ids)})
        return dict(cursor.fetchall())


def savings_computation(study: Study, epoch: Epoch) -> Computation:
    """What the savings are computed from, and how; of the epoch's tasks."""
    tasks = study.tasks.filter(
        purpose=Task.Purpose.LABEL, guideline_version__in=epoch.version_ids
    )
    stops = {
        row["stopped_by"]: row["n"]
        for row in tasks.filter(state=Task.State.COMPLETE)
        .values("stopped_by")
        .annotate(n=Count("pk"))
        .order_by("stopped_by")
    }
    asked = _tasks_by_ratings(study, epoch)
    seconds = Judgment.objects.filter(
        task__in=tasks, outcome=Judgment.Outcome.ANSWERED
    ).aggregate(median=Median("active_seconds"))["median"]
    context = {
        "stops": stops,
        "asked": {str(n): tasks for n, tasks in asked.items()},
        "seconds": seconds,
        "policy": policy_words(study),
    }

    def compute() -> Content:
        # Tasks by the number of their ratings: few numbers, however many tasks.
        savings = ratings_saved(n for n, tasks in asked.items() for _ in range(tasks))
        minutes = savings.minutes(seconds_per_rating=seconds or 0.0)
        return {
            **context,
            "n_items": savings.n_items,
            "n_asked": savings.n_asked,
            "n_fixed": savings.n_fixed,
            "n_saved": savings.n_saved,
            "percent": stored(savings.percent),
            "minutes": stored(minutes) if savings.n_items else None,
        }

    return Computation(input_sha256(context=context), compute)
