"""One prompt's evidence, ready to become rows: what every kind of row needs of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from exports.aggregate import Standing
from exports.evidence import PromptEvidence, Said
from exports.rules import Rule, Rules

Row = dict[str, Any]


def assistant(text: str) -> list[dict[str, str]]:
    """An answer as the one turn that trainers expect."""
    return [{"role": "assistant", "content": text}]


def held_by(said: Iterable[Said]) -> Rule | None:
    """The rule that keeps out what rests on these judgments, if one does."""
    rules = {one.held for one in said if one.held is not None}
    return min(rules, key=list(Rule).index, default=None)


@dataclass(frozen=True, slots=True)
class Case:
    """One prompt with the standing of each of its completions.

    Attributes:
        raters: rater -> pinned specialty.
        criteria: keys of all criteria in the snapshot, sorted.
        standings: completion -> what was said of it.
        barred: stripped text -> the rule that bars it from being chosen or taught.
        tie_share: share of ties among all votes of the snapshot.
    """

    prompt: PromptEvidence
    rules: Rules
    raters: Mapping[int, str]
    criteria: tuple[str, ...]
    standings: dict[int, Standing]
    barred: dict[str, Rule]
    tie_share: float

    def provenance(
        self,
        *,
        example_id: str,
        said: Iterable[Said],
        model: str | None,
        agreement: float | None,
        flags: tuple[str, ...] = (),
        is_adjudicated: bool = False,
    ) -> Row:
        """The metadata columns of a row that these judgments made."""
        judgments = sorted(set(said), key=lambda one: one.id)
        raters = {one.rater for one in judgments}
        versions = sorted({one.guideline for one in judgments})
        return {
            "example_id": example_id,
            **self.home(),
            "source_model": model,
            "n_raters": len(raters),
            "settled_by": "adjudication" if is_adjudicated else "votes",
            "agreement": agreement,
            "specialties": sorted({self.raters[r] for r in raters} - {""}),
            "safety_flags": list(flags),
            "judgment_uids": [one.uid for one in judgments],
            "n_unblinded": len({one.rater for one in judgments if one.is_unblinded}),
            "guideline_version": "+".join(f"v{number}" for number in versions),
            "created_at": max(one.at for one in judgments),
        }

    def home(self) -> Row:
        """The columns of the prompt itself."""
        return {
            "group_id": self.prompt.group_id,
            "prompt_uid": self.prompt.uid,
            "specialty": self.prompt.specialty or None,
            "locale": self.prompt.locale or None,
            "note_type": self.prompt.note_type or None,
            "is_synthetic": self.prompt.is_synthetic,
        }

    def scores(self, standing: Standing | None) -> dict[str, float | None]:
        """One value per criterion of the snapshot, null where nobody rated it."""
        given = {} if standing is None else standing.scores
        return {key: given.get(key) for key in self.criteria}

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation with exactly the two keys that trainers expect."""
        return [
            {"role": turn["role"], "content": turn["content"]}
            for turn in self.prompt.messages
        ]

    @property
    def is_single_turn(self) -> bool:
        """One question and nothing before it, so that plain text says it all."""
        return is_single_turn(self.prompt.messages)


def is_single_turn(messages: Iterable[Mapping[str, str]]) -> bool:
    """Whether a conversation is one turn of the user."""
    return [turn["role"] for turn in messages] == ["user"]
