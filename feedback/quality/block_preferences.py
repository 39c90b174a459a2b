"""How votes and the leaderboard are shown."""

from typing import Any

from feedback.quality.blocks import Block, Fact, Part
from feedback.quality.charts import Bar, Dot, bars, dots_and_whiskers
from feedback.quality.models import Report
from feedback.quality.tables import Column, Table, decimal, percent

_MODEL_COLUMNS = (
    Column("model", "Model version"),
    Column("strength", "Strength", "number"),
    Column("strength", "95 % interval", "interval"),
    Column("se", "Standard error", "number"),
    Column("n_votes", "Votes", "count"),
)
_OF_STRENGTH = (
    "Log-odds against the average model, by Davidson's model with ties and sides; the "
    "interval allows for each rater's votes hanging together. Two that overlap may "
    "still differ."
)
_NO_VOTES = "No pair has been decided yet."


def preferences_block(report: Report, *, may_see_models: bool) -> Block:
    """How raters vote, and for whom."""
    content = report.content
    votes = content["votes"]
    if not votes["n"]:
        return Block(parts=[Part("Preferences", "", nothing=_NO_VOTES)])
    parts = [_votes(votes)]
    if may_see_models:
        parts.append(_leaderboard(content))
    else:
        nothing = (
            "You rate in this study, so models are not named to you. Another lead or "
            "an auditor sees which is ahead."
        )
        parts.append(Part("Models", "", nothing=nothing))
    return Block(parts=parts, facts=_side_facts(content))


def _votes(votes: dict[str, Any]) -> Part:
    rows = [
        {"name": name, "n": votes[key], "share": votes[key] / votes["n"]}
        for name, key in (
            ("One is better", "n_decisive"),
            ("About equal", "n_tie"),
            ("Neither is acceptable", "n_neither"),
        )
    ]
    return Part(
        heading="Votes",
        lead=(
            f"{votes['n']:,} comparisons by {votes['n_raters']:,} raters, of the base "
            "wave. A ranking counts as a comparison of each two of its answers."
        ),
        chart=bars(
            [
                Bar(
                    label=str(row["name"]),
                    says=f"{row['n']:,} ({percent(float(row['share']))})",
                    parts=(float(row["n"]),),
                )
                for row in rows
            ],
            key="votes",
            title="Comparisons by outcome",
            describes="How many were decided, about equal, or had no acceptable answer.",
        ),
        table=Table(
            "votes",
            "Comparisons by outcome",
            (
                Column("name", "Outcome"),
                Column("n", "Comparisons", "count"),
                Column("share", "Share", "share"),
            ),
            rows,
        ),
    )


def _leaderboard(content: dict[str, Any]) -> Part:
    models = content["models"]
    if not models:
        nothing = "No comparison between two named model versions has been decided yet."
        return Part("Models", _OF_STRENGTH, nothing=nothing)
    left_out = [
        f"{content[key]:,} {what}"
        for key, what in (
            ("n_unblinded", "comparisons in which a text named its maker"),
            ("n_one_model", "between texts of one model or of none"),
        )
        if content[key]
    ]
    return Part(
        heading="Models",
        lead=_OF_STRENGTH,
        chart=dots_and_whiskers(
            [
                Dot(
                    label=row["model"],
                    says=f"{decimal(row['strength'])}, {row['n_votes']:,} votes",
                    value=row["strength"],
                    low=row["strength_low"],
                    high=row["strength_high"],
                )
                for row in models
            ],
            key="models",
            title="Strength of each model version",
            describes="From the strongest down, with 95 % intervals; 0 is the average.",
            holds=(0.0,),
        ),
        table=Table("models", "Leaderboard of model versions", _MODEL_COLUMNS, models),
        notes=(f"Left out: {'; '.join(left_out)}.",) if left_out else (),
    )


def _side_facts(content: dict[str, Any]) -> list[Fact]:
    left = content["votes"]["left"]
    facts = [
        Fact(
            "Decisive votes for the left",
            f"{percent(left['share'])} of {left['n']:,} "
            f"({percent(left['low'])} to {percent(left['high'])}); sides are random, "
            "so half is expected",
        )
    ]
    if side := content["side"]:
        facts.append(
            Fact(
                "Pull of the left, in log-odds",
                f"{decimal(side['value'])} ({decimal(side['low'])} to "
                f"{decimal(side['high'])}); taken out of the strengths",
            )
        )
    return facts
