"""How the routing policy and what it saved are shown."""

from typing import Any

from feedback.quality.blocks import Block, Fact, Part
from feedback.quality.charts import Bar, bars
from feedback.quality.models import Report
from feedback.quality.report_savings import FIXED_OVERLAP
from feedback.quality.tables import Column, Table
from feedback.studies.models import Task

_STOP_COLUMNS = (
    Column("name", "Why no more were asked"),
    Column("n", "Tasks", "count"),
)
_ASKED_COLUMNS = (
    Column("n_ratings", "Ratings", "count"),
    Column("n", "Tasks", "count"),
)
_NONE_STATED = "Not recorded"


def routing_block(report: Report) -> Block:
    """The rule in words, what it asked, and what that saved."""
    content = report.content
    rule = content["policy"]
    if not content["n_items"]:
        nothing = "No task is complete yet, so nothing can be said about savings."
        return Block(parts=[Part("Routing", rule, nothing=nothing)])
    return Block(
        parts=[
            Part(
                heading="Routing",
                lead=rule,
                chart=_asked_chart(content["asked"]),
                table=Table(
                    "asked",
                    "Complete tasks by ratings",
                    _ASKED_COLUMNS,
                    _asked(content["asked"]),
                ),
            ),
            Part(
                heading="Why tasks are complete",
                lead="What ended the asking.",
                table=Table("stops", "Stops", _STOP_COLUMNS, _stops(content["stops"])),
            ),
        ],
        facts=_facts(content),
    )


def _facts(content: dict[str, Any]) -> list[Fact]:
    saved, minutes = content["n_saved"], content["minutes"]
    word = "saved" if saved >= 0 else "more"
    return [
        Fact("Complete tasks", f"{content['n_items']:,}"),
        Fact("Ratings they took", f"{content['n_asked']:,}"),
        Fact(
            f"With {FIXED_OVERLAP} ratings each",
            f"{content['n_fixed']:,}: {abs(saved):,} {word} "
            f"({abs(content['percent']):.1f} %)",
        ),
        Fact(
            "Minutes saved so far" if saved >= 0 else "Minutes more so far",
            f"{abs(minutes):,.0f}, at the median of {content['seconds']:.0f} active "
            "seconds a rating",
        ),
    ]


def _asked(asked: dict[str, int]) -> list[dict[str, int]]:
    return [{"n_ratings": int(n), "n": asked[n]} for n in sorted(asked, key=int)]


def _asked_chart(asked: dict[str, int]) -> Any:  # noqa: ANN401 - safe markup
    return bars(
        [
            Bar(
                label=f"{row['n_ratings']} rating{'' if row['n_ratings'] == 1 else 's'}",
                says=f"{row['n']:,} tasks",
                parts=(float(row["n"]),),
            )
            for row in _asked(asked)
        ],
        key="asked",
        title="Complete tasks by the number of their ratings",
        describes="A bar for each number of ratings.",
    )


def _stops(stops: dict[str, int]) -> list[dict[str, Any]]:
    names = dict(Task.Stop.choices)
    return [
        {"name": str(names.get(key, _NONE_STATED)), "n": n} for key, n in stops.items()
    ]
