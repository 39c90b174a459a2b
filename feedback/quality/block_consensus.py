"""How the consensus is shown."""

from typing import Any

from django.urls import reverse

from feedback.quality.blocks import Block, Part
from feedback.quality.charts import Bar, bars
from feedback.quality.models import Report
from feedback.quality.tables import Column, Table, percent
from feedback.stats.consensus import ENOUGH_GOLDS
from feedback.studies.models import Study

_NUMBER_COLUMNS = (
    Column("name", "Question"),
    Column("n_items", "Items", "count"),
    Column("n_ratings", "Ratings", "count"),
    Column("mean", "Mean of the items' means", "number"),
    Column("median", "Median of the items' medians", "number"),
    Column("within", "Ratings near the item's median", "share"),
    Column("distance", "Near is within", "number"),
)
_LABEL_COLUMNS = (
    Column("name", "Question"),
    Column("n_items", "Items", "count"),
    Column("n_ratings", "Ratings", "count"),
    Column("method_text", "Settled by"),
    Column("sure", "As good as settled", "share"),
    Column("n_tied", "Tied", "count"),
    Column("accuracy", "Median rater's accuracy", "share", empty="-"),
)
_SHARE_COLUMNS = (
    Column("of", "Question"),
    Column("name", "Label"),
    Column("n_items", "Items", "count"),
    Column("share", "Share", "share"),
)
_METHODS = {
    "votes": "votes",
    "dawid_skene": "votes weighed by each rater's reliability (Dawid and Skene)",
}
_CALIBRATION_COLUMNS = (
    Column("name", "Question"),
    Column("n_golds", "Known items", "count"),
    Column("temperature", "Temperature", "number", empty="too few known items"),
    Column("n_held_out", "Held out", "count"),
    Column("loss_before", "Log-loss", "number", empty="-"),
    Column("loss_after", "Log-loss, scaled", "number", empty="-"),
    Column("error_before", "Calibration error", "share", empty="-"),
    Column("error_after", "Calibration error, scaled", "share", empty="-"),
)
_HELD_OUT = (
    "Before and after are of known items by a temperature fitted without them: each "
    "fifth by the other four. Known answers often began as what most raters said, so "
    "real sureness may be lower."
)


def consensus_block(report: Report, study: Study, *, by_item: bool) -> Block:
    """What the answers settle on.

    Args:
        report: the consensus.
        study: whose.
        by_item: whether to lead on to what each item settled on.
    """
    numbers, labels = report.content["numbers"], report.content["labels"]
    if not numbers and not labels:
        nothing = "No task has been answered yet."
        return Block(parts=[Part("Consensus", "", nothing=nothing)])
    parts = [*_numbers(numbers), *_labels(labels), *_calibrations(labels)]
    if by_item:
        parts.append(_items([*numbers, *labels], report, study))
    return Block(parts=parts)


def _calibrations(rows: list[dict[str, Any]]) -> list[Part]:
    found = [
        {**row["calibration"], "name": row["name"]}
        for row in rows
        if row["calibration"]["n_golds"]
    ]
    lead = (
        "Whether a probability of 90 % is right nine times in ten. Measured on items "
        f"whose answer is known, with as many votes as an ordinary item has; from "
        f"{ENOUGH_GOLDS} of them on, one number, the temperature, makes probabilities "
        "as sure as they are right: above 1 they were too sure, below 1 too timid."
    )
    if not rows:
        return []
    if not found:
        nothing = "No known answer of these questions has been met by a rater yet."
        return [Part("How sure is sure", lead, nothing=nothing)]
    drawn = [row for row in found if row["error_before"] is not None]
    chart = None
    if drawn:
        chart = bars(
            [
                Bar(
                    label=f"{row['name']}: {when}",
                    says=percent(row[key]),
                    parts=(100.0 * row[key],),
                )
                for row in drawn
                for when, key in (
                    ("as it is", "error_before"),
                    ("scaled", "error_after"),
                )
            ],
            key="calibration",
            title="Calibration error, in percent",
            describes="How far sureness is from being right; shorter is better.",
        )
    return [
        Part(
            "How sure is sure",
            lead,
            chart=chart,
            table=Table("calibration", "Calibration", _CALIBRATION_COLUMNS, found),
            notes=(_HELD_OUT,),
        )
    ]


def _items(rows: list[dict[str, Any]], report: Report, study: Study) -> Part:
    query = {"epoch": report.epoch}
    return Part(
        heading="Item by item",
        lead=(
            "Every item with its votes, its label and how probable that is, or its "
            "mean and median; as a page and as CSV."
        ),
        links=tuple(
            (
                row["name"],
                reverse("quality_items", args=[study.uid, row["key"]], query=query),
            )
            for row in rows
        ),
    )


def _numbers(rows: list[dict[str, Any]]) -> list[Part]:
    if not rows:
        return []
    lead = (
        "Every wave counts. The mean is the value to use: no rater is weighted or "
        "corrected, since that predicted other raters' scores worse."
    )
    table = Table("numbers", "Consensus of scales", _NUMBER_COLUMNS, rows)
    return [Part("Scales and scores", lead, table=table)]


def _labels(rows: list[dict[str, Any]]) -> list[Part]:
    if not rows:
        return []
    shown = [{**row, "method_text": _METHODS[row["method"]]} for row in rows]
    shares = [{**label, "of": row["name"]} for row in rows for label in row["labels"]]
    lead = (
        "Every wave counts. A model of the raters is used for facts, once the median "
        "rater has twenty ratings that somebody else also gave; votes before that. As "
        "good as settled: all raters agree, or the model is 90 % sure."
    )
    parts = [
        Part(
            "Labels and choices",
            lead,
            table=Table("labels", "Consensus of labels", _LABEL_COLUMNS, shown),
        )
    ]
    if shares:
        parts.append(
            Part(
                "Items by label",
                "Items settled on each label; ties are left out.",
                chart=bars(
                    [
                        Bar(
                            label=f"{row['of']}: {row['name']}",
                            says=f"{row['n_items']:,} ({percent(row['share'])})",
                            parts=(float(row["n_items"]),),
                        )
                        for row in shares
                    ],
                    key="labels",
                    title="Items settled on each label",
                    describes="A bar for each label of each question, in order.",
                ),
                table=Table("shares", "Items by label", _SHARE_COLUMNS, shares),
            )
        )
    return parts
