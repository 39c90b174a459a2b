"""How causes of disagreement, wishes and errors are shown beside each other."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from feedback.quality.blocks import Part
from feedback.quality.charts import Bar, Series, bars, lines
from feedback.quality.tables import Column, Table, percent
from feedback.review.models import Adjudication
from feedback.review.selectors_cases import CauseCount
from feedback.review.selectors_causes import WeekOfCauses, Wishes

_CAUSE_COLUMNS = (
    Column("label", "Cause"),
    Column("n", "Verdicts", "count"),
    Column("share", "Share", "share"),
)
_WISH_COLUMNS = (
    Column("criterion", "About"),
    Column("n_open", "Open", "count"),
    Column("n_answered", "Answered by a version", "count"),
    Column("n_declined", "Closed with a reason", "count"),
    Column("n_verdicts", "Verdicts that blame it", "count"),
)
_ERROR_COLUMNS = (
    Column("name", "Label"),
    Column("n", "Marks", "count"),
    Column("critical", "Critical", "count"),
    Column("per_100", "Per 100 texts", "number"),
    Column("before", "Per 100, earlier", "number", empty="-"),
    Column("recent", "Per 100, last four weeks", "number", empty="-"),
)
_WEEK_COLUMNS = (
    Column("week", "Week of"),
    Column("n", "Verdicts", "count"),
    *(
        Column(cause.value, str(cause.label), "count", empty="0")
        for cause in Adjudication.Cause
    ),
)
COLUMNS = {
    "causes": _CAUSE_COLUMNS,
    "weeks": _WEEK_COLUMNS,
    "wishes": _WISH_COLUMNS,
    "errors": _ERROR_COLUMNS,
}
Links = tuple[tuple[str, str], ...]


def causes_part(counts: Sequence[CauseCount]) -> Part:
    """How often each cause was found."""
    found = [one for one in counts if one.n]
    heading = "Causes of disagreement"
    lead = (
        "What whoever settled a task gave as the cause, of verdicts in force. A verdict "
        "that another replaced does not count."
    )
    if not found:
        nothing = "Nothing was settled yet. Causes appear here with the first verdict."
        return Part(heading, lead, nothing=nothing)
    rows = [
        {"label": one.label, "n": one.n, "share": one.n / one.n_all} for one in found
    ]
    return Part(
        heading=heading,
        lead=lead,
        chart=bars(
            [
                Bar(
                    label=one.label,
                    says=f"{one.n:,} ({percent(one.n / one.n_all)})",
                    parts=(float(one.n),),
                )
                for one in found
            ],
            key="causes",
            title="Verdicts by cause",
            describes="A bar for each cause, the most frequent first.",
        ),
        table=Table("causes", "Verdicts by cause", _CAUSE_COLUMNS, rows),
    )


def weeks_part(weeks: Sequence[WeekOfCauses]) -> Part | None:
    """All verdicts and those that blame the guideline, by week."""
    if not weeks:
        return None
    unclear = Adjudication.Cause.GUIDELINE_UNCLEAR
    return Part(
        heading="Week by week",
        lead="Verdicts in force in weeks that had any, named by their Monday.",
        chart=lines(
            [
                Series("All verdicts", tuple(float(one.n) for one in weeks)),
                Series(
                    "Guideline unclear",
                    tuple(float(one.by_cause.get(unclear, 0)) for one in weeks),
                ),
            ],
            steps=[one.week for one in weeks],
            key="cause-weeks",
            title="Verdicts by week",
            describes=f"From the week of {weeks[0].week} to that of {weeks[-1].week}.",
        ),
        table=Table(
            "weeks",
            "Verdicts by week and cause",
            _WEEK_COLUMNS,
            [{"week": one.week, "n": one.n, **one.by_cause} for one in weeks],
        ),
    )


def wishes_part(wishes: Sequence[Wishes], links: Links) -> Part:
    """What the guideline was asked to make clear, and what became of it."""
    heading = "What the guideline was asked to make clear"
    lead = (
        "A verdict whose cause is an unclear guideline asks for a change; leads ask for "
        "others. The next version answers them or says why not."
    )
    if not wishes:
        nothing = "Nobody has asked for a change of the guideline."
        return Part(heading, lead, nothing=nothing, links=links)
    return Part(
        heading=heading,
        lead=lead,
        chart=bars(
            [
                Bar(
                    label=one.criterion,
                    says=f"{one.n_open} open of "
                    f"{one.n_open + one.n_answered + one.n_declined}",
                    parts=(
                        float(one.n_open),
                        float(one.n_answered),
                        float(one.n_declined),
                    ),
                )
                for one in wishes
            ],
            key="wishes",
            title="Wishes by criterion",
            describes="A bar for each criterion: open, answered, closed with a reason.",
            legend=("Open", "Answered", "Closed"),
        ),
        table=Table(
            "wishes", "Wishes by criterion", _WISH_COLUMNS, [*map(asdict, wishes)]
        ),
        links=links,
    )


def errors_part(taxonomy: dict[str, Any], links: Links) -> Part:
    """Which errors raters mark, and whether they become more."""
    heading = "Errors and omissions"
    lead = (
        "What raters mark in the texts, of the base wave, and whether it becomes more. "
        "A label that many use differently, or nobody, is a reason to ask for a change "
        "of the guideline as well."
    )
    if not taxonomy["n_read"]:
        nothing = "No text has been read for marks in this study."
        return Part(heading, lead, nothing=nothing, links=links)
    rows = taxonomy["labels"]
    is_split = any(row["before"] is not None for row in rows)
    times = (("earlier", "before"), ("last 4 weeks", "recent"))
    shown = times if is_split else (("in all", "per_100"),)
    return Part(
        heading=heading,
        lead=lead,
        chart=bars(
            [
                Bar(
                    label=f"{row['name']}, {when}",
                    says=f"{row[key]:.1f} per 100 texts",
                    parts=(row[key],),
                )
                for row in rows
                for when, key in shown
                if row[key] is not None
            ],
            key="cause-errors",
            title="Marks per 100 texts read",
            describes="Two bars for each label: the last four weeks, and before them.",
        ),
        table=Table("errors", "Marks by label and time", _ERROR_COLUMNS, rows),
        links=links,
    )
