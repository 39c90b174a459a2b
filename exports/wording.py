"""Sentences that several of the papers share, made from a snapshot's facts.

Plain text; each paper escapes it for its own form.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from exports.models import Snapshot
from exports.rules import ContractLine

Facts = Mapping[str, Any]


def counted(n: int, noun: str) -> str:
    """A number with its noun: 1 rater, 2 raters."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def n_raters(facts: Facts) -> int:
    """All raters of the members."""
    return sum(line["n"] for line in facts["raters"])


def n_simulated(facts: Facts) -> int:
    """Of them, programs."""
    return sum(line["n_simulated"] for line in facts["raters"])


def collection(facts: Facts) -> str:
    """Where prompts and completions come from, and who wrote what."""
    prompts = facts["prompts"]
    n_models = len({one["model"] for one in facts["writers"] if one["model"]})
    by_person = sum(
        one["n_completions"] for one in facts["writers"] if one["is_person"]
    )
    unknown = sum(
        one["n_completions"]
        for one in facts["writers"]
        if not one["model"] and not one["is_person"]
    )
    by_model = sum(one["n_completions"] for one in facts["writers"] if one["model"])
    return (
        f"{counted(prompts['n'], 'prompt')} in {prompts['n_groups']:,} "
        f"famil{'y' if prompts['n_groups'] == 1 else 'ies'} from "
        f"{counted(len(facts['sources']), 'source')}; {prompts['n_synthetic']:,} of the "
        f"prompts are synthetic. Completions: {by_model:,} by {counted(n_models, 'model')}"
        f", {by_person:,} by people, {unknown:,} by an unknown writer. "
        f"{counted(facts['n_corrections'], 'correction')} by raters."
    )


def protocol(facts: Facts) -> str:
    """How judgments came about."""
    numbers = ", ".join(str(one["number"]) for one in facts["guidelines"])
    return (
        f"Raters followed guideline version {numbers}, one task at a time, without "
        "seeing the model's name or another rater's answer first. Their blind answer is "
        f"the one exported; {counted(facts['n_unblinded'], 'judgment')} came from a "
        "rater who could have known the model, and the rows say so."
    )


def annotators(facts: Facts) -> str:
    """Raters by specialty, profession and checked credentials."""
    specialties = ", ".join(
        f"{line['specialty'] or 'not stated'} {line['n']}" for line in facts["raters"]
    )
    professions = ", ".join(
        f"{line['profession'] or 'not stated'} {line['n']}"
        for line in facts["professions"]
    )
    n_checked = sum(line["n"] for line in facts["credentials"] if line["n_credentials"])
    return (
        f"{counted(n_raters(facts), 'rater')}, {n_simulated(facts)} of them simulated by "
        f"a program. Specialties: {specialties}. Professions: {professions}. With at "
        f"least one credential that somebody checked: {n_checked}. Age, sex and ethnicity "
        "were not asked."
    )


def is_screened(contract: Sequence[ContractLine]) -> bool:
    """Whether the contract has the rule that looks for identifiers."""
    return any(line["rule"] == "identifier_found" for line in contract)


def personal(*, was_screened: bool) -> str:
    """What was looked for, and what was not."""
    screened = (
        "Texts in which a pattern finds an e-mail address, a phone, record or social "
        "security number or a date of birth do not leave. "
        if was_screened
        else "Texts were not searched for identities. "
    )
    return (
        f"{screened}No pattern finds names, places or rare conditions, so a text without "
        "a finding is not thereby de-identified. Raters stand under pseudonyms that "
        "hold within this snapshot only."
    )


def limitations(facts: Facts) -> list[str]:
    """What a user of the data has to allow for."""
    few = [line["key"] for line in facts["agreement"] if line["is_few"]]
    lines = [
        "The majority of a few clinicians is not the truth.",
        "Preferences can follow length, position and tone.",
        "Labels hold for the guideline version that each row names.",
        "The intervals of agreement speak for other items, not for other raters.",
    ]
    if few:
        lines.append(f"Agreement rests on fewer than 50 items for: {', '.join(few)}.")
    if n_simulated(facts):
        lines.append(
            f"{n_simulated(facts)} of {n_raters(facts)} raters are programs; no "
            "clinician said what they say."
        )
    return lines


def citation(study: str, snapshot: Snapshot) -> str:
    """How to cite a snapshot; the year is that of its judgments."""
    assert snapshot.pinned_at is not None  # noqa: S101 - for the type checker
    title = " ".join("".join(c for c in study if c not in "{}\\").split())
    return "\n".join(
        (
            f"@misc{{consilium-{str(snapshot.uid)[:8]},",
            f"  title = {{{title}, snapshot {snapshot.number}}},",
            f"  year = {{{snapshot.pinned_at.year}}},",
            f"  note = {{Consilium snapshot {snapshot.uid}}}",
            "}",
        )
    )
