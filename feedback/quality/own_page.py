"""What a rater reads about their own ratings: each number with how it comes about.

While the study is open the numbers rest on whole tens of tasks that can no longer be
taken back, as `feedback.quality.rater_numbers` says, and what checks say moves on in
steps of five and shows nothing of fewer: a page that changed with a single answer would
tell which task was a check.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan, nan

from django.utils.safestring import SafeString

from feedback.quality.charts import Series, lines
from feedback.quality.rater_numbers import RaterNumbers, Repeats
from feedback.stats.arrays import BoolArray
from feedback.stats.golds import gold_accuracy
from feedback.stats.proportions import Share, wilson
from feedback.stats.repeats import flip_rate
from feedback.stats.rest import FEWEST_RATINGS, RestCorrelation, fisher_upper
from feedback.stats.sequential import Drift, drift

FEWEST = 5
NOT_DEFINED = "not defined"
_TWO_SIDED = 0.975


@dataclass(frozen=True, slots=True)
class OwnLine:
    """One number.

    Attributes:
        name: what it is.
        value: the number with its unit, or "not defined".
        n: how many of what it rests on.
        interval: 95 % of it, in words; empty where there is none.
    """

    name: str
    value: str
    n: str
    interval: str = ""


@dataclass(frozen=True, slots=True)
class OwnPart:
    """Numbers of one kind.

    Attributes:
        title: what they are about.
        how: one sentence: how they are computed.
        lines: the numbers.
    """

    title: str
    how: str
    lines: tuple[OwnLine, ...]


@dataclass(frozen=True, slots=True)
class DriftPicture:
    """The chart of golds in order.

    Attributes:
        drawn: the chart; None of fewer than five golds.
        steps: number of the gold, and the sum after it.
        says: how it came out.
    """

    drawn: SafeString | None
    steps: tuple[tuple[int, str], ...]
    says: str


def own_parts(numbers: RaterNumbers, *, in_steps: bool) -> tuple[OwnPart, ...]:
    """Everything but the drift chart, in the order of the page.

    Args:
        numbers: of the rater.
        in_steps: the study is open, so checks move on in steps of five.
    """
    return (
        OwnPart(
            "Tasks whose answer is known",
            "Some tasks have an answer that was agreed on before. Counted is how many of "
            "yours match it, on top of an even start: (1 + right) / (2 + all).",
            (_golds(in_fives(numbers.golds, in_steps=in_steps)),),
        ),
        OwnPart(
            "Agreement with other raters",
            "The correlation of your answers with the mean of the other raters' on the "
            "same answers: 1 goes along, 0 has nothing to do with it. A mean of few "
            "raters keeps even a faultless rater well below 1.",
            tuple(_rest(name, one) for name, one in sorted(numbers.rest.items())),
        ),
        OwnPart(
            "Agreement with yourself",
            "Some tasks come back after a while without saying so, pairs with their "
            "sides swapped. Counted is how often you said the same again.",
            (
                *_repeated(numbers.repeated, in_steps=in_steps),
                _swapped(numbers.swapped, in_steps=in_steps),
            ),
        ),
        OwnPart(
            "Left and right",
            "Which answer stands left is drawn anew for each rater and pair, so about "
            "half of the votes for one of the two should go left.",
            (_left(numbers),),
        ),
        OwnPart(
            "Time",
            "Active time per task, pauses left out. A task counts as given time enough "
            "from 2 seconds, a tenth of what others took, and 600 words a minute.",
            (_time(numbers),),
        ),
    )


def in_fives(right: BoolArray, *, in_steps: bool) -> BoolArray:
    """What may be shown of answers in order."""
    n = len(right)
    if in_steps:
        n -= n % FEWEST
    return right[: n if n >= FEWEST else 0]


def drift_picture(right: BoolArray, *, in_steps: bool) -> DriftPicture:
    """The chart by which a change in a rater's answers is noticed.

    Args:
        right: answers to golds in order, since the last decision.
        in_steps: as for `own_parts`.
    """
    chart = drift(in_fives(right, in_steps=in_steps))
    n = len(chart.path)
    if not n:
        says = "Not defined: fewer than five known tasks since the last decision."
        return DriftPicture(None, (), says)
    steps = [(number, f"{one:.2f}") for number, one in enumerate(chart.path, start=1)]
    return DriftPicture(_drawn(chart), tuple(steps), _drift_says(chart))


def duration(seconds: int) -> str:
    """Hours and minutes."""
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _drawn(chart: Drift) -> SafeString:
    n = len(chart.path)
    return lines(
        [
            Series("Your sum", tuple(float(one) for one in chart.path)),
            Series("Limit", (chart.limit,) * n),
        ],
        steps=[str(number) for number in range(1, n + 1)],
        key="drift",
        title="Answers to known tasks in order",
        describes=_drift_says(chart),
    )


def _drift_says(chart: Drift) -> str:
    n, last = len(chart.path), chart.path[-1]
    if chart.alarm is None:
        return (
            f"After {n} known tasks the sum is {last:.2f}; it has not come to the limit "
            f"of {chart.limit:g}."
        )
    return (
        f"The sum came to the limit of {chart.limit:g} at known task {chart.alarm + 1} "
        f"of {n}."
    )


def _golds(right: BoolArray) -> OwnLine:
    n, n_right = len(right), int(right.sum())
    if not n:
        return OwnLine("As expected", NOT_DEFINED, "fewer than 5 known tasks")
    accuracy = gold_accuracy(n_right=n_right, n=n)
    return OwnLine(
        "As expected",
        percent(accuracy.mean),
        f"{n_right} of {n} known tasks",
        _between(accuracy.low, accuracy.high),
    )


def _rest(name: str, rest: RestCorrelation) -> OwnLine:
    n = f"{rest.n} answers that others gave too"
    if rest.n < FEWEST_RATINGS or isnan(rest.correlation):
        return OwnLine(name, NOT_DEFINED, f"{n}; it takes {FEWEST_RATINGS} that differ")
    low = -fisher_upper(-rest.correlation, n=rest.n, confidence=_TWO_SIDED)
    high = fisher_upper(rest.correlation, n=rest.n, confidence=_TWO_SIDED)
    return OwnLine(
        name, f"{rest.correlation:.2f}", n, f"95 % interval {low:.2f} to {high:.2f}"
    )


def _repeated(repeated: dict[str, Repeats], *, in_steps: bool) -> Iterable[OwnLine]:
    for name, one in sorted(repeated.items()):
        same = in_fives(one.before == one.after, in_steps=in_steps)
        yield _share(f"{name}, the same", same, "repeated answers")


def _swapped(swapped: Repeats | None, *, in_steps: bool) -> OwnLine:
    name = "Pairs with sides swapped, decided the same"
    if swapped is None:
        return OwnLine(name, NOT_DEFINED, f"fewer than {FEWEST} pairs decided twice")
    decided = (swapped.before != 1) & (swapped.after != 1)
    shown = in_fives(decided[decided], in_steps=in_steps)
    flips = flip_rate(
        before=swapped.before[decided][: len(shown)],
        after=swapped.after[decided][: len(shown)],
    )
    return _told(name, wilson(flips.n - flips.n_so, flips.n), "pairs decided twice")


def _left(numbers: RaterNumbers) -> OwnLine:
    share = wilson(numbers.n_left, numbers.n_decisive)
    return _told("Votes for the left", share, "decisive votes")


def _time(numbers: RaterNumbers) -> OwnLine:
    careful = numbers.effort.careful if numbers.effort else wilson(0, 0)
    return _told("Time enough", careful, "tasks")


def _share(name: str, so: BoolArray, of_what: str) -> OwnLine:
    return _told(name, wilson(int(so.sum()), len(so)), of_what)


def _told(name: str, share: Share, of_what: str) -> OwnLine:
    if share.n < FEWEST:
        return OwnLine(name, NOT_DEFINED, f"fewer than {FEWEST} {of_what}")
    return OwnLine(
        name,
        percent(share.share),
        f"{share.n_so} of {share.n} {of_what}",
        _between(share.low, share.high),
    )


def percent(share: float) -> str:
    """A share in whole percent."""
    return NOT_DEFINED if isnan(share) else f"{100.0 * share:.0f} %"


def _between(low: float = nan, high: float = nan) -> str:
    return f"95 % interval {percent(low)} to {percent(high)}"
