"""How the errors and omissions that raters marked are shown."""

from typing import Any

from feedback.quality.blocks import Block, Fact, Part
from feedback.quality.charts import Bar, Series, bars, lines
from feedback.quality.models import Report
from feedback.quality.tables import Column, Table, percent

_COLUMNS = (
    Column("name", "Label"),
    Column("kind_text", "Kind"),
    Column("n", "Marks", "count"),
    Column("per_100", "Per 100 texts read", "number"),
    Column("minor", "Minor", "count"),
    Column("major", "Major", "count"),
    Column("critical", "Critical", "count"),
    Column("n_raters", "Raters who used it", "count"),
)
_WEEK_COLUMNS = (
    Column("week", "Week"),
    Column("n_read", "Texts read", "count"),
    Column("n_errors", "Errors", "count"),
    Column("errors_per_100", "per 100 texts", "number"),
    Column("n_omissions", "Omissions", "count"),
    Column("omissions_per_100", "per 100 texts", "number"),
)
_UNUSED = (
    "A label that nobody uses, or that raters do not use alike, may need other words "
    "in the next guideline version."
)
_KINDS = {"span": "in the text", "omission": "missing"}


def errors_block(report: Report) -> Block:
    """Marks by label and severity, and by week."""
    content = report.content
    if not content["n_read"]:
        nothing = (
            "No text has been read for marks yet. They appear here in a study whose "
            "guideline asks for them."
        )
        return Block(parts=[Part("Errors and omissions", "", nothing=nothing)])
    share = content["n_marked"] / content["n_read"]
    facts = [
        Fact("Texts read for marks", f"{content['n_read']:,}"),
        Fact("With at least one mark", f"{content['n_marked']:,} ({percent(share)})"),
        Fact("Raters", f"{content['n_raters']:,}"),
    ]
    return Block(
        parts=[_labels(content["labels"]), _weeks(content["weeks"])], facts=facts
    )


def _labels(rows: list[dict[str, Any]]) -> Part:
    shown = [{**row, "kind_text": _KINDS[row["kind"]]} for row in rows]
    return Part(
        heading="Errors and omissions",
        lead=(
            "Of the base wave; a text read by two raters counts twice, as its marks do."
        ),
        chart=bars(
            [
                Bar(
                    label=row["name"],
                    says=f"{row['n']:,} ({row['kind_text']})",
                    parts=(row["minor"], row["major"], row["critical"]),
                )
                for row in shown
            ],
            key="errors",
            title="Marks by label and severity",
            describes="A bar for each label, divided into minor, major and critical.",
            legend=("Minor", "Major", "Critical"),
            first_tone=2,
        ),
        table=Table("labels", "Marks by label", _COLUMNS, shown),
        notes=(_UNUSED,),
    )


def _weeks(rows: list[dict[str, Any]]) -> Part:
    return Part(
        heading="Week by week",
        lead="Marks per 100 texts read, in ISO weeks that had any.",
        chart=lines(
            [
                Series("Errors", tuple(row["errors_per_100"] for row in rows)),
                Series("Omissions", tuple(row["omissions_per_100"] for row in rows)),
            ],
            steps=[row["week"] for row in rows],
            key="weeks",
            title="Marks per 100 texts read",
            describes=f"From {rows[0]['week']} to {rows[-1]['week']}.",
        ),
        table=Table("weeks", "Marks by week", _WEEK_COLUMNS, rows),
    )
