"""The card's plots: SVG files that stand by themselves, drawn from the card's numbers.

The charts are those of the quality pages; a file cannot use a page's stylesheet, so the
colors stand in it, on a ground of its own that reads in light and dark alike.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from exports.measuring import CHARACTERS_A_TOKEN, LENGTH_BINS, TOKEN_MARKS, Measured
from feedback.quality.charts import Bar, Dot, bars, dots_and_whiskers

_WIDTH = 720
_PADDING = 16
_HEAD = 34
_MOST_GROUPS = 12
_STYLE = """
svg { font-family: system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; }
text { fill: #16212c; font-size: 13px; stroke: #ffffff; stroke-width: 4px;
  paint-order: stroke; }
.heading { font-size: 15px; font-weight: 600; }
.label { font-weight: 600; }
.says, .tick { fill: #4b5a68; }
.says, .tick.end { text-anchor: end; }
.tick { font-size: 12px; }
.tick.middle { text-anchor: middle; }
.grid { stroke: #d5dce3; }
.grid.zero { stroke: #8695a4; }
.whisker { stroke: #16212c; stroke-width: 2; }
.dot { fill: #0b5f83; stroke: #0b5f83; stroke-width: 2; }
.dot.weak { fill: #ffffff; }
.part-1 { fill: #0b5f83; }
.part-2 { fill: #b0560a; }
.part-3 { fill: #8695a4; }
.part-4 { fill: #1c6b3c; }
"""
_OPENING = re.compile(
    r'^<svg class="chart" role="img" width="100%" height="(\d+)" '
    r'aria-labelledby="([^"]*)"><title id="[^"]*">(.*?)</title>'
)


def standalone(chart: str) -> str:
    """A chart of a page as a file: namespace, size, ground, heading and colors."""
    found = _OPENING.match(chart)
    assert found is not None, chart[:200]  # noqa: S101 - our own charts begin like this
    height, title = int(found[1]), found[3]
    inside = chart[found.end() :].removesuffix("</svg>")
    whole = height + _HEAD + 2 * _PADDING
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{_WIDTH}" '
        f'height="{whole}" viewBox="0 0 {_WIDTH} {whole}">'
        f"<title>{title}</title><style>{_STYLE}</style>"
        f'<rect width="{_WIDTH}" height="{whole}" fill="#ffffff"/>'
        f'<text class="heading" x="{_PADDING}" y="{_PADDING + 14}">{title}</text>'
        f'<svg x="{_PADDING}" y="{_PADDING + _HEAD}" '
        f'width="{_WIDTH - 2 * _PADDING}" height="{height}">{inside}</svg></svg>\n'
    )


def write_plots(
    folder: Path, *, facts: Mapping[str, Any], measured: Mapping[str, Measured]
) -> tuple[str, ...]:
    """Write plots/*.svg; return the paths of those there is anything to show in."""
    drawn = {
        "agreement": _agreement(facts["agreement"]),
        "balance": _balance(measured),
        "lengths": _lengths(measured),
        "subgroups": _subgroups(facts["subgroups"]),
    }
    paths = []
    for name, chart in drawn.items():
        if chart:
            path = f"plots/{name}.svg"
            (folder / "plots").mkdir(exist_ok=True)
            (folder / path).write_text(standalone(chart), encoding="utf-8")
            paths.append(path)
    return tuple(paths)


def _agreement(lines: Sequence[Mapping[str, Any]]) -> str:
    if not lines:
        return ""
    dots = [
        Dot(
            label=line["key"],
            says=alpha_in_words(line),
            value=line["alpha"],
            low=line["alpha_low"],
            high=line["alpha_high"],
            is_weak=line["is_few"],
        )
        for line in lines
    ]
    return dots_and_whiskers(
        dots,
        key="agreement",
        title="Agreement of the raters (Krippendorff's alpha)",
        describes="; ".join(f"{dot.label}: {dot.says}" for dot in dots),
    )


def alpha_in_words(line: Mapping[str, Any]) -> str:
    """Alpha with what may be said of it: never a number where none is defined."""
    n = f"n = {line['n_units']}"
    if line["alpha"] is None:
        return f"not defined, {n}"
    few = ", few items" if line["is_few"] else ""
    if line["alpha_low"] is None:
        return f"{line['alpha']:.2f}, no interval, {n}{few}"
    interval = f"{line['alpha_low']:.2f} to {line['alpha_high']:.2f}"
    return f"{line['alpha']:.2f} ({interval}), {n}{few}"


def _balance(measured: Mapping[str, Measured]) -> str:
    rows = [
        Bar(f"{name}: {value}", f"{n:,} rows", (float(n),))
        for name, one in measured.items()
        if name in {"sft", "preference", "kto"}
        for value, n in sorted(one.labels.items())
    ]
    if not rows:
        return ""
    return bars(
        rows,
        key="balance",
        title="Balance: which texts, which pairs, which labels",
        describes="; ".join(f"{row.label}: {row.says}" for row in rows),
    )


def _lengths(measured: Mapping[str, Measured]) -> str:
    names = [
        name
        for name in ("sft", "preference", "kto")
        if name in measured and any(measured[name].lengths)
    ]
    if not names:
        return ""
    rows = [
        Bar(
            _bin_label(number),
            ", ".join(f"{name} {measured[name].lengths[number]:,}" for name in names),
            tuple(float(measured[name].lengths[number]) for name in names),
        )
        for number in range(len(LENGTH_BINS) + 1)
    ]
    return bars(
        rows,
        key="lengths",
        title=f"Rows by length, a token taken as {CHARACTERS_A_TOKEN} characters",
        describes="; ".join(f"{row.label}: {row.says}" for row in rows),
        legend=names,
    )


def _bin_label(number: int) -> str:
    tokens = [limit // CHARACTERS_A_TOKEN for limit in LENGTH_BINS]
    if number == len(tokens):
        return f"above {tokens[-1]:,} tokens"
    mark = " (a max_length)" if tokens[number] in TOKEN_MARKS else ""
    return f"up to {tokens[number]:,} tokens{mark}"


def _subgroups(lines: Sequence[Mapping[str, Any]]) -> str:
    shown = sorted(lines, key=lambda line: -line["n_prompts"])[:_MOST_GROUPS]
    if not shown:
        return ""
    order = {id(line): number for number, line in enumerate(lines)}
    rows = [
        Bar(
            f"{line['by'].replace('_', ' ')}: {line['value'] or 'not stated'}",
            f"{line['n_prompts']:,} prompts, {line['n_judgments']:,} judgments",
            (float(line["n_prompts"]),),
        )
        for line in sorted(shown, key=lambda line: order[id(line)])
    ]
    return bars(
        rows,
        key="subgroups",
        title="Prompts by subgroup",
        describes="; ".join(f"{row.label}: {row.says}" for row in rows),
    )
