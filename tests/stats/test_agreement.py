import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from feedback.stats.agreement import (
    agreement_weights,
    alpha_by_distance,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    measure_agreement,
    percent_agreement,
    within_one_agreement,
)
from feedback.stats.counts import count_ratings
from tests.stats import by_definition
from tests.stats.published import (
    ABSTRACTORS,
    COUNTS,
    DIAGNOSES,
    FOURTEEN_RATERS,
    VALUES,
    counts_of_pairs,
)

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
LEVELS = ("nominal", "ordinal", "interval")

ratings = st.lists(st.lists(st.integers(1, 5), max_size=4), min_size=1, max_size=12)
patient = settings(deadline=None, max_examples=80)


def counted(items):
    return np.array([[item.count(v) for v in range(1, 6)] for item in items])


def same(ours, theirs):
    if theirs is None:
        return math.isnan(ours)
    return ours == pytest.approx(theirs, abs=1e-9)


def rng():
    return np.random.default_rng(7)


def noisy_counts(n_items, *, seed=3, n_raters=3):
    chance = np.random.default_rng(seed)
    truth = chance.integers(0, 5, n_items)
    given = truth[:, None] + chance.integers(-1, 2, (n_items, n_raters))
    items = np.repeat(np.arange(n_items), n_raters)
    return count_ratings(
        items, np.clip(given, 0, 4).ravel(), n_items=n_items, n_values=5
    )


# --- published examples -------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "published"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)],
)
def test_alpha_of_krippendorffs_example_with_gaps(level, published):
    """Krippendorff (2011), sections C and D."""
    alpha = krippendorff_alpha(COUNTS, values=VALUES, level=level)

    assert round(alpha, 3) == published


def test_alpha_of_two_observers_and_two_values():
    """Krippendorff (2011), section A: Meg and Owen."""
    table = np.array([[5, 3], [1, 1]])

    alpha = krippendorff_alpha(
        counts_of_pairs(table), values=np.array([0.0, 1.0]), level="nominal"
    )

    assert round(alpha, 3) == 0.095


def test_alpha_of_two_observers_and_five_values():
    """Krippendorff (2011), section B: Ben and Gerry."""
    pairs = zip("aabbdcccedda", "babbbcccedddd", strict=False)
    counts = np.array([[pair.count(v) for v in "abcde"] for pair in pairs])

    alpha = krippendorff_alpha(counts, values=np.arange(5.0), level="nominal")

    assert round(alpha, 3) == 0.692


def test_alpha_at_the_ratio_level_by_its_own_distance():
    """Krippendorff (2011), section D: the ratio metric is not built in."""
    ratio = np.square(
        (VALUES[:, None] - VALUES[None, :]) / (VALUES[:, None] + VALUES[None, :])
    )

    assert round(alpha_by_distance(COUNTS, distance=ratio), 3) == 0.797


def test_ac1_of_gwets_two_abstractors():
    """Gwet (2014); irrCAC's documentation, `gwet.ac1.table(cont3x3abstractors)`."""
    counts = counts_of_pairs(ABSTRACTORS)

    assert round(gwet_ac(counts, values=np.arange(3.0)), 7) == 0.8493305
    assert percent_agreement(counts) == pytest.approx(0.89)


def test_ac1_of_gwets_four_raters_with_gaps():
    """Gwet (2014); irrCAC's documentation: pa .8181818, pe .1903212, AC1 .77544.

    One unit has a single rating: out of pa, in pe.
    """
    assert round(gwet_ac(COUNTS, values=VALUES), 5) == 0.77544
    assert round(percent_agreement(COUNTS), 7) == 0.8181818


@pytest.mark.parametrize(
    ("weighting", "printed"), [("quadratic", 0.914), ("linear", 0.85874)]
)
def test_ac2_of_gwets_four_raters_with_gaps(weighting, printed):
    """As irrCAC 0.4.4, the package of Gwet's book, prints it."""
    ac2 = gwet_ac(COUNTS, values=VALUES, weighting=weighting)

    assert round(ac2, 5) == printed


def test_ac1_is_high_where_kappa_falls_for_high_agreement():
    """Gwet (2008) explains the paradox: 118 and 0 agreed of 125, 7 not."""
    counts = counts_of_pairs(np.array([[118, 5], [2, 0]]))

    assert round(gwet_ac(counts, values=np.array([0.0, 1.0])), 4) == 0.9408
    assert krippendorff_alpha(counts, values=np.arange(2.0), level="nominal") < 0


def test_fleiss_kappa_of_thirty_patients():
    """Fleiss (1971): mean observed .556, kappa .430."""
    assert round(fleiss_kappa(DIAGNOSES), 3) == 0.430
    assert round(percent_agreement(DIAGNOSES), 3) == 0.556


def test_fleiss_kappa_of_fourteen_raters():
    """The example printed in textbooks and libraries: P .378, kappa .210."""
    assert round(fleiss_kappa(FOURTEEN_RATERS), 3) == 0.210


