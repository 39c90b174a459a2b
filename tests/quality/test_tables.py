"""Tables: what a page shows and what a file holds."""

import pytest

from feedback.quality.tables import Column, Table, decimal, percent

COLUMNS = (
    Column("name", "Name", "link"),
    Column("n", "Items", "count"),
    Column("share", "Share", "share"),
    Column("alpha", "Alpha", "number"),
    Column("alpha", "Interval", "interval", empty="none"),
)


def table(**values):
    row = {"name": "Tone", "url": "/t/", "n": 1234, "share": 0.7283, "alpha": 0.6394}
    return Table("t", "T", COLUMNS, [row | values])


def texts(table):
    (cells,) = table.cells
    return [cell.text for cell in cells]


def test_a_page_rounds_and_a_file_does_not():
    one = table(alpha_low=0.5, alpha_high=0.75)

    assert texts(one) == ["Tone", "1,234", "72.8 %", "0.639", "0.500 to 0.750"]
    assert one.as_csv().splitlines() == [
        "name,n,share,alpha,alpha_low,alpha_high",
        "Tone,1234,0.7283,0.6394,0.5,0.75",
    ]


def test_what_is_not_defined_says_so_and_is_empty_in_a_file():
    one = table(alpha=None)

    assert texts(one)[3:] == ["not defined", "none"]
    assert one.as_csv().splitlines()[1] == "Tone,1234,0.7283,,,"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_a_spreadsheet_takes_no_name_for_a_formula(start):
    assert f"'{start}1+1" in table(name=f"{start}1+1").as_csv()


def test_a_negative_number_stays_a_number_in_a_file():
    assert table(alpha=-0.25).as_csv().splitlines()[1].split(",")[3] == "-0.25"


def test_figures_and_heads_are_told_apart():
    (cells,) = table().cells

    assert [cell.is_figure for cell in cells] == [False, True, True, True, True]
    assert [cell.url for cell in cells] == ["/t/", "", "", "", ""]
    assert cells[0].is_head


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0.000"), (-0.0891, "-0.089"), (1234.56, "1,234.6")]
)
def test_numbers_have_as_many_places_as_they_deserve(value, text):
    assert decimal(value) == text


def test_none_is_never_a_number():
    assert percent(None) == decimal(None) == "not defined"
