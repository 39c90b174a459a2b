"""Charts as SVG, drawn on the server from numbers.

Positions across are percentages and those down are pixels, so that a chart fills its
place at any width while its letters keep their size. Colors are classes of
`static/quality.css`; every mark has a shape or a word besides. The same numbers stand in
a table beneath each chart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_ROW = 46
_AXIS = 26
_TEXT_DOWN = 15
_MARK_DOWN = 30
_LEFT, _WIDTH = 2.0, 96.0
_LONGEST = 30
_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
_LEAST_STEP = 0.05
_MOST_TICKS = 6
_LINE_HEIGHT, _LINE_TOP = 160, 14
_LINE_LEFT, _LINE_WIDTH = 12.0, 84.0


class Drawn(SafeString):
    """A chart as SVG, with the words that stand above it in a page.

    Attributes:
        caption: its title; a screen reader has it from the SVG itself.
    """

    caption: str

    @classmethod
    def of(cls, drawn: SafeString, *, caption: str) -> "Drawn":
        """A drawing with its caption."""
        made = cls(drawn)
        made.caption = caption
        return made


@dataclass(frozen=True)
class Dot:
    """One estimate, with its interval if there is one.

    Attributes:
        label: what it is of.
        says: the numbers, as they stand at the end of the line.
        value: None where it is not defined.
        low: lower end; None without an interval.
        high: upper end.
        is_weak: drawn hollow: few items.
    """

    label: str
    says: str
    value: float | None
    low: float | None = None
    high: float | None = None
    is_weak: bool = False


@dataclass(frozen=True)
class Bar:
    """One amount, maybe of several parts.

    Attributes:
        label: what it is of.
        says: the numbers, as they stand at the end of the line.
        parts: amounts, drawn one after the other in the legend's order.
    """

    label: str
    says: str
    parts: tuple[float, ...]


@dataclass(frozen=True)
class Series:
    """One line: a value for each step, None where there is none."""

    label: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Axis:
    """A range and where it is marked."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def across(self, value: float) -> float:
        """Percent from the left."""
        return _LEFT + _WIDTH * (value - self.low) / (self.high - self.low)


def axis_for(values: Iterable[float], *, holds: Sequence[float] = (0.0,)) -> Axis:
    """A range with round ends and at most six steps that holds all values.

    Args:
        values: what must fit.
        holds: values that must fit as well, such as zero.
    """
    every = [*values, *holds]
    lowest, highest = min(every), max(every)
    span = (highest - lowest) or 1.0
    step = _nice_step(span / _MOST_TICKS)
    first, last = floor(lowest / step + 1e-9), ceil(highest / step - 1e-9)
    last = max(last, first + 1)
    ticks = tuple(round(step * place, 6) for place in range(first, last + 1))
    return Axis(low=ticks[0], high=ticks[-1], ticks=ticks)


def _nice_step(least: float) -> float:
    """The smallest round step that is not below `least`: 1, 2, 2.5 or 5 and zeros."""
    if least <= _LEAST_STEP:
        return _LEAST_STEP
    ten = 10.0 ** floor(log10(least) + 1e-9)
    return next(one * ten for one in _NICE if one * ten >= least * (1 - 1e-9))


def dots_and_whiskers(
    dots: Sequence[Dot],
    *,
    key: str,
    title: str,
    describes: str,
    holds: Sequence[float] = (0.0, 1.0),
) -> Drawn:
    """A line for each estimate: a dot, and its interval as a whisker.

    Args:
        dots: from the top.
        key: names the chart in the page; unique there.
        title: what the chart shows.
        describes: what a reader of the picture would take from it.
        holds: values the axis must show; a line is drawn at the first.
    """
    ends = [
        end for dot in dots for end in (dot.value, dot.low, dot.high) if end is not None
    ]
    axis = axis_for(ends, holds=holds)
    height = _ROW * len(dots)
    rows = format_html_join(
        "", "{}", ((_dot_row(dot, axis, _ROW * n),) for n, dot in enumerate(dots))
    )
    return _svg(
        key,
        title,
        describes,
        height + _AXIS,
        format_html("{}{}", _grid(axis, height, zero=holds[0]), rows),
    )


