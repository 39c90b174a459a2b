"""The bias report: groups of raters and of cases, length of texts, order of work.

Base wave alone. One value for each rater, so that a rater with many ratings is not many
raters; groups too small to compare are named, and counted only from five on.
"""

from dataclasses import asdict
from typing import Any

import numpy as np

from feedback.accounts.models import Rater
from feedback.quality.agreement import Scaled, rng_for, scaled_criteria
from feedback.quality.arrays import (
    A,
    B,
    PreferenceColumns,
    preference_columns,
    rating_columns,
)
from feedback.quality.case_groups import GIVEN, case_columns, group_of
from feedback.quality.columns import NONE, Columns
from feedback.quality.computing import Computation, Content, input_sha256
from feedback.quality.epochs import Epoch
from feedback.quality.numbers import stored
from feedback.quality.questions import asked_in
from feedback.quality.report_agreement import context_of
from feedback.stats.arrays import IntArray
from feedback.stats.effects import Effect, length_effect, order_effect
from feedback.stats.ratings import Ratings
from feedback.stats.subgroups import Subgroup, case_subgroups, rater_subgroups, severity
from feedback.studies.models import Study

Row = dict[str, Any]
RATER_GROUPS = ("age_band", "sex", "ethnicity", "language", "profession")
# Below, a count could tell who is meant.
FEWEST_SHOWN = 5
# Permutations of more cases take long and tell little more; they are drawn by seed.
MOST_CASES = 2000


def bias_computation(study: Study, epoch: Epoch) -> Computation:
    """What the bias report is computed from, and how."""
    asked = asked_in(epoch)
    ratings = rating_columns(study, epoch)
    preferences = preference_columns(study, epoch)
    cases = case_columns(study)
    about = _about_raters(ratings.columns)

    def compute() -> Content:
        numbers = {one.key for one in asked if one.is_number}
        scaled = [
            one
            for one in scaled_criteria(asked, ratings, preferences)
            if one.key in numbers and one.answers.is_base.any()
        ]
        return {
            "raters": [
                row for one in scaled for row in _raters(one, about, study.seed)
            ],
            "cases": [
                row for one in scaled for row in case_rows(one, cases, study.seed)
            ],
            "order": [_order(one, study.seed) for one in scaled],
            "length": _length(preferences),
        }

    context = [context_of(asked), sorted(about.items())]
    return Computation(
        input_sha256(ratings.columns, preferences.columns, cases, context=context),
        compute,
    )


def _about_raters(columns: Columns) -> dict[int, list[str]]:
    """What raters said of themselves, in the order of `RATER_GROUPS`."""
    keys = [int(one) for one in np.unique(columns.numbers["rater"])]
    rows = Rater.objects.filter(pk__in=keys).values_list("pk", *RATER_GROUPS)
    return {pk: list(said) for pk, *said in rows}


def _as_ratings(scaled: Scaled) -> tuple[Ratings, IntArray]:
    """The base wave with raters numbered from 0, and the raters' keys."""
    base = scaled.answers.base
    keys, raters = np.unique(base.rater, return_inverse=True)
    values = scaled.values[base.value]
    return Ratings(base.item, raters.astype(np.int64), values), keys


def _raters(scaled: Scaled, about: dict[int, list[str]], seed: int) -> list[Row]:
    ratings, keys = _as_ratings(scaled)
    severities = severity(ratings)
    comparable = ~np.isnan(severities)
    attributes = {
        name: [about[int(key)][place] for key in keys[comparable]]
        for place, name in enumerate(RATER_GROUPS)
    }
    rng = rng_for(seed, f"raters:{scaled.key}")
    found = rater_subgroups(severities[comparable], attributes, rng=rng)
    return [_group_row(scaled, one) for one in found]


def case_rows(scaled: Scaled, cases: Columns, seed: int) -> list[Row]:
    """Groups of cases of one question; of many cases as many as time allows."""
    ratings, _ = _as_ratings(scaled)
    base = scaled.answers.base
    rng = rng_for(seed, f"cases:{scaled.key}")
    items = np.unique(ratings.item)
    if len(items) > MOST_CASES:
        items = np.sort(rng.choice(items, size=MOST_CASES, replace=False))
    rows = np.flatnonzero(np.isin(ratings.item, items))
    number = np.searchsorted(items, ratings.item[rows])
    few = Ratings(number, ratings.rater[rows], ratings.value[rows])
    task_of_item = np.zeros(len(items), dtype=np.int64)
    task_of_item[number] = base.task[rows]
    attributes = {name: group_of(cases, name, task_of_item) for name in GIVEN}
    known = {name: said for name, said in attributes.items() if any(said)}
    if not known:
        return []
    return [_group_row(scaled, one) for one in case_subgroups(few, known, rng=rng)]


def _group_row(scaled: Scaled, one: Subgroup) -> Row:
    is_small = one.n_inside < FEWEST_SHOWN
    return {
        "key": scaled.key,
        "question": scaled.name,
        "attribute": one.attribute,
        "group": one.group,
        "n_inside": None if is_small else one.n_inside,
        "n_outside": None if is_small else one.n_outside,
        "n_raters": one.n_raters,
        "difference": stored(one.difference),
        "difference_low": stored(one.low),
        "difference_high": stored(one.high),
        "p_value": stored(one.p_value),
        "q_value": stored(one.q_value),
        "is_tested": one.is_tested,
        "span": stored(float(scaled.values[-1] - scaled.values[0])),
    }


def _order(scaled: Scaled, seed: int) -> Row:
    ratings, _ = _as_ratings(scaled)
    # Rows come in the order they were stored; a rater's place is how many came before.
    order = np.argsort(ratings.rater, kind="stable")
    first = np.searchsorted(ratings.rater[order], ratings.rater[order])
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order)) - first
    found = order_effect(ratings, position, rng=rng_for(seed, f"order:{scaled.key}"))
    return {
        "key": scaled.key,
        "question": scaled.name,
        "n_raters": found.n_raters,
        "change": stored(found.change.estimate),
        "change_low": stored(found.change.low),
        "change_high": stored(found.change.high),
        "p_value": stored(found.change.p_value),
    }


def _length(preferences: PreferenceColumns) -> Row | None:
    outcome = preferences["outcome"]
    rows = preferences.is_overall & preferences.is_base
    rows &= (outcome == A) | (outcome == B)
    if not rows.any():
        return None
    is_left = preferences["a_stood_left"][rows] == 1
    length_a, length_b = preferences["length_a"][rows], preferences["length_b"][rows]
    model_a, model_b = preferences["model_a"][rows], preferences["model_b"][rows]
    named = bool(((model_a != NONE) & (model_b != NONE)).all())
    found = length_effect(
        left_won=(outcome[rows] == A) == is_left,
        left_length=np.where(is_left, length_a, length_b).astype(np.float64),
        right_length=np.where(is_left, length_b, length_a).astype(np.float64),
        rater=preferences["rater"][rows],
        left_model=np.where(is_left, model_a, model_b) if named else None,
        right_model=np.where(is_left, model_b, model_a) if named else None,
    )
    if not found.longer_won.n:
        return None
    return {
        "n_votes": found.n_votes,
        "n_raters": found.n_raters,
        "longer_won": stored(found.longer_won.share),
        "longer_won_low": stored(found.longer_won.low),
        "longer_won_high": stored(found.longer_won.high),
        "has_models": named,
        "length": _effect(found.length),
        "side": _effect(found.side),
    }


def _effect(effect: Effect) -> Row:
    return {name: stored(value) for name, value in asdict(effect).items()}
