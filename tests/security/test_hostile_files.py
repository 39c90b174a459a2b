"""Files made to break a reader, a page or a dataset's card."""

import io
import time

import pytest

from exports.card import card_of
from exports.pinning import pin
from exports.services import request_snapshot
from feedback.common import clock
from feedback.corpus.cells import label
from feedback.corpus.reading.delimited import Delimited
from feedback.corpus.reading.jsonl import parse_object
from feedback.corpus.refusals import FileRefused, RowRefused
from tests.builders import judge_all

# With one look at each pair of names, minutes; with one look at each name, a blink.
N_NAMES = 50_000
SECONDS = 5


@pytest.mark.parametrize("number", [10**200, -(10**200)])
def test_a_number_is_as_long_as_a_text_may_be(number):
    """The column would refuse it later, and the whole file with it."""
    with pytest.raises(RowRefused, match="at most 200"):
        label({"prompt_id": number}, "prompt_id")


def test_a_short_number_is_still_a_label():
    assert label({"prompt_id": 12}, "prompt_id") == "12"


def test_many_columns_are_looked_at_once():
    names = [f"c{number}" for number in range(N_NAMES)]
    begun = time.process_time()

    columns = Delimited(io.BytesIO(",".join(names).encode())).columns

    assert len(columns) == N_NAMES
    assert time.process_time() - begun < SECONDS


def test_a_column_that_stands_twice_is_found_among_many():
    names = [*(f"c{number}" for number in range(N_NAMES)), "c7"]

    with pytest.raises(FileRefused, match="'c7' stands twice"):
        Delimited(io.BytesIO(",".join(names).encode()))


def test_a_key_that_stands_twice_is_found_at_once():
    names = [*(f"k{number}" for number in range(N_NAMES)), "last", "last"]
    line = "{" + ",".join(f'"{name}":1' for name in names) + "}"
    begun = time.process_time()

    with pytest.raises(RowRefused, match="'last' stands twice"):
        parse_object(line.encode())

    assert time.process_time() - begun < SECONDS


def test_a_locale_is_text_in_the_card(cast):
    markup = "<img src=x onerror=a(1)>|[x](//e)"
    judge_all(cast.study, cast.rater)
    snapshot = request_snapshot(
        study=cast.study, actor=cast.lead, app_version="0.0.1", is_queued=False
    )
    pin(snapshot=snapshot, now=clock.now())
    snapshot.facts["prompts"]["locales"] = [markup]

    card = card_of(snapshot, written=[], contract=[], measured={}, plots=[])

    (line,) = [x for x in card.splitlines() if x.startswith("| Languages |")]
    assert markup not in line
    assert "\\<img" in line
