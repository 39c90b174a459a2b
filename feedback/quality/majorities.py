"""What raters of a task agree on: where a known answer is best taken from."""

from collections import Counter
from dataclasses import dataclass
from statistics import fmean, median_low

from feedback.quality.golds import PREFERENCE, Given, parts_of
from feedback.rating.models import Judgment
from feedback.studies.expected import Expected, checkable_criteria, has_preference
from feedback.studies.models import GoldItem, Study, Task

# Of so many complete tasks, the newest, the ones with most agreement are offered.
_LOOKED_AT = 200
_FEWEST_ANSWERS = 2
# Where answers scatter around a number, so much off still counts.
_SCATTER = 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """An ordinary task that might have a known answer.

    Attributes:
        task: with its prompt.
        n_answers: blind answers.
        agreeing: mean share of answers that are the commonest, over what was asked.
    """

    task: Task
    n_answers: int
    agreeing: float

    @property
    def percent(self) -> int:
        """The same in whole percent."""
        return round(100 * self.agreeing)


def candidates_of(study: Study) -> list[Candidate]:
    """Complete tasks with no known answer yet, those that raters agree on first."""
    known = GoldItem.objects.filter(task__study=study, retired_at=None)
    tasks = {
        task.pk: task
        for task in study.tasks.filter(
            purpose=Task.Purpose.LABEL, state=Task.State.COMPLETE
        )
        .exclude(kind=Task.Kind.RANKING)
        .exclude(pk__in=known.values("task__repeats"))
        .select_related("prompt")
        .order_by("-pk")[:_LOOKED_AT]
    }
    found = [
        Candidate(tasks[task], len(answers), _agreeing(answers))
        for task, answers in _answers_to(list(tasks)).items()
        if len(answers) >= _FEWEST_ANSWERS
    ]
    return sorted(found, key=lambda one: (-one.agreeing, -one.n_answers, one.task.pk))


def majority_of(task: Task) -> Expected:
    """What most raters of a task said, as an expected answer to begin with.

    Numbers are the lower median, with a tolerance of one where answers differ; options
    and preferences are named where more than half of the raters chose them.
    """
    answers = _answers_to([task.pk]).get(task.pk, [])
    ratings: Expected = {}
    for criterion in checkable_criteria(task):
        given = [one[criterion.key] for one in answers if criterion.key in one]
        numbers = [one.number for one in given if one.number is not None]
        if numbers:
            scatter = _SCATTER if len(set(numbers)) > 1 else 0
            ratings[criterion.key] = {
                "value": median_low(numbers),
                "tolerance": scatter,
            }
        elif chosen := _chosen_by_most(given):
            takes_several = criterion.kind == criterion.Kind.MULTI_LABEL
            ratings[criterion.key] = {
                "value": list(chosen) if takes_several else chosen[0]
            }
    expected: Expected = {"ratings": ratings} if ratings else {}
    if has_preference(task):
        given = [one[PREFERENCE] for one in answers if PREFERENCE in one]
        if chosen := _chosen_by_most(given):
            expected[PREFERENCE] = chosen[0]
    return expected


def _answers_to(tasks: list[int]) -> dict[int, list[dict[str, Given]]]:
    """The current blind answers to tasks; three queries for all of them."""
    judgments = (
        Judgment.objects.filter(
            task__in=tasks,
            basis=Judgment.Basis.BLIND,
            outcome=Judgment.Outcome.ANSWERED,
        )
        .exclude(superseded_by__basis=Judgment.Basis.BLIND)
        .order_by("pk")
    )
    rows = list(judgments.values_list("pk", "task"))
    parts = parts_of([pk for pk, _ in rows])
    found: dict[int, list[dict[str, Given]]] = {}
    for pk, task in rows:
        found.setdefault(task, []).append(parts[pk])
    return found


def _agreeing(answers: list[dict[str, Given]]) -> float:
    keys = {key for one in answers for key in one}
    shares = [
        Counter(one.get(key) for one in answers).most_common(1)[0][1] / len(answers)
        for key in keys
    ]
    return fmean(shares) if shares else 0.0


def _chosen_by_most(given: list[Given]) -> tuple[str, ...]:
    """The choice of more than half; nothing where there is none."""
    chosen = Counter(one.choices for one in given if one.choices)
    if not chosen:
        return ()
    commonest, n = chosen.most_common(1)[0]
    return commonest if commonest and 2 * n > len(given) else ()
