import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.stats.spans import (
    Span,
    SpanTally,
    count_matches,
    f1,
    measure_span_agreement,
    overlap_of_boxes,
    overlap_of_masks,
    span_intervals,
    tally_boxes,
    tally_spans,
)

MATCHES = ("exact", "overlap", "character")

spans = st.lists(
    st.builds(
        lambda start, length, label: Span(start, start + length, label),
        st.integers(0, 20),
        st.integers(1, 8),
        st.sampled_from("xy"),
    ),
    max_size=5,
)
boxes = st.lists(
    st.builds(
        lambda x, y, w, h: (x, y, x + w, y + h),
        *[st.integers(0, 9)] * 2,
        *[st.integers(1, 6)] * 2,
    ),
    max_size=4,
)


def box_array(rows):
    return np.array(rows, dtype=float).reshape(len(rows), 4)


def most_matches(n, m, is_match):
    """The best one-to-one match, by trying all of them."""
    if n > m:
        return most_matches(m, n, lambda a, b: is_match(b, a))
    return max(
        sum(is_match(a, b) for a, b in enumerate(order))
        for order in permutations(range(m), n)
    )


def iou(one, other):
    ours, theirs = (set(range(span.start, span.end)) for span in (one, other))
    return len(ours & theirs) / len(ours | theirs)


# --- F1 -----------------------------------------------------------------------------


def test_f1_is_two_a_of_two_a_b_and_c():
    """Hripcsak & Rothschild (2005): a marked by both, b and c by one of them."""
    a, b, c = 7, 2, 4

    score = f1([SpanTally(n_first=a + b, n_second=a + c, n_matched=a)])

    assert score == pytest.approx(2 * a / (2 * a + b + c))


def test_f1_is_the_harmonic_mean_of_precision_and_recall():
    """van Rijsbergen (1979): the one as the reference of the other."""
    tally = tally_spans(
        [Span(0, 4), Span(5, 9), Span(12, 13)],
        [Span(5, 9), Span(20, 30)],
        match="exact",
    )
    precision, recall = 1 / 3, 1 / 2

    assert f1([tally]) == pytest.approx(2 * precision * recall / (precision + recall))


@pytest.mark.parametrize(
    ("first", "second", "exact", "overlap", "character"),
    [
        ([(0, 10, "x")], [(0, 10, "x")], 1, 1, 1),
        ([(0, 10, "x")], [(0, 10, "y")], 0, 0, 0),
        ([(0, 10, "x")], [(0, 5, "x")], 0, 1, 2 * 5 / 15),  # IoU of exactly .5
        ([(0, 10, "x")], [(0, 4, "x")], 0, 0, 2 * 4 / 14),
        ([(0, 10, "x")], [(10, 20, "x")], 0, 0, 0),  # half open: they only touch
        ([(0, 10, "x")], [], 0, 0, 0),
        # One span cannot match two: the second half stays alone.
        ([(0, 10, "x")], [(0, 5, "x"), (5, 10, "x")], 0, 2 / 3, 1),
        ([(0, 4, "x"), (0, 4, "x")], [(0, 4, "x")], 1, 1, 1),  # twice counts once
    ],
)
def test_three_readings_of_two_raters_spans(first, second, exact, overlap, character):
    ours, theirs = [Span(*s) for s in first], [Span(*s) for s in second]

    scores = [f1([tally_spans(ours, theirs, match=match)]) for match in MATCHES]

    assert scores == pytest.approx([exact, overlap, character])


@settings(deadline=None)
@given(first=spans, second=spans)
def test_overlap_matches_are_the_best_that_can_be_done(first, second):
    ours, theirs = sorted(set(first)), sorted(set(second))

    tally = tally_spans(first, second, match="overlap")

    assert tally == (
        len(ours),
        len(theirs),
        most_matches(
            len(ours),
            len(theirs),
            lambda a, b: (
                ours[a].label == theirs[b].label and iou(ours[a], theirs[b]) >= 0.5
            ),
        ),
    )