def test_three_physicians_on_claims_of_chatbots():
    """K-QA (Manes et al. 2024): a quarter of its questions, three labels a claim."""
    path = SHARED / "kqa_three_physician_labels.jsonl"
    if not path.is_file():
        pytest.skip(f"{path.name} is not in ../shared/data beside the repository")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    given = [[row[f"label_physician_{n}"] for n in range(3)] for row in rows]
    names = sorted({label for labels in given for label in labels})
    counts = np.array([[labels.count(name) for name in names] for labels in given])
    values = np.arange(float(len(names)))

    found = measure_agreement(counts, values=values, level="nominal", rng=rng())

    assert round(found.alpha, 3) == 0.639
    assert round(fleiss_kappa(counts), 3) == 0.638
    assert round(float((counts.max(axis=1) == 3).mean()), 3) == 0.728
    assert (found.n_items, found.n_ratings, found.is_few) == (114, 342, False)
    assert found.alpha_low < 0.639 < found.alpha_high


# --- a second implementation --------------------------------------------------------


@patient
@given(items=ratings)
def test_alpha_is_what_its_definition_says(items):
    distances = {
        "nominal": lambda a, b: float(a != b),
        "ordinal": by_definition.ordinal_distance(items),
        "interval": lambda a, b: (a - b) ** 2,
    }
    for level in LEVELS:
        alpha = krippendorff_alpha(counted(items), values=VALUES, level=level)
        assert same(alpha, by_definition.alpha(items, distances[level]))


@patient
@given(items=ratings)
def test_alpha_by_a_distance_is_what_its_definition_says(items):
    def distance(a, b):
        return abs(a - b) ** 0.5

    table = np.sqrt(np.abs(VALUES[:, None] - VALUES[None, :]))

    alpha = alpha_by_distance(counted(items), distance=table)

    assert same(alpha, by_definition.alpha(items, distance))


@patient
@given(items=ratings)
def test_ac_is_what_its_definition_says(items):
    weights = {
        "identity": lambda a, b: float(a == b),
        "linear": lambda a, b: 1 - abs(a - b) / 4,
        "quadratic": lambda a, b: 1 - (a - b) ** 2 / 16,
    }
    for weighting, weight in weights.items():
        ac = gwet_ac(counted(items), values=VALUES, weighting=weighting)
        assert same(ac, by_definition.gwet(items, range(1, 6), weight))


@patient
@given(items=ratings)
def test_shares_of_pairs_are_what_their_definition_says(items):
    percent = percent_agreement(counted(items))
    near = within_one_agreement(counted(items), values=VALUES)

    assert same(percent, by_definition.share_of_pairs(items, lambda a, b: a == b))
    assert same(near, by_definition.share_of_pairs(items, lambda a, b: abs(a - b) <= 1))


# --- properties ---------------------------------------------------------------------


@patient
@given(items=ratings, data=st.data())
def test_order_of_items_and_of_raters_does_not_matter(items, data):
    shuffled = [
        data.draw(st.permutations(item)) for item in data.draw(st.permutations(items))
    ]

    one, other = (
        measure_agreement(counted(x), values=VALUES, level="ordinal", rng=rng())
        for x in (items, shuffled)
    )

    assert repr(one) == repr(other)


@patient
@given(items=ratings)
def test_coefficients_stay_within_their_bounds(items):
    for level in LEVELS:
        found = measure_agreement(counted(items), values=VALUES, level=level, rng=rng())
        assert not found.alpha > 1
        assert not found.ac > 1
        assert math.isnan(found.percent) or 0 <= found.percent <= 1
        assert not found.within_one < found.percent


@patient
@given(items=ratings)
def test_alpha_is_one_only_where_all_agree(items):
    alpha = krippendorff_alpha(counted(items), values=VALUES, level="interval")
    assume(not math.isnan(alpha))

    is_unanimous = all(len(set(item)) == 1 for item in items if len(item) > 1)

    assert (alpha == 1.0) == is_unanimous


@patient
@given(items=ratings, by=st.integers(-9, 9), times=st.integers(1, 9))
def test_interval_alpha_has_no_zero_point_and_no_unit(items, by, times):
    counts = counted(items)

    alpha = krippendorff_alpha(counts, values=VALUES, level="interval")
    moved = krippendorff_alpha(counts, values=VALUES * times + by, level="interval")

    assert same(moved, None if math.isnan(alpha) else alpha)


def test_a_million_equal_ratings_are_not_defined_rather_than_rounded():
    counts = np.zeros((200_000, 5), dtype=np.int64)
    counts[:, 3] = 5

    for level in LEVELS:
        assert math.isnan(krippendorff_alpha(counts, values=VALUES, level=level))


# --- not defined --------------------------------------------------------------------


