"""After a small revision of the guideline nothing tells checks from ordinary tasks."""

import pytest
from django.urls import reverse

from feedback.common import clock
from feedback.studies.assignment import assign_next
from feedback.studies.criteria import FormDraft
from feedback.studies.guideline_drafts import (
    publish_draft,
    remove_question,
    save_text,
    start_draft,
)
from feedback.studies.models import Criterion, GoldItem, Study, Task
from feedback.studies.serving import RETEST_AFTER
from tests.builders import GOOD, judge_all, make_rater, make_study, submit
from tests.quality.known import at_stage, make_known

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study(
        n_prompts=RETEST_AFTER + 6,
        n_completions=1,
        overlap=1,
        forms=[FormDraft("single", ("ratings",))],
    )


def publish(study, *, without="", is_major=False):
    lead = study.created_by
    draft = start_draft(study=study, actor=lead)
    words = {"title": draft.title, "body": "Other words.", "changes": "Words."}
    save_text(draft=draft, actor=lead, is_major=is_major, **words)
    if without:
        criterion = Criterion.objects.get(guideline_version=draft, key=without)
        remove_question(row=criterion, actor=lead)
    return publish_draft(draft=draft, actor=lead, now=clock.now())


def next_of(study, rater):
    return assign_next(study=study, rater=rater, now=clock.now())


def test_a_gold_is_answered_by_the_version_in_force(study, sign_in):
    make_known(study, 2)
    first, second = make_rater(study), make_rater(study)
    at_stage(study, first, "qualifying")
    submit(next_of(study, first), GOOD)
    version = publish(study)
    at_stage(study, second, "qualifying")

    gold, label = next_of(study, second), next_of(study, make_rater(study))

    assert gold.task.purpose == Task.Purpose.GOLD
    assert gold.guideline_version == label.guideline_version == version
    page = sign_in(second.user).get(reverse("assignment_detail", args=[gold.uid]))
    assert page.context["guideline"] == version
    judgment = submit(gold, GOOD)
    assert judgment.guideline_version == version
    asked_by = set(
        judgment.ratings.values_list("criterion__guideline_version", flat=True)
    )
    assert asked_by == {version.pk}


def test_a_gold_in_hand_goes_on_as_it_was_begun(study):
    make_known(study, 1)
    rater = make_rater(study)
    at_stage(study, rater, "qualifying")
    held = next_of(study, rater)
    before = held.guideline_version
    publish(study)

    judgment = submit(next_of(study, rater), GOOD)

    assert judgment.guideline_version == before


def test_a_repetition_is_answered_by_the_version_in_force(study):
    rater = make_rater(study)
    judge_all(study, rater, limit=RETEST_AFTER + 3)
    version = publish(study)
    Study.objects.filter(pk=study.pk).update(retest_percent=50)
    study.refresh_from_db()

    assignments = [one.assignment for one in judge_all(study, rater)]

    purposes = {one.task.purpose for one in assignments}
    assert purposes == {Task.Purpose.LABEL, Task.Purpose.RETEST}
    assert {one.guideline_version_id for one in assignments} == {version.pk}


def test_what_a_version_does_not_ask_is_known_no_more(study):
    (gold,) = make_known(study, 1)

    publish(study, without="safety")

    gold.refresh_from_db()
    assert gold.retired_at is not None
    assert GoldItem.objects.filter(retired_at=None).count() == 0


def test_a_major_version_leaves_golds_of_the_one_before_alone(study):
    (gold,) = make_known(study, 1)
    publish(study, is_major=True)
    gold.refresh_from_db()
    assert gold.retired_at is None
    rater = make_rater(study)
    at_stage(study, rater, "qualifying")
    assert next_of(study, rater) is None
