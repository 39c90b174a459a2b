"""How the agreement report is shown."""

from typing import Any

from django.urls import reverse

from feedback.quality.blocks import Block, Part
from feedback.quality.charts import Dot, dots_and_whiskers
from feedback.quality.models import Report
from feedback.quality.tables import Column, Row, Table, decimal, percent
from feedback.studies.models import Study

_LEVELS = {
    "nominal": "nominal",
    "ordinal": "ordinal",
    "interval": "interval",
    "sets": "sets (MASI)",
    "spans": "spans",
}
_SCALES = ("nominal", "ordinal", "interval")
_COLUMNS = (
    Column("name", "Question"),
    Column("n_items", "Items", "count"),
    Column("n_ratings", "Ratings", "count"),
    Column("percent", "Same answer", "share", empty="-"),
    Column("within_one", "Within 1", "share", empty="-"),
    Column("alpha", "Alpha", "number"),
    Column("alpha", "95 % interval of alpha", "interval", empty="none"),
    Column("ac", "AC1 or AC2", "number", empty="-"),
    Column("ac", "95 % interval of AC", "interval", empty="none"),
    Column("level", "Scale"),
    Column("few", "Items are", empty=""),
    Column("beside_text", "Besides", empty=""),
    Column("n_missing", "No value", "count", empty="-"),
)
_LABEL_COLUMNS = (
    Column("of", "Question"),
    Column("name", "Label"),
    Column("n_items", "Items", "count"),
    Column("percent", "Same answer", "share"),
    Column("alpha", "Alpha", "number"),
    Column("alpha", "95 % interval", "interval", empty="none"),
    Column("ac", "AC1", "number"),
)
_TASK_COLUMNS = (
    Column("task_text", "Task", "link"),
    Column("question", "Question it divides most"),
    Column("answers", "Answers"),
    Column("n_raters", "Ratings", "count"),
    Column("spread", "Spread", "share"),
)
_BASE = (
    "Base wave only: ratings that were asked for before anything was known about a "
    "task. What a routing policy asked for later would make agreement look different."
)
_READING = (
    "Alpha is 1 for perfect agreement and 0 for what chance would give. How much is "
    "enough depends on the question: look at the share of equal answers and at AC "
    "beside it."
)
_INTERVAL = (
    "The interval speaks for other items and these raters. Below 20 items there is "
    "none; below 50 items are few."
)


def agreement_block(report: Report, study: Study) -> Block:
    """Agreement on each question, on each label of a set, and where it is worst."""
    rows = [_as_row(row) for row in report.content["rows"]]
    if not any(row["n_items"] for row in rows):
        nothing = (
            "No task has two ratings of the base wave yet. Agreement appears here as "
            "soon as one has."
        )
        return Block(parts=[Part("Agreement of raters", _BASE, nothing=nothing)])
    parts = [_questions(rows)]
    parts += [_spans(row) for row in rows if row["key"] == "spans" and row["n_pairs"]]
    if labels := _labels(rows):
        parts.append(labels)
    return Block(parts=[*parts, _pairs(rows, report, study), _tasks(report, study)])


def _as_row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "level": _LEVELS[row["level"]],
        "few": _few(row),
        "beside_text": "; ".join(_measure(one) for one in row["beside"]),
    }


def _few(row: Row) -> str:
    if row["is_too_few"]:
        return "too few for an interval"
    return "few" if row["is_few"] else "enough"


def _measure(one: Row) -> str:
    text = f"{one['name']} {decimal(one['value'])}"
    if one["low"] is not None and one["high"] is not None:
        text += f" ({decimal(one['low'])} to {decimal(one['high'])})"
    return text


def _questions(rows: list[dict[str, Any]]) -> Part:
    drawn = [row for row in rows if "alpha" in row]
    return Part(
        heading="Agreement of raters",
        lead=_BASE,
        chart=dots_and_whiskers(
            [_dot(row) for row in drawn],
            key="agreement",
            title="Krippendorff's alpha of each question",
            describes=(
                "A dot for each question with its 95 % interval; 1 is perfect "
                "agreement, 0 what chance would give. Hollow dots rest on few items."
            ),
        ),
        table=Table("questions", "Agreement by question", _COLUMNS, rows),
        notes=(_READING, _INTERVAL),
    )


