"""Which judgments a report is about: current, blind, of the base wave, of one epoch."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache

from feedback.common import clock
from feedback.quality.epochs import epochs_of
from feedback.quality.models import Report
from feedback.rating.answers import Answer, scores
from feedback.rating.services import revise_judgment
from feedback.rating.shown import shown_of
from feedback.studies.criteria import FormDraft
from feedback.studies.models import Slot, Study, Task
from feedback.studies.services import publish_guideline
from tests.builders import CRITERIA, GOOD, judge_all, make_rater, make_study
from tests.quality.rated import Care, make_rated_study
from tests.quality.reports import report, row

BAD = Answer(ratings=scores(correctness=1, tone=2, safety=1))
SINGLE = [FormDraft("single", ("ratings",))]


@pytest.fixture
def study(db):
    return make_study(n_prompts=4, n_completions=1, overlap=3, forms=SINGLE)


def judge(study, *answers):
    """Each answer is that of a new rater, to everything that is left for them."""
    return [judge_all(study, make_rater(study), single=one) for one in answers]


def found(study):
    measured = row(study, "correctness")
    return measured["n_items"], measured["n_ratings"], measured["percent"]


def test_every_rating_of_a_study_that_was_always_fixed_counts(study):
    judge(study, GOOD, GOOD, BAD)

    assert found(study) == (4, 12, pytest.approx(1 / 3))


def test_only_the_base_wave_counts_once_a_policy_has_routed(study):
    judge(study, GOOD, GOOD, BAD)
    Slot.objects.filter(study=study, slot_no__lt=2).update(wave=Slot.Wave.BASE)
    Slot.objects.filter(study=study, slot_no=2).update(wave=Slot.Wave.MORE)
    Study.objects.filter(pk=study.pk).update(policy=Study.Policy.LEAD)
    routed = found(study)
    Study.objects.filter(pk=study.pk).update(policy=Study.Policy.FIXED)

    assert routed == found(study) == (4, 8, 1.0)


@pytest.mark.parametrize("wave", ["specialist", "audit", "check"])
def test_other_waves_never_count(study, wave):
    judge(study, GOOD, GOOD, BAD)
    Slot.objects.filter(study=study, slot_no=2).update(wave=wave)

    assert found(study) == (4, 8, 1.0)


@pytest.mark.parametrize("purpose", ["gold", "retest", "training"])
def test_tasks_that_are_not_to_be_labeled_never_count(study, purpose):
    judge(study, GOOD, GOOD, BAD)
    first = study.tasks.order_by("pk")[0]
    Task.objects.filter(pk=first.pk).update(purpose=purpose)

    assert found(study)[:2] == (3, 9)


def test_withdrawn_tasks_do_not_count(study):
    judge(study, GOOD, GOOD, BAD)
    assert found(study)[0] == 4
    first = study.tasks.order_by("pk")[0]
    Task.objects.filter(pk=first.pk).update(state=Task.State.WITHDRAWN)

    assert found(study)[0] == 3


def test_outside_my_practice_is_no_rating(study):
    judge(study, GOOD, GOOD)
    judge(study, Answer(is_outside_practice=True))

    assert found(study)[:2] == (4, 8)


def test_what_does_not_apply_is_counted_beside(study):
    judge(study, GOOD, GOOD)
    judge(study, Answer(ratings=scores(correctness=None, tone=4, safety=5)))

    assert found(study)[:2] == (4, 8)
    assert row(study, "correctness")["n_missing"] == 4
    assert row(study, "tone")["n_ratings"] == 12


def test_the_newest_blind_revision_counts(study):
    (first, *_), _ = judge(study, GOOD, GOOD)
    assert found(study)[2] == 1.0
    shown = shown_of(first.assignment)
    revise_judgment(
        judgment=first,
        answer=BAD,
        shown=shown,
        idempotency_key=uuid4(),
        shown_sha256_seen=shown.sha256,
        active_seconds=5,
        now=clock.now(),
    )

    assert found(study) == (4, 8, 0.75)


def publish(study, **fields):
    return publish_guideline(
        study=study,
        title="Next",
        body="Judge what is on the page, again.",
        criteria=fields.pop("criteria", CRITERIA),
        forms=SINGLE,
        published_by=study.created_by,
        now=clock.now(),
        changes="Words.",
        **fields,
    )


def test_minor_versions_pool_and_major_ones_do_not(study):
    judge(study, GOOD, GOOD)
    publish(study)
    assert [one.label for one in epochs_of(study)] == ["Versions 1 to 2"]
    assert found(study)[0] == 4

    publish(study, is_major=True)
    newest, oldest = epochs_of(study)

    assert (newest.number, oldest.number) == (3, 1)
    assert found(study)[0] == 0
    assert row(study, "correctness", epoch=oldest)["n_items"] == 4


def test_a_scale_that_a_minor_version_changed_starts_anew(study):
    judge(study, GOOD, GOOD)
    wider = [
        replace(one, maximum=7, anchors={}) if one.key == "correctness" else one
        for one in CRITERIA
    ]
    publish(study, criteria=wider)

    assert row(study, "correctness")["n_items"] == 0
    assert row(study, "tone")["n_items"] == 4


def test_agreement_is_not_defined_where_all_ratings_are_equal(study):
    judge(study, GOOD, GOOD)

    assert row(study, "tone")["alpha"] is None
    assert row(study, "tone")["percent"] == 1.0


def test_few_items_have_no_interval(study):
    judge(study, GOOD, BAD)
    measured = row(study, "tone")

    assert measured["alpha"] < 0
    assert (measured["alpha_low"], measured["alpha_high"]) == (None, None)
    assert measured["is_too_few"]


def test_the_same_input_is_computed_once(study, django_assert_num_queries):
    judge(study, GOOD, BAD)
    first = report(study)
    epoch = epochs_of(study)[0]
    with django_assert_num_queries(2):
        assert report(study, epoch=epoch) == first
    cache.clear()

    assert report(study) == first
    assert Report.objects.filter(study=study).count() == 1


def test_a_new_judgment_makes_a_new_report_and_keeps_the_old(study):
    judge(study, GOOD)
    first = report(study)
    judge(study, BAD)
    second = report(study)

    assert second.input_sha256 != first.input_sha256
    assert Report.objects.filter(study=study).count() == 2


def test_another_seed_draws_another_interval_around_the_same_number(db):
    study, _ = make_rated_study(n_prompts=12, cares=(Care(), Care()))
    before = row(study, "sure")
    Study.objects.filter(pk=study.pk).update(seed=77)
    study.refresh_from_db()
    after = row(study, "sure")

    assert before["n_items"] == 24
    assert before["alpha"] == after["alpha"]
    assert before["alpha_low"] != after["alpha_low"]
    assert {one.seed for one in Report.objects.filter(study=study)} == {1, 77}


def test_a_report_that_takes_long_may_be_five_minutes_old(study):
    judge(study, GOOD)
    first = report(study, Report.Kind.BIAS)
    judge(study, BAD)

    assert report(study, Report.Kind.BIAS) == first
    later = clock.now() + timedelta(minutes=6)
    assert report(study, Report.Kind.BIAS, now=later) != first