def _dot_row(dot: Dot, axis: Axis, top: int) -> SafeString:
    middle = top + _MARK_DOWN
    head = _row_head(dot.label, dot.says, top)
    if dot.value is None:
        return head
    whisker = SafeString()
    if dot.low is not None and dot.high is not None:
        low, high = axis.across(dot.low), axis.across(dot.high)
        whisker = format_html(
            '<line class="whisker" x1="{0}%" x2="{1}%" y1="{2}" y2="{2}"/>'
            '<line class="whisker" x1="{0}%" x2="{0}%" y1="{3}" y2="{4}"/>'
            '<line class="whisker" x1="{1}%" x2="{1}%" y1="{3}" y2="{4}"/>',
            _place(low),
            _place(high),
            middle,
            middle - 5,
            middle + 5,
        )
    return format_html(
        '{}{}<circle class="{}" cx="{}%" cy="{}" r="5"/>',
        head,
        whisker,
        "dot weak" if dot.is_weak else "dot",
        _place(axis.across(dot.value)),
        middle,
    )


def bars(
    rows: Sequence[Bar],
    *,
    key: str,
    title: str,
    describes: str,
    legend: Sequence[str] = (),
    first_tone: int = 1,
) -> Drawn:
    """A line for each amount, divided into its parts.

    Args:
        rows: from the top; parts must not be negative.
        key: as for `dots_and_whiskers`.
        title: as for `dots_and_whiskers`.
        describes: as for `dots_and_whiskers`.
        legend: names of the parts, in order; none for bars of one part.
        first_tone: number of the first part's color, see `static/quality.css`.
    """
    axis = axis_for([sum(row.parts) for row in rows])
    top = _ROW // 2 if legend else 0
    height = top + _ROW * len(rows)
    drawn = format_html_join(
        "",
        "{}",
        (
            (_bar_row(row, axis, top + _ROW * n, first_tone),)
            for n, row in enumerate(rows)
        ),
    )
    return _svg(
        key,
        title,
        describes,
        height + _AXIS,
        format_html(
            "{}{}{}",
            _grid(axis, height, zero=0.0, top=top),
            _legend(legend, first_tone, "bar"),
            drawn,
        ),
    )


def _bar_row(row: Bar, axis: Axis, top: int, first_tone: int) -> SafeString:
    drawn = []
    begun = 0.0
    for number, part in enumerate(row.parts):
        start, end = axis.across(begun), axis.across(begun + part)
        begun += part
        if part > 0:
            drawn.append(
                (
                    number + first_tone,
                    _place(start),
                    top + _MARK_DOWN - 6,
                    _place(end - start),
                )
            )
    return format_html(
        "{}{}",
        _row_head(row.label, row.says, top),
        format_html_join(
            "",
            '<rect class="bar part-{}" x="{}%" y="{}" width="{}%" height="12"/>',
            drawn,
        ),
    )


