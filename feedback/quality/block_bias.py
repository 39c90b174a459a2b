"""How differences between groups, lengths and orders are shown."""

from typing import Any

from feedback.quality.block_raters import as_of
from feedback.quality.blocks import Block, Fact, Part
from feedback.quality.charts import Dot, dots_and_whiskers
from feedback.quality.models import Report
from feedback.quality.tables import Column, Table, decimal, percent

_ATTRIBUTES = {
    "age": "Age",
    "age_band": "Age",
    "sex": "Sex",
    "ethnicity": "Ethnicity",
    "language": "Language",
    "profession": "Profession",
}
_FEW = "fewer than 5"
_GROUP_COLUMNS = (
    Column("question", "Question"),
    Column("attribute_text", "Of"),
    Column("group", "Group"),
    Column("n_inside", "In it", "count", empty=_FEW),
    Column("n_raters", "Raters compared", "count"),
    Column("difference", "Difference", "number", empty="not tested"),
    Column("difference", "95 % interval", "interval", empty="not tested"),
    Column("p_value", "p", "number", empty="not tested"),
    Column("q_value", "q", "number", empty="not tested"),
)
_ORDER_COLUMNS = (
    Column("question", "Question"),
    Column("n_raters", "Raters", "count"),
    Column("change", "Change per 100 ratings", "number"),
    Column("change", "95 % interval", "interval"),
    Column("p_value", "p", "number"),
)
_LENGTH_COLUMNS = (
    Column("name", "What"),
    Column("estimate", "Log-odds", "number"),
    Column("estimate", "95 % interval", "interval"),
    Column("error", "Standard error", "number"),
)
_TESTED = (
    "One value for each rater; p by 4999 permutations, q is the false discovery rate "
    "over all groups of a question. Groups below 15 are listed and not tested; a count "
    "below 5 is not shown."
)
_DRAWN = 20


def bias_block(report: Report) -> Block:
    """Groups of raters, groups of cases, order and length."""
    content = report.content
    parts = [
        _groups(
            content["raters"],
            name="raters",
            heading="Groups of raters",
            lead=(
                "Whether raters of a group rate higher or lower than others do on the "
                "same items, in the unit of the scale. Raters say about themselves "
                "what they like to."
            ),
            nothing="No rater has said anything to compare by, or nobody has rated yet.",
        ),
        _groups(
            content["cases"],
            name="cases",
            heading="Groups of cases",
            lead=(
                "Whether answers about some patients are rated higher or lower than "
                "answers about others, by the same raters."
            ),
            nothing="No prompt says age, sex, ethnicity or language of its patient.",
        ),
        _order(content["order"]),
        _length(content["length"]),
    ]
    return Block(parts=parts, as_of=as_of(report), facts=_facts(content["length"]))


def _facts(length: dict[str, Any] | None) -> list[Fact]:
    if length is None or length["longer_won"] is None:
        return []
    text = (
        f"won {percent(length['longer_won'])} of decided votes "
        f"({percent(length['longer_won_low'])} to {percent(length['longer_won_high'])})"
    )
    return [Fact("The longer answer", text)]


def _groups(
    rows: list[dict[str, Any]], *, name: str, heading: str, lead: str, nothing: str
) -> Part:
    if not rows:
        return Part(heading, lead, nothing=nothing)
    shown = [{**row, "attribute_text": _ATTRIBUTES[row["attribute"]]} for row in rows]
    tested = [row for row in shown if row["is_tested"]]
    tested.sort(key=lambda row: row["q_value"])
    chart = None
    if tested:
        chart = dots_and_whiskers(
            [
                Dot(
                    label=f"{row['group']}: {row['question']}",
                    says=f"{decimal(row['difference'])}, {_q(row)}",
                    value=_of_scale(row, "difference"),
                    low=_of_scale(row, "difference_low"),
                    high=_of_scale(row, "difference_high"),
                    is_weak=row["q_value"] > 0.05,  # noqa: PLR2004 - the usual bound
                )
                for row in tested[:_DRAWN]
            ],
            key=name,
            title=f"{heading}: difference from the rest, in percent of the scale",
            describes=(
                "The smallest q first, with 95 % intervals. Filled dots have a false "
                "discovery rate of 5 % or less. Numbers at the end are in the unit of "
                "the scale."
            ),
            holds=(0.0,),
        )
    return Part(
        heading=heading,
        lead=lead,
        chart=chart,
        table=Table(name, heading, _GROUP_COLUMNS, shown),
        notes=(_TESTED,),
    )


def _q(row: dict[str, Any]) -> str:
    """A rate that rounds to nothing is small, not zero."""
    q = float(row["q_value"])
    return "q below 0.001" if q < 0.001 else f"q {decimal(q)}"  # noqa: PLR2004


def _of_scale(row: dict[str, Any], key: str) -> float | None:
    """In percent of the scale: points of 5 and of 100 on one axis would mislead."""
    return None if row[key] is None else 100.0 * float(row[key]) / row["span"]


def _order(rows: list[dict[str, Any]]) -> Part:
    lead = (
        "Whether a rater grows milder or stricter: one slope for each rater with 20 "
        "ratings or more, each rating taken against the others' on its item."
    )
    heading = "Order of work"
    if not rows:
        return Part(heading, lead, nothing="Nobody has rated yet.")
    return Part(heading, lead, table=Table("order", heading, _ORDER_COLUMNS, rows))


def _length(length: dict[str, Any] | None) -> Part:
    heading = "Length of answers"
    lead = (
        "Whether length itself wins votes: decisive votes on the log ratio of lengths, "
        "with a term for the side, clustered by rater."
    )
    if length is None:
        return Part(
            heading,
            lead,
            nothing="No two answers of different length were decided yet.",
        )
    rows = [
        {
            "name": name,
            "estimate": length[key]["estimate"],
            "estimate_low": length[key]["low"],
            "estimate_high": length[key]["high"],
            "error": length[key]["error"],
        }
        for name, key in (
            ("Length, for each e-fold of it", "length"),
            ("Standing left", "side"),
        )
    ]
    by = "between answers of equal models" if length["has_models"] else "of any models"
    lead += f" {length['n_votes']:,} votes by {length['n_raters']:,} raters, {by}."
    return Part(heading, lead, table=Table("length", heading, _LENGTH_COLUMNS, rows))
