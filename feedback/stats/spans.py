"""Agreement on places: spans of text, masks and boxes of images."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isnan
from statistics import fmean
from typing import Literal, NamedTuple

import numpy as np

from feedback.stats.agreement import LEAST_ITEMS_FOR_INTERVAL
from feedback.stats.arrays import BoolArray, FloatArray, IntArray
from feedback.stats.bootstrap import N_DRAWS, percentile_interval

Match = Literal["exact", "overlap", "character"]

LEAST_IOU = 0.5
_BOX = 4


class Span(NamedTuple):
    """A marked piece of text: offsets in code points, half open."""

    start: int
    end: int
    label: str = ""


class SpanTally(NamedTuple):
    """What two raters marked on an item, counted; tallies may be added field by field."""

    n_first: int
    n_second: int
    n_matched: int


@dataclass(frozen=True)
class SpanAgreement:
    """How far raters mark the same pieces; NaN means "not defined"."""

    n_items: int
    """Items that two raters or more have read, with or without marks."""
    n_unmarked: int
    """Those of them on which nobody marked anything."""
    n_pairs: int
    """Pairs of raters with a common item and a mark on one."""
    exact: float
    """Mean F1 over pairs of raters; both ends and the label must be the same."""
    overlap: float
    """The same; spans of a label match one to one with IoU of .5 or more."""
    character: float
    """The same, over characters with a label."""


@dataclass(frozen=True)
class SpanIntervals:
    """Low and high of each mean F1 over items, 95 %; NaN twice below 20 items."""

    exact: tuple[float, float]
    overlap: tuple[float, float]
    character: tuple[float, float]


class Overlap(NamedTuple):
    """How far two regions cover each other, 0 to 1; NaN if both are empty."""

    iou: float
    dice: float


def measure_span_agreement(
    marks: Mapping[tuple[int, int], Sequence[Span]],
) -> SpanAgreement:
    """Agreement of each two raters on spans, averaged over pairs of raters.

    For each pair, marks and matches are summed over all items both have read, so an
    item with many marks weighs more, and F1 is taken once. An item that both left
    without marks adds nothing: it is no agreement of 1, because the number of places
    where nobody marks anything has no end. It is counted in `n_unmarked` instead.

    Args:
        marks: by item and rater; an empty sequence where a rater read the item and
            marked nothing. A span twice counts once.

    Returns:
        Mean F1, 0 to 1, in three readings; NaN when no two raters with a common item
        have a mark on it.

    Raises:
        ValueError: if a span ends at or before its start, or starts below 0.

    Source:
        Hripcsak & Rothschild, "Agreement, the F-measure, and reliability in
        information retrieval" (2005).
    """
    shared = _shared(marks)
    tallies: dict[tuple[Match, int, int], list[SpanTally]] = defaultdict(list)
    for item, raters in shared.items():
        for first, second in combinations(raters, 2):
            for match in _MATCHES:
                tally = tally_spans(
                    marks[item, first], marks[item, second], match=match
                )
                tallies[match, first, second].append(tally)
    scores: dict[Match, list[float]] = {match: [] for match in _MATCHES}
    for (match, _, _), found in tallies.items():
        score = f1(found)
        if not isnan(score):
            scores[match].append(score)
    mean = {match: fmean(found or [float("nan")]) for match, found in scores.items()}
    return SpanAgreement(
        n_items=len(shared),
        n_unmarked=sum(
            not any(marks[item, rater] for rater in raters)
            for item, raters in shared.items()
        ),
        n_pairs=len(scores["exact"]),
        exact=mean["exact"],
        overlap=mean["overlap"],
        character=mean["character"],
    )


def span_intervals(
    marks: Mapping[tuple[int, int], Sequence[Span]],
    *,
    rng: np.random.Generator,
    n_draws: int = N_DRAWS,
) -> SpanIntervals:
    """How far the mean F1 would move with other items, by drawing items again.

    Every draw takes as many items as there are, with replacement, and takes F1 of each
    pair of raters and their mean anew. A pair without a mark in a draw is left out of
    it. It speaks for other items and these raters.

    Args:
        marks: as for `measure_span_agreement`.
        rng: draws the items; the same draws serve all three readings.
        n_draws: draws of the bootstrap.

    Returns:
        The percentile intervals; NaN below 20 items that two have read, and where more
        than one draw in twenty has no mark.

    Raises:
        ValueError: as `measure_span_agreement`.

    Source:
        Hripcsak & Rothschild (2005); Efron & Tibshirani (1993), chapter 13.
    """
    shared = _shared(marks)
    if len(shared) < LEAST_ITEMS_FOR_INTERVAL:
        none = (float("nan"), float("nan"))
        return SpanIntervals(none, none, none)
    places = [
        (place, marks[item, first], marks[item, second], (first, second))
        for place, item in enumerate(sorted(shared))
        for first, second in combinations(shared[item], 2)
        if marks[item, first] or marks[item, second]
    ]
    item = np.array([one[0] for one in places], dtype=np.int64)
    number = {pair: n for n, pair in enumerate(sorted({one[3] for one in places}))}
    pair = np.array([number[one[3]] for one in places], dtype=np.int64)
    counts = {}
    for match in _MATCHES:
        tallies = [tally_spans(one[1], one[2], match=match) for one in places]
        n_marks = np.array([t.n_first + t.n_second for t in tallies], dtype=np.float64)
        n_same = np.array([2.0 * t.n_matched for t in tallies], dtype=np.float64)
        counts[match] = (n_marks, n_same)
    draws = {match: np.full(n_draws, np.nan) for match in _MATCHES}
    for draw in range(n_draws):
        drawn = rng.integers(len(shared), size=len(shared))
        times = np.bincount(drawn, minlength=len(shared))[item].astype(np.float64)
        for match, (n_marks, n_same) in counts.items():
            draws[match][draw] = _mean_f1(pair, times * n_marks, times * n_same)
    return SpanIntervals(
        exact=percentile_interval(draws["exact"]),
        overlap=percentile_interval(draws["overlap"]),
        character=percentile_interval(draws["character"]),
    )


def _mean_f1(pair: IntArray, n_marks: FloatArray, n_same: FloatArray) -> float:
    """Mean over pairs that have a mark; NaN if none has."""
    marked = np.bincount(pair, n_marks)
    has = marked > 0.0
    if not has.any():
        return float("nan")
    return float((np.bincount(pair, n_same)[has] / marked[has]).mean())


def _shared(marks: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """The raters of each item that two have read or more, in rising order."""
    readers: dict[int, list[int]] = defaultdict(list)
    for item, rater in sorted(marks):
        readers[item].append(rater)
    return {item: raters for item, raters in readers.items() if len(raters) > 1}


def f1(tallies: Iterable[SpanTally]) -> float:
    """Twice the matches, in all marks of both.

    Args:
        tallies: of any number of items.

    Returns:
        0 to 1; the same whoever is first. NaN when nothing was marked.

    Source:
        Hripcsak & Rothschild (2005).
    """
    n_marks = n_matched = 0
    for tally in tallies:
        n_marks += tally.n_first + tally.n_second
        n_matched += tally.n_matched
    return 2.0 * n_matched / n_marks if n_marks else float("nan")


def tally_spans(
    first: Sequence[Span], second: Sequence[Span], *, match: Match
) -> SpanTally:
    """Count what two raters marked on one item, and how much of it matches.

    Args:
        first: one rater's spans; a span twice counts once.
        second: the other rater's.
        match: as the fields of `SpanAgreement`.

    Returns:
        Spans, or characters with a label if `match` is "character".

    Raises:
        ValueError: as `measure_span_agreement`.
    """
    for span in (*first, *second):
        if not 0 <= span.start < span.end:
            raise ValueError(f"a span needs 0 <= start < end, not {span}")
    return _MATCHES[match](set(first), set(second))


def _tally_exact(first: set[Span], second: set[Span]) -> SpanTally:
    return SpanTally(len(first), len(second), len(first & second))


def _tally_characters(first: set[Span], second: set[Span]) -> SpanTally:
    ours, theirs = _characters(first), _characters(second)
    return SpanTally(len(ours), len(theirs), len(ours & theirs))


def _characters(spans: set[Span]) -> set[tuple[int, str]]:
    return {(at, span.label) for span in spans for at in range(span.start, span.end)}


def _tally_overlap(first: set[Span], second: set[Span]) -> SpanTally:
    theirs = sorted(second)
    fits = [
        [place for place, other in enumerate(theirs) if _is_near(span, other)]
        for span in sorted(first)
    ]
    return SpanTally(len(first), len(second), count_matches(fits))


def _is_near(one: Span, other: Span) -> bool:
    common = min(one.end, other.end) - max(one.start, other.start)
    together = one.end - one.start + other.end - other.start - common
    return one.label == other.label and common >= LEAST_IOU * together


_MATCHES: dict[Match, Callable[[set[Span], set[Span]], SpanTally]] = {
    "exact": _tally_exact,
    "overlap": _tally_overlap,
    "character": _tally_characters,
}


def count_matches(fits: Sequence[Sequence[int]]) -> int:
    """The largest number of one-to-one matches.

    Args:
        fits: for each of one side the places of the other side that it may match.

    Returns:
        How many find a partner, the best that can be done: the same whichever side
        is first and in whatever order they come.

    Source:
        Kuhn, "The Hungarian Method for the Assignment Problem" (1955), augmenting
        paths.
    """
    partner_of: dict[int, int] = {}

    def finds_partner(one: int, tried: set[int]) -> bool:
        for place in fits[one]:
            if place in tried:
                continue
            tried.add(place)
            taken = partner_of.get(place)
            if taken is None or finds_partner(taken, tried):
                partner_of[place] = one
                return True
        return False

    return sum(finds_partner(one, set()) for one in range(len(fits)))


def overlap_of_masks(first: BoolArray, second: BoolArray) -> Overlap:
    """IoU and Dice of two masks of the same picture.

    Args:
        first: any shape; True inside the region.
        second: the same shape.

    Returns:
        Both 0 to 1; NaN if both masks are empty.

    Raises:
        ValueError: if the shapes differ.

    Source:
        Jaccard (1908); Dice, "Measures of the Amount of Ecologic Association Between
        Species" (1945).
    """
    if first.shape != second.shape:
        raise ValueError(f"masks of shape {first.shape} and {second.shape} differ")
    common = float(np.count_nonzero(first & second))
    return _overlap(
        float(np.count_nonzero(first)), float(np.count_nonzero(second)), common
    )


def overlap_of_boxes(first: FloatArray, second: FloatArray) -> Overlap:
    """IoU and Dice of what two sets of boxes cover.

    Boxes of one rater may overlap: what two of them cover counts once.

    Args:
        first: shape (n_boxes, 4); left, top, right, bottom in any unit.
        second: as `first`, any number of boxes.

    Returns:
        Both 0 to 1, exact to rounding; NaN if there is no box at all.

    Raises:
        ValueError: if the shape does not fit or a box has no area.

    Source:
        As `overlap_of_masks`.
    """
    boxes = np.concatenate([_checked(first), _checked(second)])
    across = np.unique(boxes[:, [0, 2]])
    down = np.unique(boxes[:, [1, 3]])
    areas = np.outer(np.diff(down), np.diff(across))
    ours = _covered(first, across, down)
    theirs = _covered(second, across, down)
    return _overlap(
        float(areas[ours].sum()),
        float(areas[theirs].sum()),
        float(areas[ours & theirs].sum()),
    )


def tally_boxes(first: FloatArray, second: FloatArray) -> SpanTally:
    """Match two raters' boxes one to one where their IoU is .5 or more.

    Args:
        first: as for `overlap_of_boxes`.
        second: as `first`.

    Returns:
        Boxes of each and matches; `f1` makes one number of it.

    Raises:
        ValueError: as `overlap_of_boxes`.

    Source:
        Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge" (2010),
        for the bound.
    """
    ours, theirs = _checked(first), _checked(second)
    corner = np.maximum(ours[:, None, :2], theirs[None, :, :2])
    far = np.minimum(ours[:, None, 2:], theirs[None, :, 2:])
    common = np.prod(np.maximum(far - corner, 0.0), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (ours, theirs)]
    together = areas[0][:, None] + areas[1][None, :] - common
    fits = [np.flatnonzero(row).tolist() for row in common >= LEAST_IOU * together]
    return SpanTally(len(ours), len(theirs), count_matches(fits))


def _checked(boxes: FloatArray) -> FloatArray:
    if boxes.ndim != 2 or boxes.shape[1] != _BOX:  # noqa: PLR2004
        raise ValueError(f"boxes need the shape (n, 4), not {boxes.shape}")
    if not np.all(boxes[:, 2:] > boxes[:, :2]):
        raise ValueError(
            "a box needs left < right and top < bottom; one of these does not: "
            f"{boxes.tolist()}"
        )
    return boxes


def _covered(boxes: FloatArray, across: FloatArray, down: FloatArray) -> BoolArray:
    """Which cells of the grid made by all edges the boxes cover."""
    covered = np.zeros((max(len(down) - 1, 0), max(len(across) - 1, 0)), dtype=np.bool_)
    for left, top, right, bottom in boxes:
        rows = slice(*np.searchsorted(down, [top, bottom]))
        columns = slice(*np.searchsorted(across, [left, right]))
        covered[rows, columns] = True
    return covered


def _overlap(first: float, second: float, common: float) -> Overlap:
    if first + second == 0.0:
        return Overlap(float("nan"), float("nan"))
    return Overlap(common / (first + second - common), 2.0 * common / (first + second))
