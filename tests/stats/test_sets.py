import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.agreement import alpha_by_distance, gwet_ac, krippendorff_alpha
from feedback.stats.sets import (
    measure_set_agreement,
    set_alpha,
    set_alpha_interval,
    set_distances,
)
from tests.stats import by_definition

LABELS = "abcd"

label_sets = st.frozensets(st.sampled_from(LABELS))
rated = st.lists(st.lists(label_sets, max_size=4), min_size=1, max_size=8)


def flags(sets):
    rows = [[label in labels for label in LABELS] for labels in sets]
    return np.array(rows, dtype=bool).reshape(len(sets), len(LABELS))


def columns(items):
    numbers = [place * 10 for place, item in enumerate(items) for _ in item]
    return np.array(numbers, dtype=np.int64), flags([s for item in items for s in item])


def masi(one, other):
    """Passonneau (2006): 1 - J * M, from the sets themselves."""
    if one == other:
        return 0.0
    if not one & other:
        return 1.0
    monotonicity = 2 / 3 if one < other or other < one else 1 / 3
    return 1 - len(one & other) / len(one | other) * monotonicity


def jaccard(one, other):
    return 1 - len(one & other) / len(one | other) if one | other else 0.0


def distance(one, other, *, kind):
    return set_distances(flags([frozenset(one), frozenset(other)]), distance=kind)[0, 1]


# --- published examples -------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "published"),
    [
        ("abc", "abc", 0),  # M = 1
        ("ab", "a", 1 - 1 / 2 * 2 / 3),  # one contains the other: M = 2/3
        ("abcd", "ab", 1 - 1 / 2 * 2 / 3),
        ("ab", "bc", 1 - 1 / 3 * 1 / 3),  # overlap only: M = 1/3
        ("ab", "cd", 1),  # M = 0
    ],
)
def test_masi_of_the_four_cases(one, other, published):
    """Passonneau (2006): identity, subsumption, overlap, nothing in common."""
    assert distance(one, other, kind="masi") == pytest.approx(published)


def test_alpha_with_the_earlier_distance_of_sets():
    """DKPro Statistics (Meyer et al. 2014), its test `SetAnnotationsTest`.

    Nine items, two raters; distance 0 for equal sets, 1/3 if one contains the other,
    2/3 for overlap, 1 else (Passonneau 2004); observed .333, expected .409, alpha .186.
    """
    firsts = ["", "a", "a", "a", "ab", "ab", "abc", "c", "c"]
    seconds = ["", "", "a", "b", "a", "ac", "abc", "ac", "ac"]
    kinds = sorted(set(firsts) | set(seconds))
    counts = np.array(
        [
            [(kind == one) + (kind == other) for kind in kinds]
            for one, other in zip(firsts, seconds, strict=True)
        ]
    )
    table = np.zeros((len(kinds), len(kinds)))
    for (i, one), (j, other) in combinations(enumerate(map(set, kinds)), 2):
        contains = one < other or other < one
        far = 1 / 3 if contains else 2 / 3 if one & other else 1.0
        table[i, j] = table[j, i] = far

    assert round(alpha_by_distance(counts, distance=table), 3) == 0.186


# --- a second implementation and properties -----------------------------------------


@settings(deadline=None)
@given(items=rated)
def test_alpha_of_sets_is_what_its_definition_says(items):
    for kind, plain in (("masi", masi), ("jaccard", jaccard)):
        ours = set_alpha(*columns(items), distance=kind)
        theirs = by_definition.alpha(items, plain)
        assert math.isnan(ours) if theirs is None else ours == pytest.approx(theirs)


@settings(deadline=None)
@given(items=rated, data=st.data())
def test_order_of_items_raters_and_labels_does_not_matter(items, data):
    numbers, sets = columns(items)
    order = np.array(data.draw(st.permutations(range(len(numbers)))), dtype=np.int64)
    labels = np.array(data.draw(st.permutations(range(len(LABELS)))))

    one = set_alpha(numbers, sets, distance="masi")
    other = set_alpha(numbers[order], sets[order][:, labels], distance="masi")

    assert one == pytest.approx(other, nan_ok=True)
    assert not one > 1


@given(one=label_sets, other=label_sets)
def test_masi_is_never_closer_than_jaccard(one, other):
    near, far = (distance(one, other, kind=kind) for kind in ("jaccard", "masi"))

    assert near == pytest.approx(jaccard(one, other))
    assert 0 <= near <= far + 1e-12 <= 1 + 1e-9
    assert (near == 0) == (far == 0) == (one == other)


