"""The rows that one prompt's evidence gives to each configuration."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exports.aggregate import (
    Candidate,
    Standing,
    best_text,
    decide_label,
    decide_pair,
    share_at_bar,
    standing_of,
    why_not_chosen,
)
from exports.evidence import Answer, Pair, PromptEvidence, Said
from exports.rules import Rule, Rules

Row = dict[str, Any]


@dataclass(slots=True)
class Rows:
    """Rows per configuration, and what the rules kept out of each."""

    sft: list[Row] = field(default_factory=list)
    preference: list[Row] = field(default_factory=list)
    kto: list[Row] = field(default_factory=list)
    kept_out: Counter[tuple[str, Rule]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Case:
    """One prompt with the standing of each of its completions."""

    prompt: PromptEvidence
    rules: Rules
    raters: Mapping[int, str]
    criteria: tuple[str, ...]
    standings: dict[int, Standing]
    barred: dict[str, Rule]

    def provenance(
        self,
        *,
        example_id: str,
        said: Iterable[Said],
        model: str | None,
        agreement: float | None,
        flags: tuple[str, ...],
    ) -> Row:
        """The metadata columns of a row that these judgments made."""
        judgments = sorted(set(said), key=lambda one: one.id)
        raters = {one.rater for one in judgments}
        versions = sorted({one.guideline for one in judgments})
        return {
            "example_id": example_id,
            "group_id": self.prompt.group_id,
            "prompt_uid": self.prompt.uid,
            "source_model": model,
            "n_raters": len(raters),
            "agreement": agreement,
            "specialties": sorted({self.raters[r] for r in raters} - {""}),
            "safety_flags": list(flags),
            "judgment_uids": [one.uid for one in judgments],
            "n_unblinded": len({one.rater for one in judgments if one.is_unblinded}),
            "guideline_version": "+".join(f"v{number}" for number in versions),
            "created_at": max(one.at for one in judgments),
            "specialty": self.prompt.specialty or None,
            "locale": self.prompt.locale or None,
            "note_type": self.prompt.note_type or None,
            "is_synthetic": self.prompt.is_synthetic,
        }

    def scores(self, standing: Standing) -> dict[str, float | None]:
        """One value per criterion of the snapshot, null where nobody rated it."""
        return {key: standing.scores.get(key) for key in self.criteria}

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation with exactly the two keys that trainers expect."""
        return [
            {"role": turn["role"], "content": turn["content"]}
            for turn in self.prompt.messages
        ]


def _assistant(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def rows_of(
    prompt: PromptEvidence,
    *,
    rules: Rules,
    raters: Mapping[int, str],
    criteria: tuple[str, ...],
) -> Rows:
    """Everything one prompt gives, in a fixed order.

    Args:
        prompt: with its answers, pairs and corrections.
        rules: the snapshot's thresholds.
        raters: rater -> pinned specialty.
        criteria: keys of all criteria in the snapshot, sorted.
    """
    standings = {
        pk: standing_of(answer.ratings, is_flagged=bool(answer.flags), rules=rules)
        for pk, answer in prompt.answers.items()
    }
    barred = {
        prompt.answers[pk].text.strip(): standing.barred
        for pk, standing in standings.items()
        if standing.barred is not None
    }
    case = _Case(prompt, rules, raters, criteria, standings, barred)
    rows = Rows()
    _add_sft(case, rows)
    _add_pairs(case, rows)
    _add_corrections(case, rows)
    _add_labels(case, rows)
    return rows


def _add_sft(case: _Case, rows: Rows) -> None:
    candidates: list[Candidate] = []
    origins: list[tuple[Answer, list[Said]]] = []
    for pk, answer in case.prompt.answers.items():
        texts = [(text, True, [by]) for by, text in answer.corrections]
        if answer.ratings:
            texts.append((answer.text, False, answer.rated_by))
        for text, is_correction, said in texts:
            candidates.append(
                Candidate(text, is_correction, case.standings[pk], len(origins))
            )
            origins.append((answer, said))
    best, kept_out = best_text(candidates, rules=case.rules, barred=case.barred)
    rows.kept_out.update(("sft", rule) for rule in kept_out)
    if best is None:
        return
    answer, said = origins[best.order]
    rows.sft.append(
        {
            "messages": [*case.messages, *_assistant(best.text)],
            "text_source": "correction" if best.is_correction else "completion",
            "scores": dict.fromkeys(case.criteria)
            if best.is_correction
            else case.scores(best.standing),
            **case.provenance(
                example_id=case.prompt.uid,
                said=said,
                model=None if best.is_correction else answer.model,
                agreement=None
                if best.is_correction
                else share_at_bar(best.standing, rules=case.rules),
                flags=(),
            ),
        }
    )


def _add_pairs(case: _Case, rows: Rows) -> None:
    for pair in case.prompt.pairs:
        outcome = _pair_row(case, pair)
        if isinstance(outcome, Rule):
            rows.kept_out["preference", outcome] += 1
        else:
            rows.preference.append(outcome)


def _pair_row(case: _Case, pair: Pair) -> Row | Rule:
    verdict = decide_pair(pair.votes, rules=case.rules)
    if isinstance(verdict, Rule):
        return verdict
    a, b = case.prompt.answers[pair.a], case.prompt.answers[pair.b]
    chosen, rejected = (a, b) if verdict.winner == "a" else (b, a)
    rule = why_not_chosen(chosen.text, rejected=rejected.text, barred=case.barred)
    if rule is not None:
        return rule
    return {
        **_preference(case, chosen.text, rejected, margin=verdict.margin),
        "pair_source": "asked",
        "score_chosen": case.standings[chosen.id].overall,
        **case.provenance(
            example_id=f"{chosen.uid}:{rejected.uid}",
            said=pair.voted_by,
            model=chosen.model,
            agreement=verdict.agreement,
            flags=rejected.flags,
        ),
    }


def _preference(case: _Case, chosen: str, rejected: Answer, *, margin: float) -> Row:
    return {
        "prompt": case.messages,
        "chosen": _assistant(chosen),
        "rejected": _assistant(rejected.text),
        "margin": margin,
        "score_rejected": case.standings[rejected.id].overall,
        "rejected_model": rejected.model,
    }


def _add_corrections(case: _Case, rows: Rows) -> None:
    for answer in case.prompt.answers.values():
        for by, text in answer.corrections:
            rule = why_not_chosen(text, rejected=answer.text, barred=case.barred)
            if rule is not None:
                rows.kept_out["preference", rule] += 1
                continue
            rows.preference.append(
                {
                    **_preference(
                        case, text, answer, margin=case.rules.correction_margin
                    ),
                    "pair_source": "correction_over_original",
                    "score_chosen": None,
                    **case.provenance(
                        example_id=f"{by.uid}:{answer.uid}",
                        said=[by],
                        model=None,
                        agreement=None,
                        flags=answer.flags,
                    ),
                }
            )


def _add_labels(case: _Case, rows: Rows) -> None:
    for pk, answer in case.prompt.answers.items():
        if not answer.ratings:
            continue
        standing = case.standings[pk]
        label = decide_label(standing, rules=case.rules)
        if isinstance(label, Rule):
            rows.kept_out["kto", label] += 1
            continue
        rows.kto.append(
            {
                "prompt": case.messages,
                "completion": _assistant(answer.text),
                "label": label.is_desirable,
                "scores": case.scores(standing),
                **case.provenance(
                    example_id=answer.uid,
                    said=answer.rated_by,
                    model=answer.model,
                    agreement=label.agreement,
                    flags=answer.flags,
                ),
            }
        )
