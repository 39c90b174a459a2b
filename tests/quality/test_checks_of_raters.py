"""Known answers, repeats and groups: what the reports on raters and bias make of them."""

from datetime import timedelta

import numpy as np
import pytest

from feedback.accounts.models import Rater
from feedback.common import clock
from feedback.common.hashing import text_sha256
from feedback.quality.agreement import Scaled
from feedback.quality.arrays import Answers
from feedback.quality.block_bias import bias_block
from feedback.quality.case_groups import age_band, group_of
from feedback.quality.columns import NONE, Columns, Words
from feedback.quality.models import Report
from feedback.quality.report_bias import case_rows
from feedback.rating.answers import Answer, scores
from feedback.studies.criteria import FormDraft
from feedback.studies.models import Assignment, GoldItem, Slot, Task, TaskItem
from tests.builders import BETTER_A, GOOD, judge_all, make_rater, make_study, submit
from tests.quality.reports import report

LOW = Answer(ratings=scores(correctness=2, tone=4, safety=5))
BETTER_B = Answer(outcome="b", strength=1)


def twin_for(task, rater, purpose):
    """An assignment of a task that shows the same again, as serving makes them."""
    twin = Task.objects.create(
        study=task.study,
        guideline_version=task.guideline_version,
        prompt=task.prompt,
        kind=task.kind,
        purpose=purpose,
        repeats=task,
        fingerprint=text_sha256(f"{task.pk}{rater.pk}{purpose}"),
    )
    for item in task.items.all():
        TaskItem.objects.create(
            task=twin, completion=item.completion, position=item.position
        )
    until = clock.now() + timedelta(hours=1)
    slot = Slot.objects.create(
        study=task.study,
        task=twin,
        slot_no=0,
        shuffle_key=1,
        wave=Slot.Wave.CHECK,
        state=Slot.State.LEASED,
        lease_no=1,
        leased_until=until,
    )
    return Assignment.objects.create(
        study=task.study,
        task=twin,
        slot=slot,
        rater=rater,
        guideline_version=twin.guideline_version,
        lease_no=1,
        leased_until=until,
        shown_order=list(range(task.items.count())),
    )


@pytest.fixture
def study(db):
    return make_study(n_prompts=2, overlap=2)


@pytest.fixture
def rater(study):
    rater = make_rater(study)
    judge_all(study, rater)
    return rater


def rater_row(study, rater):
    rows = report(study, Report.Kind.RATERS).content["rows"]
    return next(row for row in rows if row["rater"] == rater.pseudonym)


def test_repeats_are_held_against_the_first_answer(study, rater):
    singles = study.tasks.filter(kind="single", purpose="label").order_by("pk")
    for task, answer in zip(singles[:2], (GOOD, LOW), strict=True):
        submit(twin_for(task, rater, Task.Purpose.RETEST), answer)
    found = rater_row(study, rater)

    # Three criteria each; one of the six answers is another one.
    assert (found["same"], found["same_n"]) == (pytest.approx(5 / 6), 6)


def test_a_swapped_pair_that_is_decided_the_other_way_is_a_flip(study, rater):
    pairs = study.tasks.filter(kind="pair", purpose="label").order_by("pk")
    for task, answer in zip(pairs, (BETTER_A, BETTER_B), strict=True):
        submit(twin_for(task, rater, Task.Purpose.RETEST), answer)
    findings = {one["kind"]: one for one in rater_row(study, rater)["findings"]}

    assert findings["swapped"]["says"].startswith("1 of 2 (50 %")


def test_known_answers_give_the_accuracy_and_are_not_counted_as_ratings(study, rater):
    singles = study.tasks.filter(kind="single", purpose="label").order_by("pk")
    for task, answer in zip(singles[:3], (GOOD, GOOD, LOW), strict=True):
        assignment = twin_for(task, rater, Task.Purpose.GOLD)
        GoldItem.objects.create(
            task=assignment.task,
            expected={"ratings": {"correctness": {"value": 5}}},
            explanation="It is so.",
            created_by=study.created_by,
        )
        submit(assignment, answer)
    found = rater_row(study, rater)

    assert (found["gold"], found["gold_n"]) == (pytest.approx(3 / 5), 3)
    assert found["n"] == 6


