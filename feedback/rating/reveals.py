"""Commit, reveal, revise: what a rater sees of others once their own answer is stored.

Only in the arm drawn at assignment, and only if somebody else has answered. What was
shown is stored, so that a revision can be held against it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from statistics import fmean

from django.db import transaction

from feedback.common.hashing import json_sha256
from feedback.rating.models import Judgment, Preference, Reveal
from feedback.rating.shown import Shown, shown_of
from feedback.studies.models import Assignment, Criterion

Line = dict[str, str | int]


@transaction.atomic
def reveal_after(*, assignment: Assignment, judgment: Judgment) -> Reveal | None:
    """Store and return what is to be shown after a blind answer; None if nothing is.

    Args:
        assignment: of the answer; its arm decides.
        judgment: the blind answer, stored already.
    """
    if assignment.arm != Assignment.Arm.REVEAL:
        return None
    if earlier := Reveal.objects.filter(assignment=assignment).first():
        return earlier
    shown = shown_of(assignment)
    content = others_on(assignment, shown)
    if not content:
        return None
    return Reveal.objects.create(
        assignment=assignment,
        judgment=judgment,
        content=content,
        content_sha256=json_sha256(content),
    )


def others_on(assignment: Assignment, shown: Shown) -> list[Line]:
    """What others answered blind to a task, question by question, without names."""
    others = (
        Judgment.objects.filter(
            task_id=assignment.task_id,
            basis=Judgment.Basis.BLIND,
            outcome=Judgment.Outcome.ANSWERED,
        )
        .exclude(superseded_by__basis=Judgment.Basis.BLIND)
        .exclude(rater_id=assignment.rater_id)
        .prefetch_related("ratings__criterion", "preferences")
    )
    judgments = list(others)
    return [
        *_ratings(judgments, shown),
        *_preferences(judgments, shown),
    ]


def _ratings(judgments: Iterable[Judgment], shown: Shown) -> Iterable[Line]:
    values: dict[tuple[int, int], list[int]] = defaultdict(list)
    criteria: dict[int, Criterion] = {}
    for judgment in judgments:
        for rating in judgment.ratings.all():
            is_whole = rating.turn_no is None and rating.criterion.is_number
            if is_whole and rating.value is not None:
                criteria[rating.criterion_id] = rating.criterion
                key = (rating.completion_id, rating.criterion_id)
                values[key].append(rating.value)
    places = {shown.items[at].completion_id: n for n, at in enumerate(shown.order)}
    for (completion, criterion), given in sorted(
        values.items(),
        key=lambda pair: (places[pair[0][0]], criteria[pair[0][1]].position),
    ):
        yield {
            "item": places[completion],
            "label": criteria[criterion].name,
            "value": f"{fmean(given):.1f}",
            "n_raters": len(given),
        }


def _preferences(judgments: Iterable[Judgment], shown: Shown) -> Iterable[Line]:
    if not shown.asked.has_preference:
        return
    first = shown.items[shown.order[0]].completion_id
    counts: Counter[str] = Counter()
    for judgment in judgments:
        for one in judgment.preferences.all():
            if one.criterion_id is None:
                counts[_side(one, first)] += 1
    for label, n_raters in counts.most_common():
        yield {"item": 0, "label": "Preference", "value": label, "n_raters": n_raters}


def _side(preference: Preference, first: int) -> str:
    if preference.outcome == Preference.Outcome.TIE:
        return "About equal"
    if preference.outcome == Preference.Outcome.NEITHER:
        return "Neither is acceptable"
    is_a = preference.outcome == Preference.Outcome.A
    better = preference.completion_a_id if is_a else preference.completion_b_id
    return "Left is better" if better == first else "Right is better"
