"""Runs of words as hashes: what is found, and what is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.overlaps import Vocabulary, overlapping, runs_of, runs_of_item, words_of

ITEM = "A man of 60 takes warfarin and asks whether ibuprofen is safe for his knee"
words = st.text("abcdefgh", min_size=8, max_size=40)


def wanted(*texts, n_words=13):
    runs = runs_of_item(texts, n_words=n_words, vocabulary=Vocabulary())
    return {size: np.unique(hashes) for size, hashes in runs.items()}


def found(texts, **sets):
    keys = dict(enumerate(sets.values()))
    pairs = overlapping(texts, keys, vocabulary=Vocabulary())
    return sorted((position, list(sets)[key]) for position, key in pairs)


def test_words_are_letters_and_digits_in_one_spelling():
    assert words_of("ﬁve  MG/day, naïve—Ünder_score 5") == [
        "five", "mg", "day", "naïve", "ünder", "score", "5",
    ]  # fmt: skip


def test_a_shared_run_is_found_whatever_stands_around_it():
    text = f"Please answer: {ITEM.upper()}!! Thank you."
    assert found(["nothing of it here", text], benchmark=wanted(ITEM)) == [
        (1, "benchmark")
    ]


def test_a_run_one_word_short_is_not_found():
    twelve = " ".join(ITEM.split()[:12])
    thirteen = " ".join(ITEM.split()[:13])
    assert found([twelve], benchmark=wanted(ITEM)) == []
    assert found([thirteen], benchmark=wanted(ITEM)) == [(0, "benchmark")]


def test_a_run_does_not_reach_from_one_text_into_the_next():
    first, second = " ".join(ITEM.split()[:7]), " ".join(ITEM.split()[7:])
    assert found([first, second], benchmark=wanted(ITEM)) == []


def test_a_short_item_is_looked_for_as_a_whole():
    item = "Is it safe to drive after this medicine"
    assert list(wanted(item)) == [8]
    assert found([f"Tell me: {item}?"], benchmark=wanted(item)) == [(0, "benchmark")]


def test_what_is_too_short_tells_nothing():
    assert wanted("Yes.", "Is it safe to drive") == {}


def test_sets_are_told_apart():
    other = "Which vaccine should a child of two years get before travel to Ghana"
    assert found([other, ITEM], one=wanted(ITEM), two=wanted(other)) == [
        (0, "two"),
        (1, "one"),
    ]


def test_no_text_and_no_set_is_no_overlap():
    assert found([], benchmark=wanted(ITEM)) == []
    assert found([""], benchmark=wanted(ITEM)) == []
    assert found([ITEM]) == []


@settings(deadline=None, max_examples=60)
@given(words, words, st.integers(8, 15))
def test_it_is_the_same_as_comparing_runs_word_by_word(item, text, n_words):
    size = min(n_words, len(item))
    runs = {tuple(item[n : n + size]) for n in range(len(item) - size + 1)}
    own = {tuple(text[n : n + size]) for n in range(len(text) - size + 1)}
    sets = wanted(" ".join(item), n_words=n_words)
    assert bool(found([" ".join(text)], benchmark=sets)) is bool(runs & own)


@pytest.mark.parametrize(("n", "n_runs"), [(0, 0), (7, 0), (8, 1), (10, 3)])
def test_a_run_begins_wherever_there_is_room(n, n_runs):
    numbers = np.arange(n, dtype=np.uint64)
    assert len(runs_of(numbers, n_words=8)) == n_runs


def test_a_vocabulary_that_grew_too_large_is_begun_anew_and_says_the_same(monkeypatch):
    before = Vocabulary().numbers(["dose", "mg"])
    monkeypatch.setattr("exports.overlaps._MOST_KNOWN", 1)
    small = Vocabulary()
    small.numbers(["dose", "mg"])
    assert small.numbers(["dose", "mg"]).tolist() == before.tolist()
    assert len(small._known) == 2