def test_single_labels_make_nominal_alpha():
    rng = np.random.default_rng(2)
    chosen = rng.integers(0, 4, (30, 3))
    counts = np.stack([(chosen == n).sum(axis=1) for n in range(4)], axis=1)
    sets = np.eye(4, dtype=bool)[chosen.ravel()]

    alpha = set_alpha(np.repeat(np.arange(30), 3), sets, distance="masi")

    nominal = krippendorff_alpha(counts, values=np.arange(4.0), level="nominal")
    assert alpha == pytest.approx(nominal)


# --- what is shown ------------------------------------------------------------------


def test_each_label_gets_its_own_agreement():
    rng = np.random.default_rng(3)
    items = np.repeat(np.arange(60), 3)
    sets = rng.random((60, 1, 3)) < [0.2, 0.5, 0.8]
    sets = (sets ^ (rng.random((60, 3, 3)) < 0.1)).reshape(180, 3)

    found = measure_set_agreement(items, sets, rng=np.random.default_rng(1))

    assert found.n_items == 60
    assert found.masi == set_alpha(items, sets, distance="masi")
    assert found.jaccard == set_alpha(items, sets, distance="jaccard")
    for place, label in enumerate(found.labels):
        chosen = sets[:, place].reshape(60, 3).sum(axis=1)
        counts = np.stack([3 - chosen, chosen], axis=1)
        values = np.array([0.0, 1.0])
        assert label.alpha == krippendorff_alpha(counts, values=values, level="nominal")
        assert label.ac == gwet_ac(counts, values=values)
        assert label.alpha_low < label.alpha < label.alpha_high


@pytest.mark.parametrize("kind", ["masi", "jaccard"])
def test_alpha_of_sets_has_an_interval_by_drawing_items_again(kind):
    rng = np.random.default_rng(3)
    # Two to four ratings an item, so that items weigh differently.
    sizes = rng.integers(2, 5, size=40)
    items = np.repeat(np.arange(40), sizes)
    truth = rng.random((40, 4)) < 0.4
    sets = truth[items] ^ (rng.random((len(items), 4)) < 0.15)
    low, high = set_alpha_interval(
        items, sets, distance=kind, rng=np.random.default_rng(1)
    )

    # The same by hand: items drawn, numbered anew, and measured by `set_alpha`.
    drawn = []
    for _ in range(500):
        chosen = rng.integers(40, size=40)
        rows = [np.flatnonzero(items == item) for item in chosen]
        again = np.repeat(np.arange(40), [len(one) for one in rows])
        drawn.append(set_alpha(again, sets[np.concatenate(rows)], distance=kind))
    assert (low, high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.03)
    assert low < set_alpha(items, sets, distance=kind) < high
    again = set_alpha_interval(items, sets, distance=kind, rng=np.random.default_rng(1))
    assert again == (low, high)


@pytest.mark.parametrize("n", [0, 19])
def test_below_twenty_items_sets_have_no_interval(n):
    items = np.repeat(np.arange(n), 2)
    sets = np.random.default_rng(2).random((2 * n, 3)) < 0.5
    found = measure_set_agreement(items, sets, rng=np.random.default_rng(1))
    for end in ("masi_low", "masi_high", "jaccard_low", "jaccard_high"):
        assert math.isnan(getattr(found, end))


def test_more_labels_than_fit_one_number_are_still_told_apart():
    sets = np.zeros((4, 90), dtype=bool)
    sets[0, [0, 89]] = sets[1, [0, 89]] = True
    sets[2, 1] = sets[3, 1] = True

    assert set_alpha(np.array([1, 1, 2, 2]), sets, distance="masi") == 1.0


# --- not defined, refused -----------------------------------------------------------


@pytest.mark.parametrize(
    "items", [[["ab"], ["a"]], [["ab", "ab"], ["ab", "ab"]], [["", ""]], [[]]]
)
def test_alpha_of_sets_is_undefined_without_pairs_or_variation(items):
    items = [[frozenset(labels) for labels in item] for item in items]

    for kind in ("masi", "jaccard"):
        assert math.isnan(set_alpha(*columns(items), distance=kind))


def test_shapes_of_sets_must_fit():
    with pytest.raises(ValueError, match="do not fit sets"):
        set_alpha(np.array([1, 2]), flags(["a"]), distance="masi")
    with pytest.raises(ValueError, match="do not fit sets"):
        measure_set_agreement(
            np.array([1]), np.array([True]), rng=np.random.default_rng(1)
        )