def test_a_group_of_raters_that_rates_higher_is_found(db):
    study = make_study(
        n_prompts=3,
        n_completions=1,
        overlap=32,
        forms=[FormDraft("single", ("ratings",))],
    )
    for number in range(32):
        rater = make_rater(study)
        is_lenient = number % 2 == 0
        sex = "female" if is_lenient else "male"
        Rater.objects.filter(pk=rater.pk).update(sex=sex, age_band="30s")
        value = min(5, 3 + is_lenient + (number % 3 == 0))
        judge_all(
            study,
            rater,
            single=Answer(ratings=scores(correctness=value, tone=4, safety=5)),
        )
    found = report(study, Report.Kind.BIAS)
    rows = {(row["key"], row["group"]): row for row in found.content["raters"]}
    part = bias_block(found).parts[0]
    assert "female: Correctness" in part.chart
    assert part.table.rows[0]["attribute_text"] == "Age"
    female = rows["correctness", "female"]

    assert female["is_tested"]
    assert (female["n_inside"], female["n_outside"]) == (16, 16)
    assert female["difference_low"] < female["difference"] < female["difference_high"]
    assert female["difference"] == pytest.approx(1.03, abs=0.1)
    assert female["q_value"] < 0.01
    assert rows["tone", "female"]["q_value"] > 0.9
    assert not rows["correctness", "30s"]["is_tested"]


def cases_of(sexes):
    codes = np.array([("f", "m").index(sex) for sex in sexes])
    nothing = Words(np.full(len(sexes), NONE), ())
    texts = dict.fromkeys(("age", "ethnicity", "language"), nothing)
    return Columns(
        n_rows=len(sexes),
        numbers={"task": np.arange(len(sexes))},
        texts={**texts, "sex": Words(codes, ("f", "m"))},
    )


@pytest.mark.parametrize(("apart", "is_found"), [(1.0, True), (0.0, False)])
def test_cases_that_are_rated_lower_are_found_and_others_are_not(apart, is_found):
    rng = np.random.default_rng(5)
    item = np.repeat(np.arange(40), 18)
    rater = np.tile(np.arange(100, 118), 40)
    level = 3.0 + rng.normal(0.0, 0.3, 40) - apart * (np.arange(40) % 2 == 0)
    value = np.clip(np.round(level[item] + rng.normal(0.0, 0.7, len(item))), 1, 5) - 1
    answers = Answers(item, rater, item, item >= 0, value.astype(np.int64))
    scaled = Scaled("tone", "Tone", "ordinal", np.arange(1.0, 6.0), answers)
    sexes = ["f" if number % 2 == 0 else "m" for number in range(40)]

    rows = {row["group"]: row for row in case_rows(scaled, cases_of(sexes), seed=1)}

    assert rows["f"]["is_tested"]
    assert (rows["f"]["q_value"] < 0.05) is is_found
    assert rows["f"]["difference"] == pytest.approx(-apart, abs=0.25)


@pytest.mark.parametrize(
    ("said", "band"),
    [
        ("0", "under 18"),
        ("17.9", "under 18"),
        ("18", "18 to 39"),
        ("64", "40 to 64"),
        ("65", "65 and over"),
        ("nan", "nan"),
        (" Newborn  twin", "newborn twin"),
    ],
)
def test_ages_fall_into_bands(said, band):
    assert age_band(said) == band


def test_what_is_not_known_of_a_case_is_no_group():
    cases = cases_of(["f", "m"])

    assert group_of(cases, "sex", np.array([1, 0])) == ["m", "f"]
    assert group_of(cases, "age", np.array([1, 0])) == ["", ""]
