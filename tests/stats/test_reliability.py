import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.reliability import f_quantile, intraclass_correlation
from tests.stats.published import JUDGES

FORMS = ("1,1", "2,1", "3,1", "1,k", "2,k", "3,k")

tables = st.tuples(st.integers(2, 7), st.integers(2, 5)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 100), min_size=shape[1], max_size=shape[1]),
        min_size=shape[0],
        max_size=shape[0],
    )
)


def plain_icc(table, form):
    """Shrout & Fleiss (1979), table 3, with the sums written out."""
    n, k = len(table), len(table[0])
    cells = [x for row in table for x in row]
    grand = sum(cells) / (n * k)
    by_item = [sum(row) / k for row in table]
    by_rater = [sum(row[j] for row in table) / n for j in range(k)]
    bms = k * sum((m - grand) ** 2 for m in by_item) / (n - 1)
    jms = n * sum((m - grand) ** 2 for m in by_rater) / (k - 1)
    wms = sum((table[i][j] - by_item[i]) ** 2 for i in range(n) for j in range(k)) / (
        n * (k - 1)
    )
    ems = sum(
        (table[i][j] - by_item[i] - by_rater[j] + grand) ** 2
        for i in range(n)
        for j in range(k)
    ) / ((n - 1) * (k - 1))
    top, below = {
        "1,1": (bms - wms, bms + (k - 1) * wms),
        "2,1": (bms - ems, bms + (k - 1) * ems + k * (jms - ems) / n),
        "3,1": (bms - ems, bms + (k - 1) * ems),
        "1,k": (bms - wms, bms),
        "2,k": (bms - ems, bms + (jms - ems) / n),
        "3,k": (bms - ems, bms),
    }[form]
    return top, below


# --- published examples -------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "published"),
    [
        ("1,1", 0.17),
        ("2,1", 0.29),
        ("3,1", 0.71),
        ("1,k", 0.44),
        ("2,k", 0.62),
        ("3,k", 0.91),
    ],
)
def test_six_forms_of_four_judges(form, published):
    """Shrout & Fleiss (1979), table 4."""
    found = intraclass_correlation(JUDGES, form=form)

    assert round(found.value, 2) == published
    assert (found.form, found.n_items, found.n_raters) == (form, 6, 4)


@pytest.mark.parametrize(
    ("form", "low", "high"),
    [
        ("1,1", -0.133, 0.72),
        ("2,1", 0.019, 0.76),
        ("3,1", 0.342, 0.95),
        ("1,k", -0.884, 0.91),
        ("2,k", 0.071, 0.93),
        ("3,k", 0.676, 0.99),
    ],
)
def test_intervals_of_four_judges(form, low, high):
    """Revelle's package psych prints them for the same table (`?psych::ICC`)."""
    found = intraclass_correlation(JUDGES, form=form)

    assert found.low == pytest.approx(low, abs=0.0006)
    assert found.high == pytest.approx(high, abs=0.006)


@pytest.mark.parametrize(
    ("probability", "above", "below", "published"),
    [
        (0.95, 1, 1, 161.4),
        (0.95, 5, 10, 3.33),
        (0.95, 10, 5, 4.74),
        (0.99, 2, 20, 5.85),
        (0.975, 5, 15, 3.58),
        (0.95, 120, 120, 1.35),
    ],
)
def test_quantiles_of_the_printed_tables(probability, above, below, published):
    """Abramowitz & Stegun (1964), table 26.9."""
    digits = 1 if published > 100 else 2

    assert round(f_quantile(probability, above, below), digits) == published


# --- a second implementation and properties -----------------------------------------


@settings(deadline=None, max_examples=60)
@given(rows=tables, form=st.sampled_from(FORMS))
def test_icc_is_what_its_definition_says(rows, form):
    top, below = plain_icc(rows, form)

    found = intraclass_correlation(np.array(rows, dtype=float), form=form)

    if below > 1e-6:
        assert found.value == pytest.approx(top / below, abs=1e-6, rel=1e-6)
        assert found.value <= 1 + 1e-9