@settings(deadline=None)
@given(first=spans, second=spans)
def test_f1_is_the_same_whoever_is_first_and_exact_is_the_strictest(first, second):
    scores = {}
    for match in MATCHES:
        scores[match] = f1([tally_spans(first, second, match=match)])
        turned = f1([tally_spans(second, first, match=match)])
        assert scores[match] == pytest.approx(turned, nan_ok=True)
    assert not scores["exact"] > scores["overlap"]
    if first or second:
        assert all(0 <= score <= 1 for score in scores.values())
    else:
        assert all(math.isnan(score) for score in scores.values())


def test_a_chain_of_rivals_is_untangled():
    # The first takes 0, the second needs it: the first moves on to 1, and so forth.
    assert count_matches([[0, 1], [0, 2], [0], [2]]) == 4 - 1
    assert count_matches([[0, 1], [0]]) == 2
    assert count_matches([]) == 0


# --- a study ------------------------------------------------------------------------


def test_f1_is_pooled_over_items_and_averaged_over_pairs_of_raters():
    marks = {
        # Item 1: raters 1 and 2 agree on one of two; rater 3 marks nothing.
        (1, 1): [Span(0, 5, "x"), Span(8, 9, "x")],
        (1, 2): [Span(0, 5, "x")],
        (1, 3): [],
        # Item 2: raters 1 and 2 agree on all.
        (2, 1): [Span(3, 6, "y")],
        (2, 2): [Span(3, 6, "y")],
        # Item 3: read by raters 2 and 3, nobody marks anything.
        (3, 2): [],
        (3, 3): [],
        # Item 4: one reader is no pair.
        (4, 1): [Span(0, 1)],
    }

    found = measure_span_agreement(marks)

    # 1 and 2: two matches, 3 and 2 marks. 1 and 3, 2 and 3: none.
    assert found.exact == pytest.approx((2 * 2 / 5 + 0 + 0) / 3)
    assert found.overlap == found.exact
    assert found.character == pytest.approx((2 * 8 / (9 + 8) + 0 + 0) / 3)
    assert (found.n_items, found.n_unmarked, found.n_pairs) == (3, 1, 3)


def test_items_that_nobody_marks_are_neither_agreement_nor_disagreement():
    marked = {(1, 1): [Span(0, 5)], (1, 2): [Span(0, 5), Span(7, 8)]}
    empty = {(item, rater): [] for item in range(2, 50) for rater in (1, 2)}

    alone = measure_span_agreement(marked)
    among = measure_span_agreement(marked | empty)
    nothing = measure_span_agreement(empty)

    assert among.exact == alone.exact == pytest.approx(2 / 3)
    assert (among.n_items, among.n_unmarked) == (49, 48)
    assert math.isnan(nothing.exact)
    assert (nothing.n_unmarked, nothing.n_pairs) == (48, 0)


def test_a_pair_without_marks_does_not_drag_the_mean():
    marks = {
        (1, 1): [Span(0, 5)],
        (1, 2): [Span(0, 5)],
        (2, 3): [],
        (2, 4): [],
    }

    found = measure_span_agreement(marks)

    assert (found.exact, found.n_pairs) == (1.0, 1)


def marked_items(n, *, seed=5):
    """Three raters; each item has its truth, and each rater misses a part of it."""
    rng = np.random.default_rng(seed)
    return {
        (item, rater): [
            Span(10 * k, 10 * k + 4 + int(rng.integers(2)), "x")
            for k in range(3)
            if rng.random() < 0.7
        ]
        for item in range(n)
        for rater in range(3)
    }


def test_f1_has_an_interval_by_drawing_items_again():
    marks = marked_items(30)
    found = measure_span_agreement(marks)
    between = span_intervals(marks, rng=np.random.default_rng(7), n_draws=400)

    # The same by hand: items drawn, numbered anew, and measured by the other function.
    rng = np.random.default_rng(11)
    drawn = []
    for _ in range(400):
        again = {
            (place, rater): marks[int(item), rater]
            for place, item in enumerate(rng.integers(30, size=30))
            for rater in range(3)
        }
        drawn.append(measure_span_agreement(again).overlap)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert between.overlap == pytest.approx((low, high), abs=0.02)
    for match in MATCHES:
        low, high = getattr(between, match)
        assert low < getattr(found, match) < high
    assert between == span_intervals(marks, rng=np.random.default_rng(7), n_draws=400)