def lines(
    series: Sequence[Series],
    *,
    steps: Sequence[str],
    key: str,
    title: str,
    describes: str,
) -> Drawn:
    """Values over time: one line each, told apart by dashes as well as color.

    Args:
        series: at least one, each with a value for every step.
        steps: names of the steps; the first and the last are written.
        key: as for `dots_and_whiskers`.
        title: as for `dots_and_whiskers`.
        describes: as for `dots_and_whiskers`.
    """
    known = [v for one in series for v in one.values if v is not None]
    axis = axis_for(known)
    top = _LINE_TOP + (_ROW // 2 if len(series) > 1 else 0)
    drawn = format_html_join(
        "",
        "{}",
        (
            (_line(one, axis, number + 1, len(steps), top),)
            for number, one in enumerate(series)
        ),
    )
    levels = format_html_join(
        "",
        '<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>'
        '<text class="tick" x="0" y="{1}">{2}</text>',
        (
            (_down(axis, tick, top), _down(axis, tick, top) - 4, _plain(tick))
            for tick in axis.ticks
        ),
    )
    bottom = top + _LINE_HEIGHT + 20
    names = format_html(
        '<text class="tick" x="{}%" y="{}">{}</text>'
        '<text class="tick end" x="{}%" y="{}">{}</text>',
        _LINE_LEFT,
        bottom,
        steps[0],
        _LINE_LEFT + _LINE_WIDTH,
        bottom,
        steps[-1] if len(steps) > 1 else "",
    )
    legend = [one.label for one in series] if len(series) > 1 else []
    return _svg(
        key,
        title,
        describes,
        bottom + 8,
        format_html("{}{}{}{}", levels, _legend(legend, 1, "point"), drawn, names),
    )


def _line(one: Series, axis: Axis, number: int, n_steps: int, top: int) -> SafeString:
    gap = _LINE_WIDTH / max(n_steps - 1, 1)
    at = [
        (_place(_LINE_LEFT + gap * step), _down(axis, value, top))
        for step, value in enumerate(one.values)
        if value is not None
    ]
    joined = format_html_join(
        "",
        '<line class="line part-{}" x1="{}%" y1="{}" x2="{}%" y2="{}"/>',
        ((number, *before, *after) for before, after in pairwise(at)),
    )
    dots = format_html_join(
        "",
        '<circle class="point part-{}" cx="{}%" cy="{}" r="3.5"/>',
        ((number, *place) for place in at),
    )
    return format_html("{}{}", joined, dots)


def _down(axis: Axis, value: float, top: int) -> float:
    share = (value - axis.low) / (axis.high - axis.low)
    return round(top + _LINE_HEIGHT * (1.0 - share), 1)


def _row_head(label: str, says: str, top: int) -> SafeString:
    short = label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
    return format_html(
        '<text class="label" x="0" y="{0}">{1}</text>'
        '<text class="says" x="100%" y="{0}">{2}</text>',
        top + _TEXT_DOWN,
        short,
        says,
    )


def _grid(axis: Axis, height: int, *, zero: float, top: int = 0) -> SafeString:
    marks = [
        (
            "grid down zero" if tick == zero else "grid down",
            _place(axis.across(tick)),
            top,
            height,
            _anchor(tick, axis),
            height + _AXIS - 8,
            _plain(tick),
        )
        for tick in axis.ticks
    ]
    return format_html_join(
        "",
        '<line class="{0}" x1="{1}%" x2="{1}%" y1="{2}" y2="{3}"/>'
        '<text class="tick {4}" x="{1}%" y="{5}">{6}</text>',
        marks,
    )


def _anchor(tick: float, axis: Axis) -> str:
    if tick == axis.low:
        return "start"
    return "end" if tick == axis.high else "middle"


def _legend(names: Sequence[str], first_tone: int, mark: str) -> SafeString:
    share = 100.0 / max(len(names), 1)
    return format_html_join(
        "",
        '<rect class="{0} part-{1}" x="{2}%" y="4" width="12" height="12"/>'
        '<svg x="{2}%" y="0" overflow="visible">'
        '<text class="label" x="18" y="15">{3}</text></svg>',
        (
            (mark, number + first_tone, _place(share * number), name)
            for number, name in enumerate(names)
        ),
    )


def _svg(
    key: str, title: str, describes: str, height: int, inside: SafeString
) -> Drawn:
    drawn = format_html(
        '<svg class="chart" role="img" width="100%" height="{0}" '
        'aria-labelledby="{1}-title {1}-says">'
        '<title id="{1}-title">{2}</title><desc id="{1}-says">{3}</desc>{4}</svg>',
        height,
        f"chart-{key}",
        title,
        describes,
        inside,
    )
    return Drawn.of(drawn, caption=title)


def _place(percent: float) -> str:
    return f"{percent:.2f}"


def _plain(value: float) -> str:
    return f"{value:g}"
