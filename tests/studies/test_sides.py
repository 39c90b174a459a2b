"""Which answer stands where tells nothing about which model wrote it."""

import hashlib

import numpy as np
import pytest

from feedback.common import clock
from feedback.studies.assignment import assign_next
from feedback.studies.criteria import FormDraft
from feedback.studies.models import TaskItem
from feedback.studies.sampling import shown_order
from tests.builders import BETTER_A, make_rater, make_study, submit

N_SERVINGS = 10_000
N_RATERS = 20


def servings(n_items):
    """The orders in which raters would see 10,000 tasks."""
    for task in range(N_SERVINGS // N_RATERS):
        fingerprint = hashlib.sha256(str(task).encode()).hexdigest()
        for rater in range(N_RATERS):
            pseudonym = f"rater-{rater}"
            yield (
                rater,
                shown_order(
                    seed=20260101,
                    fingerprint=fingerprint,
                    pseudonym=pseudonym,
                    n_items=n_items,
                ),
            )


def chi_square(counts):
    """Pearson's statistic of a table against independence of rows and columns."""
    counts = np.asarray(counts, dtype=float)
    expected = counts.sum(1, keepdims=True) * counts.sum(0) / counts.sum()
    return float(((counts - expected) ** 2 / expected).sum())


@pytest.mark.parametrize("n_items", range(2, 9))
def test_place_and_model_are_independent_over_10_000_servings(n_items):
    counts = np.zeros((n_items, n_items))
    for _, order in servings(n_items):
        for place, item in enumerate(order):
            counts[item, place] += 1

    degrees = (n_items - 1) ** 2
    # Mean plus five standard deviations of the chi-square distribution.
    assert chi_square(counts) < degrees + 5 * np.sqrt(2 * degrees)


def test_each_rater_sees_each_model_left_as_often_as_right():
    left = np.zeros((N_RATERS, 2))
    for rater, order in servings(2):
        left[rater, order[0]] += 1

    # 500 flips of a fair coin: five standard deviations are 56.
    assert (np.abs(left[:, 0] - 250) < 56).all()
    assert chi_square(left) < (N_RATERS - 1) + 5 * np.sqrt(2 * (N_RATERS - 1))


def test_two_raters_draw_their_sides_apart():
    drawn = {}
    for number, (rater, order) in enumerate(servings(2)):
        drawn.setdefault(rater, []).append(order[0])
        assert number < N_SERVINGS
    same = np.mean(np.array(drawn[0]) == np.array(drawn[1]))

    # 500 pairs of flips: five standard deviations are 0.11.
    assert abs(same - 0.5) < 0.112


@pytest.mark.django_db
def test_what_is_served_stands_on_the_assignment_and_goes_by_the_model():
    study = make_study(n_prompts=120, forms=[FormDraft("pair")], overlap=2)
    models = dict(
        TaskItem.objects.filter(task__study=study).values_list(
            "completion_id", "completion__model_version__name"
        )
    )
    counts = np.zeros((2, 2))
    for _ in range(2):
        rater = make_rater(study)
        while assignment := assign_next(study=study, rater=rater, now=clock.now()):
            items = list(assignment.task.items.order_by("position"))
            assert sorted(assignment.shown_order) == [0, 1]
            for place, position in enumerate(assignment.shown_order):
                model = models[items[position].completion_id]
                counts[int(model.removeprefix("model-")), place] += 1
            submit(assignment, BETTER_A)

    assert counts.sum() == 480
    # One degree of freedom: five standard deviations above its mean.
    assert chi_square(counts) < 1 + 5 * np.sqrt(2)
