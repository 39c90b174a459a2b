"""Time enough to read."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.speed import effort, item_norms, too_fast


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 90)), max_size=25),
)
def test_the_norm_is_the_median_of_the_item(rows):
    item = np.array([i for i, _ in rows], dtype=int)
    seconds = np.array([s for _, s in rows], dtype=float)

    expected = [float(np.median(seconds[item == i])) for i in item]

    norms = item_norms(item=item, active_seconds=seconds)
    assert norms.tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("seconds", "norm", "words", "fast"),
    [
        (1.9, 10.0, 0, True),  # below two seconds
        (2.0, 10.0, 0, False),
        (5.9, 60.0, 0, True),  # below a tenth of the norm
        (6.0, 60.0, 0, False),
        (19.9, 60.0, 200, True),  # above 600 words a minute
        (20.0, 60.0, 200, False),
    ],
)
def test_each_threshold_has_its_edge(seconds, norm, words, fast):
    told = too_fast(
        active_seconds=np.array([seconds]),
        norm_seconds=np.array([norm]),
        n_words=np.array([words]),
    )

    assert told.tolist() == [fast]


def test_low_effort_is_below_nine_in_ten_of_twenty():
    assert effort(np.arange(20) < 3).is_low
    assert not effort(np.arange(20) < 2).is_low
    assert not effort(np.arange(19) < 10).is_low
    assert effort(np.arange(20) < 3).careful.share == 0.85
