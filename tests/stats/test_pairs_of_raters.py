import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.agreement import agreement_weights
from feedback.stats.pairs_of_raters import (
    compare_raters,
    pairs_within_items,
    weighted_kappa,
)
from tests.stats import by_definition
from tests.stats.published import ABSTRACTORS, PATIENTS

IDENTITY = np.eye(5)
QUADRATIC = agreement_weights(np.arange(1.0, 6.0), "quadratic")

pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1)
# Each rater may or may not have rated each of a few items.
sparse = st.dictionaries(
    st.tuples(st.integers(100, 106), st.integers(7, 10)), st.integers(0, 4), max_size=20
)


def table_of(given_pairs):
    table = np.zeros((5, 5), dtype=np.int64)
    for first, second in given_pairs:
        table[first, second] += 1
    return table


def arrays(ratings):
    items = np.array([item for item, _ in ratings], dtype=np.int64)
    raters = np.array([rater for _, rater in ratings], dtype=np.int64)
    return items, raters, np.array(list(ratings.values()), dtype=np.int64)


# --- published examples -------------------------------------------------------------


def test_kappa_of_cohens_patients():
    """Cohen (1960), repeated in (1968): po .70, pe .41, kappa .492."""
    kappa = weighted_kappa(PATIENTS, weights=np.eye(3))

    assert round(kappa, 3) == 0.492


def test_weighted_kappa_of_cohens_patients():
    """Cohen (1968), table 1: disagreement weighs 1, 3 or 6; weighted kappa .348."""
    disagreement = np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]])

    kappa = weighted_kappa(PATIENTS, weights=1 - disagreement / 6)

    assert round(kappa, 3) == 0.348


@pytest.mark.parametrize(
    ("table", "published"),
    [([[40, 9], [6, 45]], 0.70), ([[80, 10], [5, 5]], 0.32)],
)
def test_kappas_of_the_first_paradox(table, published):
    """Feinstein & Cicchetti, "High agreement but low kappa" (1990): both po .85."""
    assert round(weighted_kappa(np.array(table), weights=np.eye(2)), 2) == published


def test_kappa_of_gwets_two_abstractors():
    """Gwet (2014); irrCAC's documentation, `kappa2.table(cont3x3abstractors)`."""
    assert round(weighted_kappa(ABSTRACTORS, weights=np.eye(3)), 7) == 0.7964094


# --- a second implementation and properties -----------------------------------------


@settings(deadline=None)
@given(given_pairs=pairs)
def test_kappa_is_what_its_definition_says(given_pairs):
    for weights in (IDENTITY, QUADRATIC):
        ours = weighted_kappa(table_of(given_pairs), weights=weights)
        theirs = by_definition.kappa(
            given_pairs, range(5), lambda a, b, w=weights: w[a, b]
        )
        assert math.isnan(ours) if theirs is None else ours == pytest.approx(theirs)


@settings(deadline=None)
@given(given_pairs=pairs)
def test_kappa_is_the_same_whoever_is_first_and_never_above_one(given_pairs):
    table = table_of(given_pairs)

    kappa = weighted_kappa(table, weights=QUADRATIC)
    turned = weighted_kappa(table.T, weights=QUADRATIC)

    assert kappa == pytest.approx(turned, nan_ok=True)
    assert not kappa > 1


@settings(deadline=None)
@given(ratings=sparse, data=st.data())
def test_each_pair_is_what_it_is_alone(ratings, data):
    items, raters, values = arrays(ratings)
    order = np.array(data.draw(st.permutations(range(len(items)))), dtype=np.int64)

    found = compare_raters(
        items[order], raters[order], values[order], weights=QUADRATIC
    )

    expected = []
    for first in range(7, 11):
        for second in range(first + 1, 11):
            common = [
                (ratings[item, first], ratings[item, second])
                for item in range(100, 107)
                if (item, first) in ratings and (item, second) in ratings
            ]
            if common:
                same = sum(a == b for a, b in common) / len(common)
                kappa = weighted_kappa(table_of(common), weights=QUADRATIC)
                expected.append((first, second, len(common), same, kappa))
    assert [(p.first, p.second, p.n_items) for p in found] == [e[:3] for e in expected]
    numbers = [number for p in found for number in (p.percent, p.kappa)]
    assert numbers == pytest.approx([n for e in expected for n in e[3:]], nan_ok=True)


def test_a_heavily_rated_item_pairs_everybody_once():
    items = np.zeros(50, dtype=np.int64)

    first, second = pairs_within_items(items, np.arange(50)[::-1])

    assert len({frozenset(p) for p in zip(first, second, strict=True)}) == 50 * 49 // 2
    assert (first > second).all()  # the raters were numbered backwards


# --- not defined, refused -----------------------------------------------------------


def test_kappa_is_undefined_where_both_use_one_value_or_rate_nothing():
    assert math.isnan(weighted_kappa(np.diag([9, 0]), weights=np.eye(2)))
    assert math.isnan(weighted_kappa(np.zeros((2, 2), dtype=int), weights=np.eye(2)))


def test_raters_without_a_common_item_make_no_pair():
    one, two = np.array([1, 2]), np.array([0, 0])

    assert compare_raters(one, one, two, weights=IDENTITY) == ()


def test_tables_and_weights_must_fit():
    with pytest.raises(ValueError, match="does not fit weights"):
        weighted_kappa(np.ones((2, 2), dtype=int), weights=np.eye(3))
    with pytest.raises(ValueError, match="does not fit weights"):
        weighted_kappa(np.ones(2, dtype=int), weights=np.ones(2))
    with pytest.raises(ValueError, match="1 on the diagonal"):
        weighted_kappa(np.ones((2, 2), dtype=int), weights=np.zeros((2, 2)))


def test_lists_of_ratings_are_checked():
    one = np.array([1, 1])

    with pytest.raises(ValueError, match="do not fit raters"):
        compare_raters(one, np.array([1]), one, weights=IDENTITY)
    with pytest.raises(ValueError, match="rater 1 has rated item 1 twice"):
        compare_raters(one, one, one, weights=IDENTITY)
    with pytest.raises(ValueError, match="value codes run from 1 to 9"):
        compare_raters(one, np.array([1, 2]), np.array([1, 9]), weights=IDENTITY)
