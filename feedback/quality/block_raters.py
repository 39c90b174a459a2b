"""How raters are shown to those who lead and audit."""

from typing import Any

from feedback.quality.blocks import Block, Part
from feedback.quality.charts import Dot, dots_and_whiskers
from feedback.quality.models import Report
from feedback.quality.tables import Column, Table, decimal

_COLUMNS = (
    Column("rater", "Rater"),
    Column("flags", "Asks for a look", empty="nothing"),
    Column("n", "Judgments", "count"),
    Column("rest", "Goes with the rest", "number", empty="-"),
    Column("rest_n", "of", "count"),
    Column("gold", "Known answers", "share", empty="-"),
    Column("gold_n", "of", "count"),
    Column("same", "Same again", "share", empty="-"),
    Column("same_n", "of", "count"),
    Column("left", "Left chosen", "share", empty="-"),
    Column("left_n", "of", "count"),
    Column("careful", "Took time enough", "share", empty="-"),
    Column("seconds", "Median seconds", "number", empty="-"),
)
_FLAG_COLUMNS = (
    Column("rater", "Rater"),
    Column("kind", "Check"),
    Column("says", "How it came out"),
    Column("rule", "How it is computed"),
)
_LEFT_COLUMNS = (
    Column("rater", "Rater"),
    Column("left", "Left chosen", "share"),
    Column("left", "95 % interval", "interval"),
    Column("left_n", "Decisive votes", "count"),
)
_NOTES = (
    "A flag asks a person to look. Nothing is deleted, and nobody is left unpaid, on "
    "a flag or on time alone."
)
_OF_A_RATER = (
    "You rate in this study. So that you cannot tell which tasks are checks, what known "
    "and repeated tasks say is left out here for everybody, and so is your own row: "
    "your numbers are on your own page. Another lead or an auditor sees all of it."
)
_SAYS_CHECKS = frozenset({"golds", "drift", "repeats", "swapped"})
_CHECK_COLUMNS = frozenset({"gold", "gold_n", "same", "same_n"})
_DRAWN = 30


def raters_block(report: Report, *, rater: str | None = None) -> Block:
    """Each rater beside the others.

    Args:
        report: of the raters.
        rater: pseudonym of whoever looks, if they rate in the study: theirs is left
            out, and what checks say of anybody. None for anybody else.
    """
    found = report.content["rows"]
    is_of_rater = rater is not None
    if is_of_rater:
        found = [_without_checks(row) for row in found if row["rater"] != rater]
    rows = [{**row, "flags": _flags(row) or None} for row in found]
    if not rows and is_of_rater:
        nothing = "Nobody else has answered a task yet."
        return Block(parts=[Part("Raters", "", nothing=nothing, notes=(_OF_A_RATER,))])
    if not rows:
        nothing = "Nobody has answered a task yet."
        return Block(parts=[Part("Raters", "", nothing=nothing)])
    by = report.content["compared_by"]
    parts = [_table(rows, by, is_of_rater=is_of_rater), _flagged(rows)]
    if any(row["left_n"] for row in rows):
        parts.append(_left(rows))
    return Block(parts=parts, as_of=as_of(report))


def as_of(report: Report) -> str:
    """When numbers that take long were computed."""
    return f"Computed at {report.created_at:%Y-%m-%d %H:%M} UTC."


def _flags(row: dict[str, Any]) -> str:
    kinds = [one["kind"] for one in row["findings"] if one["state"] == "flagged"]
    return ", ".join(kinds)


def _without_checks(row: dict[str, Any]) -> dict[str, Any]:
    """A row that says nothing of known and repeated tasks."""
    kept = {key: value for key, value in row.items() if key not in _CHECK_COLUMNS}
    findings = [one for one in row["findings"] if one["kind"] not in _SAYS_CHECKS]
    return {**kept, "findings": findings}


def _table(
    rows: list[dict[str, Any]], compared_by: str | None, *, is_of_rater: bool
) -> Part:
    by = (
        f"Compared by {compared_by}, in the base wave."
        if compared_by
        else "Nothing asked has an order, so raters are not compared with the rest."
    )
    drawn = sorted(
        (row for row in rows if row["rest"] is not None), key=lambda row: row["rest"]
    )[:_DRAWN]
    chart = None
    if drawn:
        chart = dots_and_whiskers(
            [
                Dot(
                    label=row["rater"],
                    says=f"{decimal(row['rest'])} of {row['rest_n']:,} ratings",
                    value=row["rest"],
                    is_weak=row["rest_n"] < 20,  # noqa: PLR2004 - as the flag asks
                )
                for row in drawn
            ],
            key="rest",
            title="Correlation of each rater with the rest",
            describes="From the lowest. Hollow dots rest on fewer than 20 ratings.",
        )
    return Part(
        heading="Raters",
        lead=f"By pseudonym. {by}",
        chart=chart,
        table=Table(
            "raters",
            "Raters",
            tuple(
                one
                for one in _COLUMNS
                if not (is_of_rater and one.key in _CHECK_COLUMNS)
            ),
            rows,
        ),
        notes=(_NOTES, _OF_A_RATER) if is_of_rater else (_NOTES,),
    )


def _flagged(rows: list[dict[str, Any]]) -> Part:
    found = [
        {**one, "rater": row["rater"]}
        for row in rows
        for one in row["findings"]
        if one["state"] == "flagged"
    ]
    return Part(
        heading="What asks for a look",
        lead="Each with the rule it follows; the rater reads the same words.",
        table=Table("flags", "Flags with their rules", _FLAG_COLUMNS, found)
        if found
        else None,
        nothing="Nothing stands out.",
    )


def _left(rows: list[dict[str, Any]]) -> Part:
    drawn = [row for row in rows if row["left_n"]]
    return Part(
        heading="Which side is taken",
        lead="Sides are drawn at random for each rater, so half is expected.",
        chart=dots_and_whiskers(
            [
                Dot(
                    label=row["rater"],
                    says=f"{100 * row['left']:.0f} % of {row['left_n']:,}",
                    value=100 * row["left"],
                    low=100 * row["left_low"],
                    high=100 * row["left_high"],
                    is_weak=row["left_n"] < 20,  # noqa: PLR2004 - as the flag asks
                )
                for row in drawn[:_DRAWN]
            ],
            key="left",
            title="Share of decisive votes for the left, in percent",
            describes="With 95 % intervals; the strong line is at one half.",
            holds=(50.0, 0.0, 100.0),
        ),
        table=Table("left", "Votes for the left", _LEFT_COLUMNS, drawn),
    )
