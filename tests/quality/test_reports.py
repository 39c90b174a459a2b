"""Every report of one study in which raters of different care answered everything."""

from collections import Counter

import numpy as np
import pytest
from django.db import transaction

from feedback.common import clock
from feedback.quality.models import Report
from feedback.rating.answers import Answer, Place, Value, scores
from feedback.rating.checks import VERDICTS
from feedback.rating.models import Preference
from feedback.rating.shown import shown_of
from feedback.studies.assignment import assign_next
from feedback.studies.models import Study
from tests.builders import make_rater, submit
from tests.quality.rated import Care, make_rated_study
from tests.quality.reports import report
from tests.rating.everything import FORMS, make_everything

LEFT = 2
CARES = (Care(noise=0.5), Care(noise=0.7), Care(noise=0.7, left=1.0))


@pytest.fixture(scope="module")
def shared(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_rated_study(n_prompts=21, n_completions=2, cares=CARES)
        transaction.set_rollback(True)


@pytest.fixture
def study(shared, db) -> Study:
    return shared[0]


@pytest.fixture
def raters(shared):
    return shared[1]


def content(study, kind):
    return report(study, kind).content


def test_agreement_has_every_question_at_its_scale(study):
    rows = {row["key"]: row for row in content(study, Report.Kind.AGREEMENT)["rows"]}

    assert {key: row["level"] for key, row in rows.items()} == {
        "correctness": "ordinal",
        "tone": "ordinal",
        "safety": "ordinal",
        "send": "nominal",
        "sure": "interval",
        "urgency": "nominal",
        "safer": "ordinal",
        "preference": "ordinal",
        "neither": "nominal",
        "issues": "sets",
        "spans": "spans",
        "marks": "sets",
    }
    assert rows["correctness"]["n_items"] == 42
    assert rows["preference"]["n_items"] == 21
    assert 0.2 < rows["correctness"]["alpha"] < 1.0
    assert rows["neither"]["alpha"] is None
    names = [one["name"] for one in rows["sure"]["beside"]]
    assert names == ["ICC(2,1)", "ICC(2,k)"]
    assert rows["spans"]["n_items"] == 42
    f1 = [one["value"] for one in rows["spans"]["beside"]]
    assert 0.0 <= f1[0] <= f1[1] <= 1.0
    assert [part["name"] for part in rows["marks"]["parts"]] == ["warning", "wrong"]
    for key in ("issues", "marks"):
        assert rows[key]["alpha_low"] < rows[key]["alpha"] < rows[key]["alpha_high"]
        jaccard = rows[key]["beside"][0]
        assert jaccard["low"] < jaccard["value"] < jaccard["high"]
    for one in rows["spans"]["beside"]:
        assert one["low"] <= one["value"] <= one["high"]


def test_verdicts_on_points_are_questions_of_their_own(db):
    forms = [form for form in FORMS if form.kind == "single"]
    study = make_everything(n_completions=1, forms=forms)
    kinds = Counter()
    for choice in (0, 1):
        assignment = assign_next(study=study, rater=make_rater(study), now=clock.now())
        points = shown_of(assignment).asked.all_points
        kinds = Counter(point.kind for point in points)
        submit(
            assignment,
            Answer(
                ratings=scores(scale=5, yes=1, score=70)
                | {Place("any"): Value(choices=())},
                verdicts={(0, p.uid): VERDICTS[p.kind][choice] for p in points},
                is_fit_as_is=True,
            ),
        )
    rows = {row["key"]: row for row in content(study, Report.Kind.AGREEMENT)["rows"]}
    settled = {row["key"] for row in content(study, Report.Kind.CONSENSUS)["labels"]}

    assert kinds
    for kind, n_points in kinds.items():
        found = rows[f"points-{kind}"]
        assert (found["level"], found["n_items"]) == ("nominal", n_points)
        assert found["percent"] == 0.0
        assert f"points-{kind}" in settled


def test_two_raters_have_cohens_kappa_beside(db):
    study, _ = make_rated_study(n_prompts=3, cares=CARES[:2])
    rows = {row["key"]: row for row in content(study, Report.Kind.AGREEMENT)["rows"]}

    assert [one["name"] for one in rows["tone"]["beside"]] == ["Cohen's weighted kappa"]
    assert [one["name"] for one in rows["send"]["beside"]] == ["Cohen's kappa"]


def test_disagreements_name_each_task_once_from_the_widest(study):
    found = content(study, Report.Kind.AGREEMENT)["disagreements"]
    tasks = [one["task"] for one in found]
    spreads = [one["spread"] for one in found]

    assert len(set(tasks)) == len(tasks) == 20
    assert spreads == sorted(spreads, reverse=True)
    assert all(0.0 < spread <= 1.0 for spread in spreads)


def test_the_rater_who_takes_the_left_is_flagged_and_the_others_are_not(study, raters):
    rows = {row["rater"]: row for row in content(study, Report.Kind.RATERS)["rows"]}
    sides = {
        rater.pseudonym: "sides"
        in {
            one["kind"]
            for one in rows[rater.pseudonym]["findings"]
            if one["state"] == "flagged"
        }
        for rater in raters
    }

    assert [sides[rater.pseudonym] for rater in raters] == [False, False, True]
    left = rows[raters[LEFT].pseudonym]
    assert (left["left"], left["left_n"]) == (1.0, 21)
    assert left["n"] == 63
    assert all(row["rest"] > 0.2 for row in rows.values())
    assert all(row["careful"] is not None for row in rows.values())


def test_the_share_of_left_votes_is_that_of_the_rows(study):
    votes = content(study, Report.Kind.LEADERBOARD)["votes"]
    went_left = n_decisive = 0
    for one in Preference.objects.filter(
        judgment__study=study, criterion=None, outcome__in=["a", "b"]
    ).select_related("judgment__assignment"):
        n_decisive += 1
        first = one.judgment.assignment.shown_order[0]
        went_left += (one.outcome == "a") == (first == 0)

    assert votes["n"] == 63
    assert votes["n_decisive"] == n_decisive
    assert votes["left"]["share"] == pytest.approx(went_left / n_decisive)


def test_the_leaderboard_ranks_the_model_that_wins_first(study):
    models = content(study, Report.Kind.LEADERBOARD)["models"]

    assert [one["model"] for one in models] == ["model-0", "model-1"]
    assert models[0]["strength"] == pytest.approx(-models[1]["strength"])
    assert (
        models[0]["strength_low"] < models[0]["strength"] < models[0]["strength_high"]
    )


def test_consensus_uses_means_for_scales_and_a_model_for_facts(study):
    found = content(study, Report.Kind.CONSENSUS)
    numbers = {row["key"]: row for row in found["numbers"]}
    labels = {row["key"]: row for row in found["labels"]}

    assert set(numbers) == {"correctness", "tone", "safety", "sure"}
    assert 1.0 < numbers["tone"]["mean"] < 5.0
    assert numbers["tone"]["n_ratings"] == 126
    assert labels["urgency"]["method"] == "dawid_skene"
    assert labels["neither"]["method"] == labels["preference"]["method"] == "votes"
    shares = labels["urgency"]["labels"]
    assert [one["name"] for one in shares] == ["Now", "Within days", "Not at all"]
    settled = labels["urgency"]["n_items"] - labels["urgency"]["n_tied"]
    assert sum(one["n_items"] for one in shares) == settled


def test_errors_are_counted_by_label_severity_and_week(study):
    found = content(study, Report.Kind.TAXONOMY)
    labels = {row["key"]: row for row in found["labels"]}

    assert found["n_read"] == 42 * 3
    assert labels["tone"]["n"] == 0
    wrong = labels["wrong"]
    assert wrong["n"] == wrong["minor"] + wrong["major"] + wrong["critical"] > 0
    assert labels["warning"]["major"] == labels["warning"]["n"] > 0
    (week,) = found["weeks"]
    assert week["n_errors"] == wrong["n"]
    assert week["n_omissions"] == labels["warning"]["n"]


def test_savings_count_each_complete_task_once(study):
    found = content(study, Report.Kind.SAVINGS)

    assert (found["n_items"], found["n_asked"], found["n_fixed"]) == (63, 189, 315)
    assert found["n_saved"] == 126
    assert found["asked"] == {"3": 63}
    assert found["minutes"] == pytest.approx(126 * found["seconds"] / 60)
    assert found["policy"].startswith("Every item gets 3 ratings.")


def test_small_groups_are_neither_tested_nor_counted(study):
    rows = content(study, Report.Kind.BIAS)["raters"]

    assert rows
    assert all(row["n_inside"] is None and not row["is_tested"] for row in rows)


def test_no_report_holds_a_number_that_is_none(study):
    """NaN is no JSON; what is not defined is null, never 0 or 1."""
    for kind in Report.Kind:
        stored = content(study, kind)
        assert not any(
            isinstance(one, float) and np.isnan(one) for one in _leaves(stored)
        )


def _leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return [value]
    return [leaf for one in value for leaf in _leaves(one)]