@settings(deadline=None, max_examples=40)
@given(rows=tables, form=st.sampled_from(FORMS), data=st.data())
def test_order_unit_and_zero_point_do_not_matter(rows, form, data):
    table = np.array(rows, dtype=float)
    order = data.draw(st.permutations(range(len(rows))))
    raters = data.draw(st.permutations(range(table.shape[1])))

    one = intraclass_correlation(table, form=form)
    other = intraclass_correlation(table[order][:, raters] * 3 - 40, form=form)

    for name in ("value", "low", "high"):
        ours, theirs = getattr(one, name), getattr(other, name)
        if not math.isinf(ours) and abs(ours) < 1e6:
            assert theirs == pytest.approx(ours, rel=1e-5, abs=1e-6, nan_ok=True)


@settings(deadline=None, max_examples=40)
@given(rows=tables, form=st.sampled_from(("1,1", "2,1", "3,1")))
def test_the_interval_holds_the_value(rows, form):
    found = intraclass_correlation(np.array(rows, dtype=float), form=form)

    if not math.isnan(found.low):
        assert found.low - 1e-9 <= found.value <= found.high + 1e-9


def test_intervals_cover_what_they_say():
    rng = np.random.default_rng(4)
    true = 0.5
    hits = {"1,1": 0, "2,1": 0}
    for _ in range(400):
        items = rng.normal(size=(30, 1))
        for form, raters in (("1,1", 0.0), ("2,1", rng.normal(size=(1, 5)) * 0.3)):
            noise = rng.normal(size=(30, 5)) * np.sqrt(1 - 0.09 * (form == "2,1"))
            found = intraclass_correlation(items + raters + noise, form=form)
            hits[form] += found.low <= true <= found.high

    # 95 % of 400, within four standard errors.
    assert all(363 <= n <= 397 for n in hits.values()), hits


def test_two_quantiles_are_each_others_inverse():
    one, other = f_quantile(0.975, 3.7, 41.0), f_quantile(0.025, 41.0, 3.7)

    assert one * other == pytest.approx(1.0, rel=1e-9)


# --- not defined, refused -----------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_defined_where_nothing_varies(form):
    found = intraclass_correlation(np.full((5, 3), 0.1), form=form)

    assert math.isnan(found.value)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize("form", FORMS)
def test_exact_agreement_is_one_without_an_interval(form):
    table = np.repeat(np.array([[0.1], [0.7], [0.3]]), 3, axis=1)

    found = intraclass_correlation(table, form=form)

    assert found.value == 1.0
    assert math.isnan(found.low)


def test_constant_shift_between_raters_is_agreement_in_the_third_model_only():
    table = np.array([[1.0], [5.0], [9.0]]) + np.array([[0.0, 2.0, 4.0]])

    assert intraclass_correlation(table, form="3,1").value == pytest.approx(1.0)
    assert intraclass_correlation(table, form="2,1").value == pytest.approx(0.8)


def test_raters_who_contradict_each_other_have_no_mean_to_speak_of():
    table = np.array([[1.0, 2.0], [2.0, 1.0]])
    found = {form: intraclass_correlation(table, form=form).value for form in FORMS}

    assert found["1,1"] == found["3,1"] == -1.0
    assert all(math.isnan(found[form]) for form in ("2,1", "1,k", "2,k", "3,k"))


@pytest.mark.parametrize(
    "table",
    [
        [[2.0, 7.0], [0.0, 6.0], [5.0, 3.0]],
        [[4.0, 5.0, 3.0], [1.0, 7.0, 5.0]],
        [[1.0, 2.0, 3.0], [2.0, 3.0, 1.0], [3.0, 1.0, 2.0]],
    ],
)
def test_an_interval_without_degrees_of_freedom_is_not_defined(table):
    found = intraclass_correlation(np.array(table), form="2,1")

    assert found.value < 0
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_a_low_end_without_bound_is_not_turned_into_a_high_one():
    table = np.array([[3.0, 6.0], [4.0, 1.0], [5.0, 5.0]])

    found = intraclass_correlation(table, form="2,k")

    assert math.isnan(found.low)
    assert found.value < found.high


@pytest.mark.parametrize("shape", [(1, 3), (3, 1), (3,)])
def test_tables_too_small_are_refused(shape):
    with pytest.raises(ValueError, match="two or more items and raters"):
        intraclass_correlation(np.ones(shape), form="2,1")


def test_gaps_are_refused():
    table = JUDGES.copy()
    table[0, 0] = np.nan

    with pytest.raises(ValueError, match="complete table"):
        intraclass_correlation(table, form="2,1")


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_quantiles_at_the_ends_are_refused(probability):
    with pytest.raises(ValueError, match="not inside 0 and 1"):
        f_quantile(probability, 1, 1)
