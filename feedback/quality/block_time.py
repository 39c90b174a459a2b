"""How raters' time is shown."""

from collections.abc import Sequence
from dataclasses import asdict

from feedback.quality.blocks import Block, Fact, Part
from feedback.quality.charts import Bar, Series, bars, lines
from feedback.quality.prices import Price
from feedback.quality.progress import progress_by_kind
from feedback.quality.tables import Column, Row, Table
from feedback.quality.time_spent import (
    Spent,
    time_by_kind,
    time_by_purpose,
    time_by_week,
)
from feedback.studies.models import Study


def _columns(name: str, price: Price | None) -> tuple[Column, ...]:
    cost = (Column("cost", f"Cost in {price.currency}", "number"),) if price else ()
    return (
        Column("name", name),
        Column("n", "Judgments", "count"),
        Column("minutes", "Active minutes", "number"),
        Column("median", "Median seconds", "number"),
        *cost,
    )


def _rows(spent: list[Spent], price: Price | None) -> Sequence[Row]:
    rows = [asdict(one) for one in spent]
    for row in rows:
        if price is not None:
            row["cost"] = round(price.of_minutes(row["minutes"]), 2)
    return rows


def time_block(study: Study, price: Price | None = None) -> Block:
    """Active minutes by kind, purpose and week, and what a complete task took.

    Args:
        study: whose.
        price: of an hour; None shows minutes alone.
    """
    kinds = time_by_kind(study)
    if not kinds:
        nothing = "Nobody has answered a task yet."
        return Block(parts=[Part("Time and cost", "", nothing=nothing)])
    return Block(
        parts=[
            _bars(kinds, "kind", "By kind of task", "Tasks", price),
            _bars(time_by_purpose(study), "purpose", "By purpose", "Purpose", price),
            _weeks(time_by_week(study), price),
        ],
        facts=_facts(study, kinds, price),
    )


def _facts(study: Study, kinds: list[Spent], price: Price | None) -> list[Fact]:
    minutes = sum(one.minutes for one in kinds)
    n_complete = sum(one.n_complete for one in progress_by_kind(study))
    facts = [
        Fact(
            "Active time in all", f"{minutes:,.0f} minutes ({minutes / 60:,.1f} hours)"
        )
    ]
    if n_complete:
        each = minutes / n_complete
        facts.append(
            Fact("For each complete task", f"{each:,.1f} minutes, checks included")
        )
    if price is not None:
        cost = price.of_minutes(minutes)
        each_hour = f"at {price.told(price.rate)} an hour of active time"
        facts.append(Fact("Cost in all", f"{price.told(cost)}, {each_hour}"))
        if n_complete:
            facts.append(
                Fact("Cost of each complete task", price.told(cost / n_complete))
            )
    return facts


def _bars(
    rows: list[Spent], name: str, heading: str, label: str, price: Price | None
) -> Part:
    return Part(
        heading=heading,
        lead=(
            "Time the page was in view and in use, by the rater's browser; every "
            "revision counts."
        ),
        chart=bars(
            [
                Bar(
                    label=one.name,
                    says=f"{one.minutes:,.0f} min, median {one.median:.0f} s",
                    parts=(one.minutes,),
                )
                for one in rows
            ],
            key=f"time-{name}",
            title=f"Active minutes {heading.lower()}",
            describes="A bar for each, in minutes.",
        ),
        table=Table(name, heading, _columns(label, price), _rows(rows, price)),
    )


def _weeks(rows: list[Spent], price: Price | None) -> Part:
    return Part(
        heading="By week",
        lead="Active minutes in weeks that had any, named by their Monday.",
        chart=lines(
            [Series("Minutes", tuple(one.minutes for one in rows))],
            steps=[one.name for one in rows],
            key="time-week",
            title="Active minutes by week",
            describes=f"From the week of {rows[0].name} to that of {rows[-1].name}.",
        ),
        table=Table("weeks", "By week", _columns("Week of", price), _rows(rows, price)),
    )
