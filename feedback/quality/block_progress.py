"""How progress is shown."""

from dataclasses import asdict

from feedback.quality.blocks import Block, Part
from feedback.quality.charts import Bar, Series, bars, lines
from feedback.quality.progress import (
    Day,
    KindOfTask,
    judgments_by_day,
    progress_by_kind,
)
from feedback.quality.tables import Column, Table
from feedback.studies.models import Study

_KIND_COLUMNS = (
    Column("label", "Tasks"),
    Column("n_tasks", "All", "count"),
    Column("n_complete", "Complete", "count"),
    Column("n_places", "Ratings asked for", "count"),
    Column("n_done", "Given", "count"),
    Column("n_in_hand", "In hand", "count"),
)
_DAY_COLUMNS = (
    Column("day", "Day (UTC)"),
    Column("n_judgments", "Judgments", "count"),
    Column("n_raters", "Raters", "count"),
)


def progress_block(study: Study) -> Block:
    """Tasks complete and open, and judgments by day."""
    kinds = progress_by_kind(study)
    if not kinds:
        nothing = (
            "There are no tasks yet. They are made when prompts are imported and a "
            "guideline is published."
        )
        return Block(parts=[Part("Progress", "", nothing=nothing)])
    days = judgments_by_day(study)
    return Block(parts=[_kinds(kinds), *([_days(days)] if days else [])])


def _kinds(kinds: list[KindOfTask]) -> Part:
    return Part(
        heading="Progress",
        lead="Tasks to be labeled. Known answers, repeats and training do not count.",
        chart=bars(
            [
                Bar(
                    label=one.label,
                    says=f"{one.n_complete:,} of {one.n_tasks:,} complete",
                    parts=(one.n_complete, one.n_tasks - one.n_complete),
                )
                for one in kinds
            ],
            key="progress",
            title="Tasks complete and open",
            describes="A bar for each kind of task, divided into complete and open.",
            legend=("Complete", "Open"),
        ),
        table=Table(
            "kinds", "Progress by kind of task", _KIND_COLUMNS, [*map(asdict, kinds)]
        ),
    )


def _days(days: list[Day]) -> Part:
    return Part(
        heading="Judgments by day",
        lead="First answers, whatever they were for, on the days that had any.",
        chart=lines(
            [Series("Judgments", tuple(float(day.n_judgments) for day in days))],
            steps=[day.day for day in days],
            key="days",
            title="Judgments by day",
            describes=f"From {days[0].day} to {days[-1].day}.",
        ),
        table=Table("days", "Judgments by day", _DAY_COLUMNS, [*map(asdict, days)]),
    )