def test_alpha_is_undefined_without_variation_or_pairs():
    values = np.array([1.0, 2.0])

    for counts in ([[3, 0], [2, 0]], [[1, 0], [0, 1]], [[0, 0]]):
        for level in LEVELS:
            alpha = krippendorff_alpha(np.array(counts), values=values, level=level)
            assert math.isnan(alpha)
    assert math.isnan(percent_agreement(np.array([[1, 0]])))
    assert math.isnan(fleiss_kappa(np.array([[3, 0], [3, 0]])))


def test_nothing_is_defined_of_an_empty_study():
    empty = np.zeros((0, 5), dtype=np.int64)

    found = measure_agreement(empty, values=VALUES, level="ordinal", rng=rng())

    assert (found.n_items, found.n_ratings) == (0, 0)
    assert found.is_few
    assert not found.has_interval
    numbers = [found.percent, found.within_one, found.alpha, found.ac, found.ac_low]
    assert all(math.isnan(number) for number in numbers)
    assert math.isnan(fleiss_kappa(empty))


def test_ac_of_equal_ratings_is_one_by_gwets_definition():
    counts = np.array([[3, 0], [2, 0]])

    assert gwet_ac(counts, values=np.array([1.0, 2.0])) == 1.0


def test_perfect_agreement_is_one():
    counts = np.array([[2, 0], [0, 3]])
    values = np.array([1.0, 2.0])

    for level in LEVELS:
        assert krippendorff_alpha(counts, values=values, level=level) == 1.0
    assert percent_agreement(counts) == 1.0
    assert fleiss_kappa(np.array([[3, 0], [0, 3]])) == 1.0


def test_percent_agreement_counts_pairs_within_units():
    assert percent_agreement(np.array([[2, 1], [1, 1]])) == pytest.approx(1 / 6)


# --- what is shown ------------------------------------------------------------------


def test_all_numbers_of_a_criterion_are_those_of_the_single_functions():
    counts = noisy_counts(60)

    found = measure_agreement(counts, values=VALUES, level="ordinal", rng=rng())

    assert found.alpha == krippendorff_alpha(counts, values=VALUES, level="ordinal")
    assert found.ac == gwet_ac(counts, values=VALUES, weighting="quadratic")
    assert found.percent == percent_agreement(counts)
    assert found.within_one == within_one_agreement(counts, values=VALUES)
    assert (found.level, found.n_items, found.n_ratings) == ("ordinal", 60, 180)


def test_a_flag_gets_ac1_and_no_within_one():
    counts = noisy_counts(60)

    found = measure_agreement(counts, values=VALUES, level="nominal", rng=rng())

    assert found.ac == gwet_ac(counts, values=VALUES)
    assert math.isnan(found.within_one)


@pytest.mark.parametrize(
    ("n_items", "has_interval", "is_few"),
    [(19, False, True), (20, True, True), (49, True, True), (50, True, False)],
)
def test_small_samples_say_so(n_items, has_interval, is_few):
    lone = np.eye(5, dtype=np.int64)[[0] * 100]
    counts = np.concatenate([noisy_counts(n_items), lone])

    found = measure_agreement(counts, values=VALUES, level="ordinal", rng=rng())

    assert found.n_items == n_items
    assert found.has_interval == has_interval
    assert found.is_few == is_few
    assert math.isnan(found.ac_low) != has_interval


def test_the_same_seed_gives_the_same_interval():
    counts = noisy_counts(80)

    one, again = (
        measure_agreement(counts, values=VALUES, level="interval", rng=rng())
        for _ in range(2)
    )

    assert one == again
    assert one.alpha_low < one.alpha < one.alpha_high
    assert one.ac_low < one.ac < one.ac_high


# --- refusals -----------------------------------------------------------------------


def test_shapes_must_fit():
    with pytest.raises(ValueError, match="do not fit 2 values"):
        krippendorff_alpha(
            np.array([[1, 1, 1]]), values=np.array([1.0, 2.0]), level="nominal"
        )
    with pytest.raises(ValueError, match="do not fit 3 values"):
        alpha_by_distance(np.array([[1, 1]]), distance=1 - np.eye(3))


@pytest.mark.parametrize(
    "table",
    [
        [0.0, 1.0],
        [[0.0, 1.0], [2.0, 0.0]],
        [[1.0, 1.0], [1.0, 0.0]],
        [[0, -1], [-1, 0]],
    ],
)
def test_a_distance_must_be_one(table):
    with pytest.raises(ValueError, match="symmetric, zero on its diagonal"):
        alpha_by_distance(np.array([[1, 1]]), distance=np.array(table))


@pytest.mark.parametrize("values", [[1.0], [1.0, 1.0], [2.0, 1.0]])
def test_a_scale_needs_rising_values(values):
    with pytest.raises(ValueError, match="two or more rising values"):
        agreement_weights(np.array(values), "identity")


@pytest.mark.parametrize("counts", [[[3, 0], [1, 1]], [[1, 0], [0, 1]]])
def test_fleiss_kappa_refuses_gaps(counts):
    with pytest.raises(ValueError, match="the same number of ratings"):
        fleiss_kappa(np.array(counts))