def _dot(row: dict[str, Any]) -> Dot:
    low, high = row.get("alpha_low"), row.get("alpha_high")
    n_items = f"{row['n_items']:,} items"
    return Dot(
        label=row["name"],
        says=f"{decimal(row['alpha'])}, {n_items}{', few' if row['is_few'] else ''}",
        value=row["alpha"],
        low=low,
        high=high,
        is_weak=row["is_few"],
    )


def _spans(row: dict[str, Any]) -> Part:
    found = row["beside"]
    return Part(
        heading="Marks in the text",
        lead=(
            f"Whether raters mark the same pieces: F1 of each two of them, averaged "
            f"over {row['n_pairs']:,} pairs. Of {row['n_items']:,} texts that two have "
            f"read, {row['n_unmarked']:,} have no mark; these say nothing here."
        ),
        chart=dots_and_whiskers(
            [_span_dot(one, is_few=row["is_few"]) for one in found],
            key="spans",
            title="F1 of marked pieces",
            describes=(
                "From the strictest reading to the mildest, with 95 % intervals over "
                "items; 1 is the same marks. Hollow dots rest on few items."
            ),
        ),
        table=Table(
            "spans",
            "F1 of marked pieces",
            (
                Column("name", "Reading"),
                Column("value", "F1", "number"),
                Column("value", "95 % interval", "interval", empty="none"),
            ),
            [
                {**one, "value_low": one["low"], "value_high": one["high"]}
                for one in found
            ],
        ),
        notes=(_INTERVAL,),
    )


def _span_dot(one: Row, *, is_few: bool) -> Dot:
    return Dot(
        label=one["name"],
        says=f"{decimal(one['value'])}{', few items' if is_few else ''}",
        value=one["value"],
        low=one["low"],
        high=one["high"],
        is_weak=is_few,
    )


def _labels(rows: list[dict[str, Any]]) -> Part | None:
    found = [
        {**part, "of": row["name"]} for row in rows for part in row.get("parts", ())
    ]
    if not found:
        return None
    return Part(
        heading="Label by label",
        lead="Where several labels may be chosen: each taken as chosen or not.",
        table=Table("labels", "Agreement by label", _LABEL_COLUMNS, found),
    )


def _pairs(rows: list[dict[str, Any]], report: Report, study: Study) -> Part:
    query = {"epoch": report.epoch}
    return Part(
        heading="Rater by rater",
        lead="How each two raters agree, question by question.",
        links=tuple(
            (
                row["name"],
                reverse("quality_pairs", args=[study.uid, row["key"]], query=query),
            )
            for row in rows
            if row["level"] in _SCALES and row["n_items"]
        ),
    )


def _tasks(report: Report, study: Study) -> Part:
    rows = [
        {
            **row,
            "task_text": f"Task {row['task'][:8]}",
            "url": reverse("quality_task", args=[study.uid, row["task"]]),
            "answers": _answers(row),
        }
        for row in report.content["disagreements"]
    ]
    return Part(
        heading="Where raters are furthest apart",
        lead=(
            "The tasks with the widest answers of the base wave. The spread is the "
            "range of the answers in that of the scale; between categories, the share "
            "of pairs of raters who differ."
        ),
        table=Table("tasks", "Tasks with most disagreement", _TASK_COLUMNS, rows)
        if rows
        else None,
        nothing="Raters have not differed on any task.",
    )


def _answers(row: Row) -> str:
    if row["low"] is None:
        return f"{percent(row['spread'])} of pairs differ"
    if row["is_pair"]:
        return "for either side" if row["spread"] == 1.0 else "one side and a tie"
    return f"{row['low']:g} to {row['high']:g}"
