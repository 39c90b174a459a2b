"""Minutes as money, for one look: the price stands in the address and nowhere else."""

import csv
import io

import pytest
from django.urls import reverse

from feedback.common.exceptions import Invalid
from feedback.quality.prices import Price, price_from
from tests.builders import judge_all, make_rater, make_study


@pytest.mark.parametrize(
    ("asked", "price"),
    [
        ({}, None),
        ({"currency": "USD"}, None),
        ({"rate": "60"}, Price(60.0, "EUR")),
        ({"rate": " 32,5 ", "currency": "chf"}, Price(32.5, "CHF")),
    ],
)
def test_a_price_is_read_from_the_address(asked, price):
    assert price_from(asked) == price


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"rate": "nan"}, "above 0"),
        ({"rate": "0"}, "above 0"),
        ({"rate": "-3"}, "above 0"),
        ({"rate": "1e9"}, "above 0"),
        ({"rate": "\x00"}, "above 0"),
        ({"rate": "9" * 5000}, "above 0"),
        ({"rate": "5", "currency": "<b>"}, "three letters"),
        ({"rate": "5", "currency": "EURO"}, "three letters"),
    ],
)
def test_what_is_no_price_is_refused_with_what_is_allowed(asked, said):
    with pytest.raises(Invalid, match=said):
        price_from(asked)


def test_time_is_told_as_money_on_the_page_and_in_the_file(db, sign_in):
    study = make_study(n_prompts=3)
    judge_all(study, make_rater(study))
    browser = sign_in(study.created_by)
    url = reverse("quality_block", args=[study.uid, "time"])
    assert "Cost in all" not in browser.get(url).content.decode()

    page = browser.get(url, {"rate": "90", "currency": "USD"})
    text = page.content.decode()
    file = browser.get(
        reverse("quality_csv", args=[study.uid, "time", "kind"]), {"rate": "90"}
    )

    # Nine judgments of twenty seconds are three minutes.
    assert "4.50 USD, at 90.00 USD an hour" in text
    assert text.count("&amp;rate=90&amp;currency=USD") == 4
    rows = list(csv.DictReader(io.StringIO(file.content.decode())))
    assert sum(float(row["cost"]) for row in rows) == 4.5
    assert browser.get(url, {"rate": "free"}).status_code == 422