@pytest.mark.parametrize(
    "marks",
    [marked_items(19), {(n, rater): [] for n in range(30) for rater in (1, 2)}, {}],
)
def test_few_items_and_no_marks_have_no_interval(marks):
    between = span_intervals(marks, rng=np.random.default_rng(1), n_draws=20)
    for match in MATCHES:
        assert all(math.isnan(end) for end in getattr(between, match))


@settings(deadline=None, max_examples=50)
@given(
    marks=st.dictionaries(
        st.tuples(st.integers(1, 4), st.integers(1, 3)), spans, max_size=12
    ),
    data=st.data(),
)
def test_order_and_numbers_of_items_and_raters_do_not_matter(marks, data):
    name = data.draw(st.permutations(range(1, 5)))
    shuffled = {
        (name[item - 1], 9 - rater): data.draw(st.permutations(found))
        for (item, rater), found in reversed(marks.items())
    }

    one, other = measure_span_agreement(marks), measure_span_agreement(shuffled)

    numbers = ("n_items", "n_unmarked", "n_pairs", "exact", "overlap", "character")
    for number in numbers:
        assert getattr(one, number) == pytest.approx(
            getattr(other, number), nan_ok=True
        )


@pytest.mark.parametrize("span", [Span(3, 3), Span(4, 3), Span(-1, 3)])
def test_spans_without_length_are_refused(span):
    with pytest.raises(ValueError, match="0 <= start < end"):
        tally_spans([Span(0, 1)], [span], match="exact")


# --- regions ------------------------------------------------------------------------


def test_iou_and_dice_of_two_boxes_by_hand():
    # Two squares of 4, one unit in common: 1/7 and 2/8.
    found = overlap_of_boxes(box_array([(0, 0, 2, 2)]), box_array([(1, 1, 3, 3)]))

    assert found == pytest.approx((1 / 7, 2 / 8))


def test_iou_and_dice_of_two_masks_by_hand():
    one = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 0]], dtype=bool)

    found = overlap_of_masks(one, one[::-1, ::-1])

    assert found == pytest.approx((1 / 7, 2 / 8))


@settings(deadline=None)
@given(first=boxes, second=boxes)
def test_boxes_cover_what_their_masks_cover(first, second):
    masks = []
    for rows in (first, second):
        mask = np.zeros((16, 16), dtype=bool)
        for left, top, right, bottom in rows:
            mask[top:bottom, left:right] = True
        masks.append(mask)

    by_boxes = overlap_of_boxes(box_array(first), box_array(second))
    by_masks = overlap_of_masks(*masks)

    assert by_boxes == pytest.approx(by_masks, nan_ok=True)
    if first or second:
        assert 0 <= by_boxes.iou <= by_boxes.dice <= 1
        assert by_boxes.dice == pytest.approx(2 * by_boxes.iou / (1 + by_boxes.iou))
    else:
        assert math.isnan(by_boxes.iou)
        assert math.isnan(by_boxes.dice)


@settings(deadline=None)
@given(first=boxes, second=boxes)
def test_boxes_match_one_to_one_at_half_their_union(first, second):
    def is_match(a, b):
        one, other = box_array([first[a]]), box_array([second[b]])
        return overlap_of_boxes(one, other).iou >= 0.5

    tally = tally_boxes(box_array(first), box_array(second))

    matched = most_matches(len(first), len(second), is_match)
    assert tally == (len(first), len(second), matched)


def test_unit_of_boxes_does_not_matter():
    one, other = box_array([(0, 0, 5, 2)]), box_array([(1, 0, 6, 3), (0, 0, 1, 1)])

    assert overlap_of_boxes(one / 7, other / 7) == pytest.approx(
        overlap_of_boxes(one, other)
    )


@pytest.mark.parametrize("measure", [overlap_of_boxes, tally_boxes])
def test_what_is_no_box_is_refused(measure):
    with pytest.raises(ValueError, match=r"shape \(n, 4\)"):
        measure(np.zeros((1, 3)), box_array([]))
    with pytest.raises(ValueError, match="left < right"):
        measure(box_array([(0, 0, 1, 1)]), box_array([(2, 0, 2, 1)]))


def test_masks_of_different_pictures_are_refused():
    with pytest.raises(ValueError, match="differ"):
        overlap_of_masks(np.zeros((2, 2), dtype=bool), np.zeros((2, 3), dtype=bool))
