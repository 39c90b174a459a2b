"""Published examples, judged by raters and read off the agreement page."""

import pytest
from django.urls import reverse

from feedback.common import clock
from feedback.rating.answers import Answer, Place, Value
from feedback.studies.assignment import assign_next
from feedback.studies.criteria import CriterionDraft, FormDraft
from feedback.studies.models import Task
from tests.builders import make_rater, make_study, submit
from tests.quality.reports import row

pytestmark = pytest.mark.django_db

# Shrout & Fleiss (1979), table 2: six targets by four judges.
JUDGES = [
    (9, 2, 5, 8),
    (6, 1, 3, 2),
    (8, 4, 6, 8),
    (7, 1, 2, 6),
    (10, 5, 6, 9),
    (6, 2, 4, 7),
]
# Two raters on a scale of three; rows are the first rater's. Weighted by squared
# distance: 1 - (sum of d^2 observed) / (sum of d^2 expected), by hand below.
TWO = ((8, 2, 0), (3, 6, 1), (0, 2, 8))


def judged(kind, columns, **scale):
    """A study of one criterion, each item with the value that each rater gave it."""
    study = make_study(
        n_prompts=len(columns),
        n_completions=1,
        overlap=len(columns[0]),
        criteria=[
            CriterionDraft(key="worth", name="Worth", question="?", kind=kind, **scale)
        ],
        forms=[FormDraft("single", ("ratings",))],
    )
    tasks = study.tasks.filter(purpose=Task.Purpose.LABEL).order_by("pk")
    place = {pk: n for n, pk in enumerate(tasks.values_list("pk", flat=True))}
    for number in range(len(columns[0])):
        rater = make_rater(study, f"Judge {number}")
        while assignment := assign_next(study=study, rater=rater, now=clock.now()):
            value = columns[place[assignment.task_id]][number]
            submit(assignment, Answer(ratings={Place("worth"): Value(number=value)}))
    return study


def page_of(study, sign_in):
    url = reverse("quality_block", args=[study.uid, "agreement"])
    return sign_in(study.created_by).get(url).content.decode()


def test_scores_show_the_icc_of_shrout_and_fleiss(sign_in):
    study = judged("score", JUDGES, minimum=0, maximum=100)
    text = page_of(study, sign_in)
    # Table 4: ICC(2,1) .29, ICC(2,k) .62; more places and the intervals by Revelle's
    # package psych, which prints them for the same table (`?psych::ICC`).
    assert "ICC(2,1) 0.290 (0.019 to 0.761)" in text
    assert "ICC(2,k) 0.620 (0.071 to 0.927)" in text
    beside = {one["name"]: one for one in row(study, "worth")["beside"]}
    assert beside["ICC(2,1)"]["value"] == pytest.approx(0.2898, abs=5e-5)
    assert beside["ICC(2,k)"]["value"] == pytest.approx(0.6201, abs=5e-5)


def test_two_raters_show_weighted_kappa(sign_in):
    columns = [
        (first + 1, second + 1)
        for first, counts in enumerate(TWO)
        for second, n in enumerate(counts)
        for _ in range(n)
    ]
    study = judged(
        "likert", columns, minimum=1, maximum=3, low_label="Bad", high_label="Good"
    )
    rows, across = (
        [sum(one) for one in TWO],
        [sum(one) for one in zip(*TWO, strict=True)],
    )
    observed = sum((i - j) ** 2 * TWO[i][j] for i in range(3) for j in range(3))
    expected = sum(
        (i - j) ** 2 * rows[i] * across[j] / 30 for i in range(3) for j in range(3)
    )
    kappa = 1 - observed / expected
    assert f"Cohen&#x27;s weighted kappa {kappa:.3f}" in page_of(study, sign_in)
    pairs = reverse("quality_pairs", args=[study.uid, "worth"])
    assert f"{kappa:.3f}" in sign_in(study.created_by).get(pairs).content.decode()
