"""Which prompts are one family: in any order, and never back into training."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.families import (
    MIN_CHARACTERS,
    Families,
    candidate_pairs,
    signatures_of,
    similarity,
    split_of,
    words_of,
)

NOTE = (
    "A {age} year old man with atrial fibrillation takes {drug} and asks whether he may "
    "take ibuprofen for his knee. His kidneys are healthy, he had a small bleed from the "
    "stomach two years ago, and he would rather not see anybody about it this week."
)
OTHER = (
    "My daughter of four has had a fever since yesterday evening, drinks little, and has "
    "a rash that does not go away when I press a glass on it. She says that the light "
    "hurts. Should I wait until the practice opens on Monday?"
)


def words(text):
    return words_of([{"role": "user", "content": text}])


def test_the_words_are_without_case_points_and_system_turns():
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "May I, with  WARFARIN?\n(Ünal_1)"},
    ]
    assert words_of(turns) == "may i with warfarin ünal 1"


def test_a_changed_age_is_the_same_case_and_another_question_is_not():
    one = words(NOTE.format(age=54, drug="apixaban"))
    other = words(NOTE.format(age=71, drug="apixaban"))
    assert similarity(one, other) > 0.8
    assert similarity(one, one) == 1.0
    assert similarity(one, words(OTHER)) < 0.1


def test_near_duplicates_are_found_among_many():
    rng = np.random.default_rng(7)
    vocabulary = [f"word{n}" for n in range(500)]
    texts = [" ".join(rng.choice(vocabulary, 60)) for _ in range(300)]
    copies = [
        " ".join([*text.split()[:30], "changed", *text.split()[31:]]) for text in texts
    ]
    found = candidate_pairs(signatures_of([*texts, *copies]))
    pairs = {(n, n + 300) for n in range(300)}
    assert len(pairs & found) >= 297
    assert len(found) < 310


def test_a_signature_does_not_depend_on_what_stands_beside_the_text():
    texts = [words(NOTE.format(age=age, drug="aspirin")) for age in range(20, 90)]
    whole = signatures_of(texts)
    for row in (0, 1, len(texts) - 1):
        assert np.array_equal(whole[row], signatures_of([texts[row]])[0])
    similar = np.mean(whole[0] == whole[1])
    assert abs(similar - similarity(texts[0], texts[1])) < 0.25
    with pytest.raises(ValueError, match="fewer than 12 bytes"):
        signatures_of(["short"])
    assert len(texts[0]) > MIN_CHARACTERS


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_families_do_not_depend_on_the_order_and_only_leave_training(data):
    n_rows = data.draw(st.integers(2, 12))
    names = data.draw(
        st.lists(
            st.integers(0, 2**32 - 1), min_size=n_rows, max_size=n_rows, unique=True
        )
    )
    group_ids = [f"{name:08x}" + "0" * 8 for name in names]
    rows = st.integers(0, n_rows - 1)
    links = data.draw(st.lists(st.tuples(rows, rows), max_size=12))
    found = Families(group_ids)
    for one, other in links:
        found.join(one, other)
    shuffled = Families(group_ids)
    for one, other in data.draw(st.permutations(links)):
        shuffled.join(other, one)
    assert found.ids() == shuffled.ids()
    rank = {"train": 0, "test": 1, "benchmark": 2}
    for own, family in zip(group_ids, found.ids(), strict=True):
        before, after = (
            split_of(one, test_percent=20, benchmark_percent=10)
            for one in (own, family)
        )
        assert rank[after] >= rank[before]
    for one, other in links:
        assert found.ids()[one] == found.ids()[other]


def test_rows_with_the_same_key_are_one_family():
    families = Families(["cc", "bb", "aa"])
    families.join_by(("patient", "7"), 0)
    families.join_by(("patient", "8"), 1)
    families.join_by(("patient", "7"), 2)
    assert families.ids() == ["aa", "bb", "aa"]
