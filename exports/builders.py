"""The rows that one prompt's evidence gives to each configuration."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from exports.aggregate import (
    DECIMALS,
    Candidate,
    Standing,
    best_text,
    decide_label,
    is_same_text,
    share_at_bar,
    standing_of,
    why_not_chosen,
)
from exports.cases import Case, Row, assistant, held_by
from exports.derived import (
    correction_row,
    implicit_row,
    kto_text_row,
    preference_text_row,
    prompt_completion_row,
)
from exports.evidence import Answer, Pair, PromptEvidence, Rewrite, Said
from exports.pair_votes import decide_pair
from exports.prompt_rows import prompt_row
from exports.rules import Rule, Rules
from exports.schemas import CONFIGURATIONS, RAW
from exports.screening import identifiers_in
from exports.steps import step_labels, steps_of

# Those that are built from evidence; the raw ones are copied as they are.
BUILT = tuple(name for name in CONFIGURATIONS if name not in RAW)


@dataclass(slots=True)
class Rows:
    """Rows per configuration, and what the rules kept out of each."""

    by_configuration: dict[str, list[Row]] = field(
        default_factory=lambda: {name: [] for name in BUILT}
    )
    kept_out: Counter[tuple[str, Rule]] = field(default_factory=Counter)

    def add(self, configuration: str, row: Row | Rule) -> None:
        """Append a row, or count the rule that keeps it out."""
        if isinstance(row, Rule):
            self.kept_out[configuration, row] += 1
        else:
            self.by_configuration[configuration].append(row)


@dataclass(frozen=True, slots=True)
class _Taught:
    """A text that could be taught, and where it comes from."""

    answer: Answer
    said: list[Said]
    is_final: bool


def rows_of(
    prompt: PromptEvidence,
    *,
    rules: Rules,
    raters: Mapping[int, str],
    criteria: tuple[str, ...],
    tie_share: float = 1 / 3,
) -> Rows:
    """Everything one prompt gives, in a fixed order.

    Args:
        prompt: with its answers, pairs and corrections.
        rules: the snapshot's thresholds.
        raters: rater -> pinned specialty.
        criteria: keys of all criteria in the snapshot, sorted.
        tie_share: share of ties among all votes of the snapshot.
    """
    _share_bars(prompt)
    standings = {
        pk: standing_of(
            answer.ratings,
            is_flagged=bool(answer.flags),
            rules=rules,
            verdict=answer.verdict,
            names_its_maker=Rule.NAMES_ITS_MAKER in answer.bars,
        )
        for pk, answer in prompt.answers.items()
    }
    barred = {
        answer.text.strip(): rule
        for pk, answer in prompt.answers.items()
        if (rule := _held(answer, ()) or standings[pk].barred) is not None
    }
    case = Case(prompt, rules, raters, criteria, standings, barred, tie_share)
    rows = Rows()
    correction = _add_sft(case, rows)
    _add_pairs(case, rows, correction)
    _add_corrections(case, rows)
    _add_labels(case, rows)
    _add_steps(case, rows)
    rows.add("prompts", prompt_row(case, correction=correction))
    return rows


def _share_bars(prompt: PromptEvidence) -> None:
    """Bar a text whichever of the completions that say the same was found out."""
    bars: dict[str, dict[str, list[str]]] = {}
    for answer in prompt.answers.values():
        bars.setdefault(answer.text.strip(), {}).update(answer.bars)
    for answer in prompt.answers.values():
        answer.bars = bars[answer.text.strip()]


def _held(answer: Answer, said: Iterable[Said]) -> Rule | None:
    """The rule that keeps out whatever shows a text or rests on such a word."""
    if Rule.IDENTIFIER_FOUND in answer.bars:
        return Rule.IDENTIFIER_FOUND
    return held_by(said)


def _held_rewrite(rewrite: Rewrite) -> Rule | None:
    if identifiers_in([rewrite.text]):
        return Rule.IDENTIFIER_FOUND
    return held_by(rewrite.by)


def _candidates(case: Case) -> tuple[list[Candidate], list[_Taught]]:
    candidates: list[Candidate] = []
    origins: list[_Taught] = []
    for pk, answer in case.prompt.answers.items():
        standing = case.standings[pk]
        for one in answer.corrections:
            candidates.append(
                Candidate(
                    one.text,
                    is_correction=True,
                    standing=standing,
                    order=len(origins),
                    is_final=one.is_final,
                    held=_held_rewrite(one),
                )
            )
            origins.append(_Taught(answer, list(one.by), one.is_final))
        if answer.ratings:
            candidates.append(
                Candidate(
                    answer.text,
                    is_correction=False,
                    standing=standing,
                    order=len(origins),
                    held=_held(answer, answer.rated_by),
                )
            )
            origins.append(_Taught(answer, answer.rated_by, standing.is_adjudicated))
    return candidates, origins


def _add_sft(case: Case, rows: Rows) -> Rewrite | None:
    """Add the text to teach; returns it if it is a correction."""
    candidates, origins = _candidates(case)
    best, kept_out = best_text(candidates, rules=case.rules, barred=case.barred)
    rows.kept_out.update(("sft", rule) for rule in kept_out)
    if best is None:
        return None
    origin = origins[best.order]
    is_correction = best.is_correction
    row = {
        "messages": [*case.messages, *assistant(best.text)],
        "text_source": "correction" if is_correction else "completion",
        "scores": case.scores(None if is_correction else best.standing),
        **case.provenance(
            example_id=case.prompt.uid,
            said=origin.said,
            model=None if is_correction else origin.answer.model,
            agreement=None
            if is_correction
            else share_at_bar(best.standing, rules=case.rules),
            is_adjudicated=origin.is_final,
        ),
    }
    rows.add("sft", row)
    rows.add("sft_prompt_completion", prompt_completion_row(row))
    if not is_correction:
        return None
    return Rewrite(tuple(origin.said), best.text, best.is_final)


def _add_pair(rows: Rows, row: Row | Rule) -> None:
    rows.add("preference", row)
    if not isinstance(row, Rule):
        rows.add("preference_implicit", implicit_row(row))
        rows.add("preference_text", preference_text_row(row))


def _add_pairs(case: Case, rows: Rows, correction: Rewrite | None) -> None:
    for pair in case.prompt.pairs:
        row = _pair_row(case, pair)
        _add_pair(rows, row)
        _add_with_reference(case, rows, row, pair.voted_by, correction)
    best_over_worst = _best_over_worst(case)
    if best_over_worst is not None:
        row, said = best_over_worst
        _add_pair(rows, row)
        _add_with_reference(case, rows, row, said, correction)


def _add_with_reference(
    case: Case,
    rows: Rows,
    row: Row | Rule,
    said: list[Said],
    correction: Rewrite | None,
) -> None:
    if correction is None or isinstance(row, Rule):
        return
    if any(
        is_same_text(correction.text, row[side][0]["content"])
        for side in ("chosen", "rejected")
    ):
        return
    rows.add("corrections", correction_row(case, row, said=said, correction=correction))


def _pair_row(case: Case, pair: Pair) -> Row | Rule:
    a, b = case.prompt.answers[pair.a], case.prompt.answers[pair.b]
    rule = _held(a, pair.voted_by) or _held(b, ())
    if rule is not None:
        return rule
    verdict = decide_pair(
        pair.votes, rules=case.rules, tie_share=case.tie_share, verdict=pair.verdict
    )
    if isinstance(verdict, Rule):
        return verdict
    chosen, rejected = (a, b) if verdict.winner == "a" else (b, a)
    rule = why_not_chosen(chosen.text, rejected=rejected.text, barred=case.barred)
    if rule is not None:
        return rule
    return {
        **_preference(case, chosen.text, rejected),
        "margin": verdict.margin,
        "label_smoothing": verdict.label_smoothing,
        "strength": verdict.strength,
        "pair_source": "asked",
        "votes_for": verdict.n_for,
        "votes_against": verdict.n_against,
        "votes_tie": verdict.n_tie,
        "score_chosen": case.standings[chosen.id].overall,
        **case.provenance(
            example_id=f"{chosen.uid}:{rejected.uid}",
            said=pair.voted_by,
            model=chosen.model,
            agreement=verdict.agreement,
            flags=rejected.flags,
            is_adjudicated=verdict.is_adjudicated,
        ),
    }


def _preference(case: Case, chosen: str, rejected: Answer) -> Row:
    return {
        "prompt": case.messages,
        "chosen": assistant(chosen),
        "rejected": assistant(rejected.text),
        "score_rejected": case.standings[rejected.id].overall,
        "rejected_model": rejected.model,
    }


def _unasked(margin: float, *, votes_for: int) -> Row:
    """The columns of a pair that nobody was asked to compare."""
    return {
        "margin": margin,
        "label_smoothing": round((1.0 - margin) / 2.0, DECIMALS),
        "strength": None,
        "votes_for": votes_for,
        "votes_against": 0,
        "votes_tie": 0,
    }


def _best_over_worst(case: Case) -> tuple[Row, list[Said]] | None:
    """The best-rated completion over the worst-rated, if they are far enough apart.

    A pair that clinicians were asked about is theirs to decide, settled or not. Nobody
    agreed on this one, so a snapshot that asks for agreement has none.
    """
    rules = case.rules
    if not rules.best_over_worst_from or rules.min_agreement:
        return None
    rated = [
        (overall, answer)
        for pk, answer in case.prompt.answers.items()
        if (overall := case.standings[pk].overall) is not None
        and case.standings[pk].n_raters >= rules.min_raters
        and _held(answer, answer.rated_by) is None
    ]
    allowed = [one for one in rated if one[1].text.strip() not in case.barred]
    if not allowed:
        return None
    # The first of equals, in the order of their ids.
    high, best = max(allowed, key=lambda one: (one[0], -one[1].id))
    low, worst = min(rated, key=lambda one: (one[0], one[1].id))
    asked = {frozenset((pair.a, pair.b)) for pair in case.prompt.pairs}
    if (
        high - low < rules.best_over_worst_from
        or frozenset((best.id, worst.id)) in asked
        or is_same_text(best.text, worst.text)
    ):
        return None
    said = [*best.rated_by, *worst.rated_by]
    row = {
        **_preference(case, best.text, worst),
        **_unasked(round(high - low, DECIMALS), votes_for=0),
        "pair_source": "best_over_worst",
        "score_chosen": high,
        **case.provenance(
            example_id=f"{best.uid}:{worst.uid}",
            said=said,
            model=best.model,
            agreement=None,
            flags=worst.flags,
            is_adjudicated=all(
                case.standings[one.id].is_adjudicated for one in (best, worst)
            ),
        ),
    }
    return row, said


def _add_corrections(case: Case, rows: Rows) -> None:
    for answer in case.prompt.answers.values():
        for rewrite in answer.corrections:
            _add_pair(rows, _correction_pair(case, answer, rewrite))


def _correction_pair(case: Case, answer: Answer, rewrite: Rewrite) -> Row | Rule:
    rule = (
        _held(answer, rewrite.by)
        or _held_rewrite(rewrite)
        or why_not_chosen(rewrite.text, rejected=answer.text, barred=case.barred)
    )
    if rule is not None:
        return rule
    return {
        **_preference(case, rewrite.text, answer),
        **_unasked(case.rules.correction_margin, votes_for=int(not rewrite.is_final)),
        "pair_source": "correction_over_original",
        "score_chosen": None,
        **case.provenance(
            example_id=f"{rewrite.origin}:{answer.uid}",
            said=rewrite.by,
            model=None,
            agreement=None,
            flags=answer.flags,
            is_adjudicated=rewrite.is_final,
        ),
    }


def _add_labels(case: Case, rows: Rows) -> None:
    for pk, answer in case.prompt.answers.items():
        if not answer.ratings:
            continue
        row = _label_row(case, answer, case.standings[pk])
        rows.add("kto", row)
        if not isinstance(row, Rule):
            rows.add("kto_text", kto_text_row(row))


def _label_row(case: Case, answer: Answer, standing: Standing) -> Row | Rule:
    label = _held(answer, answer.rated_by) or decide_label(standing, rules=case.rules)
    if isinstance(label, Rule):
        return label
    return {
        "prompt": case.messages,
        "completion": assistant(answer.text),
        "label": label.is_desirable,
        "scores": case.scores(standing),
        **case.provenance(
            example_id=answer.uid,
            said=answer.rated_by,
            model=answer.model,
            agreement=label.agreement,
            flags=answer.flags,
            is_adjudicated=standing.is_adjudicated,
        ),
    }


def _add_steps(case: Case, rows: Rows) -> None:
    for pk, answer in case.prompt.answers.items():
        if answer.marked_by:
            rows.add("process", _steps_row(case, answer, case.standings[pk]))


def _steps_row(case: Case, answer: Answer, standing: Standing) -> Row | Rule:
    raters = {said.rater for said in answer.marked_by}
    rule = _held(answer, answer.marked_by) or standing.barred
    if rule is not None:
        return rule
    if len(raters) < case.rules.min_raters:
        return Rule.TOO_FEW_RATERS
    if not case.is_single_turn:
        return Rule.NOT_SINGLE_TURN
    steps = steps_of(answer.text)
    marks = [(mark.by.rater, mark.start, mark.end) for mark in answer.marks]
    return {
        "prompt": case.messages[0]["content"],
        "completions": [answer.text[start:end] for start, end in steps],
        "labels": step_labels(steps, marks, n_raters=len(raters)),
        **case.provenance(
            example_id=answer.uid,
            said=answer.marked_by,
            model=answer.model,
            agreement=None,
            flags=answer.flags,
        ),
    }
