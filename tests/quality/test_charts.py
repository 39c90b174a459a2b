"""Charts: what is drawn where, and that nothing a person typed becomes markup."""

from xml.etree import ElementTree

import pytest

from feedback.quality.charts import (
    Bar,
    Dot,
    Series,
    axis_for,
    bars,
    dots_and_whiskers,
    lines,
)


def parsed(markup):
    return ElementTree.fromstring(str(markup))


def of_class(chart, name):
    return [one for one in chart.iter() if name in (one.get("class") or "").split()]


def drawn(*dots):
    return parsed(dots_and_whiskers(dots, key="k", title="T", describes="D"))


@pytest.mark.parametrize(
    ("values", "ends", "n_ticks"),
    [
        ([0.2, 0.9], (0.0, 1.0), 6),
        ([-0.28, 1.0], (-0.5, 1.0), 7),
        ([3], (0.0, 3.0), 7),
        ([0], (0.0, 0.2), 2),
        ([183], (0.0, 200.0), 5),
        ([703], (0.0, 800.0), 5),
        ([1_200_000], (0.0, 1_200_000.0), 7),
    ],
)
def test_an_axis_has_round_ends_that_hold_all_values(values, ends, n_ticks):
    axis = axis_for(values)

    assert axis.low <= min([*values, 0]) <= max(values) <= axis.high
    assert (axis.low, axis.high) == ends
    assert len(axis.ticks) == n_ticks


@pytest.mark.parametrize("value", [1e3, 4e4, 1.5e6, 1e9])
def test_an_axis_of_large_numbers_has_few_ticks(value):
    axis = axis_for([value])

    assert axis.high >= value
    assert len(axis.ticks) <= 8


def test_a_dot_stands_between_the_ends_of_its_whisker():
    chart = drawn(Dot("Tone", "0.5", 0.5, 0.3, 0.8))
    (dot,) = of_class(chart, "dot")
    span, *caps = of_class(chart, "whisker")

    assert span.get("x1") < dot.get("cx") < span.get("x2")
    assert len(caps) == 2


def test_a_dot_without_an_interval_has_no_whisker_and_few_items_are_hollow():
    chart = drawn(Dot("Tone", "0.5", 0.5, is_weak=True))

    assert not of_class(chart, "whisker")
    assert of_class(chart, "weak")


def test_what_is_not_defined_has_a_line_and_no_dot():
    chart = drawn(Dot("Tone", "not defined", None))

    assert not of_class(chart, "dot")
    assert [one.text for one in of_class(chart, "says")] == ["not defined"]


def test_every_chart_has_a_title_and_a_description():
    for chart in (
        drawn(Dot("A", "1", 1.0)),
        parsed(bars([Bar("A", "1", (1,))], key="k", title="T", describes="D")),
        parsed(
            lines([Series("A", (1.0,))], steps=["x"], key="k", title="T", describes="D")
        ),
    ):
        named = {one.get("id") for one in chart if one.tag in {"title", "desc"}}
        assert set(chart.get("aria-labelledby").split()) == named
        assert chart.get("role") == "img"


def test_a_chart_brings_the_words_that_stand_above_it():
    chart = bars([Bar("A", "1", (1,))], key="k", title="<b> & more", describes="D")
    assert chart.caption == "<b> & more"
    assert "<b>" not in chart


def test_a_label_is_never_markup_and_a_long_one_is_cut():
    chart = drawn(Dot("<script>alert(1)</script> and much more", "0", 0.0))
    (label,) = of_class(chart, "label")

    assert label.text.startswith("<script>")
    assert len(label.text) == 30


def test_parts_of_a_bar_follow_one_another_and_empty_ones_are_left_out():
    chart = parsed(
        bars(
            [Bar("A", "3", (1, 0, 2))],
            key="k",
            title="T",
            describes="D",
            legend=("x", "y", "z"),
        )
    )
    first, second = [
        one for one in of_class(chart, "bar") if one.get("height") == "12"
    ][3:]
    end = float(first.get("x")[:-1]) + float(first.get("width")[:-1])

    assert end == pytest.approx(float(second.get("x")[:-1]), abs=0.02)
    assert len(of_class(chart, "part-3")) == 2


def test_a_line_is_broken_by_nothing_but_missing_steps():
    chart = parsed(
        lines(
            [Series("A", (1.0, None, 3.0)), Series("B", (2.0, 2.0, 2.0))],
            steps=["x", "y", "z"],
            key="k",
            title="T",
            describes="D",
        )
    )

    assert len(of_class(chart, "line")) == 3
    assert len([one for one in of_class(chart, "point") if one.get("r")]) == 5
