"""Taking consent back: from then on nothing it covers leaves the house any more."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from exports.models import ConsentWithdrawal, Release
from exports.tombstones import ask_to_watch
from feedback.accounts.models import Rater, User
from feedback.audit.services import record
from feedback.common.exceptions import Invalid
from feedback.common.text import forbidden_character
from feedback.corpus.models import Prompt, Source
from feedback.studies.models import Study

MOST_REASON_CHARACTERS = 300
_ROWS_AN_INSERT = 1_000


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a call has withdrawn.

    Attributes:
        withdrawals: those that are new.
        n_already: how many were there before, and stay as they were.
        n_releases: published releases whose rows are looked through now.
    """

    withdrawals: tuple[ConsentWithdrawal, ...]
    n_already: int
    n_releases: int

    @property
    def in_words(self) -> str:
        """What a page or a command says afterwards."""
        if not self.withdrawals:
            return "Consent was withdrawn before. Nothing was changed."
        n = len(self.withdrawals)
        parts = [f"Consent is withdrawn: {n} new {'entry' if n == 1 else 'entries'}."]
        if self.n_already:
            parts.append(f"{self.n_already} had been withdrawn before.")
        if self.n_releases:
            parts.append("Rows of releases that rest on it are named within a minute.")
        return " ".join(parts)


@transaction.atomic
def withdraw_consent(
    *,
    study: Study,
    prompts: Collection[Prompt] = (),
    source: Source | None = None,
    rater: Rater | None = None,
    reason: str,
    actor: User,
    now: datetime,
) -> Withdrawn:
    """Note that consent was taken back, for good and in every study; twice is once.

    Later snapshots leave out what is covered. Releases that hold it, in any study, are
    looked through by jobs, which name their rows.

    Args:
        study: whose prompts, source or rater they are.
        prompts: the prompts a patient no longer agrees to.
        source: everything of this source, also what is imported later.
        rater: everything this clinician judged.
        reason: why, without a patient's name; the study's leads read it.
        actor: who notes it.
        now: the time.

    Raises:
        Invalid: if nothing is named, the reason is empty, too long or cannot be
            stored, or something is not of the study; nothing is withdrawn then.
    """
    reason = _checked_reason(reason)
    _refuse_foreign(study, prompts, source, rater)
    _lock(prompts, source, rater)
    fresh = [
        ConsentWithdrawal(created_at=now, reason=reason, recorded_by=actor, **what)
        for what in _not_withdrawn_yet(prompts, source, rater)
    ]
    n_asked = len({p.pk for p in prompts}) + (source is not None) + (rater is not None)
    n_already = n_asked - len(fresh)
    if not fresh:
        return Withdrawn(withdrawals=(), n_already=n_already, n_releases=0)
    ConsentWithdrawal.objects.bulk_create(fresh, batch_size=_ROWS_AN_INSERT)
    record(
        action="consent.withdrawn",
        subject=study,
        actor=actor,
        details={
            "n_prompts": sum(one.prompt_id is not None for one in fresh),
            "sources": [str(one.source.uid) for one in fresh if one.source],
            "raters": [str(one.rater.uid) for one in fresh if one.rater],
        },
    )
    releases = _releases_on(fresh)
    ask_to_watch(releases)
    return Withdrawn(
        withdrawals=tuple(fresh), n_already=n_already, n_releases=len(releases)
    )


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    problem = ""
    if not reason:
        problem = "A withdrawal needs a reason."
    elif len(reason) > MOST_REASON_CHARACTERS:
        problem = (
            f"The reason has {len(reason)} characters, {MOST_REASON_CHARACTERS} at "
            "most are kept."
        )
    elif offence := forbidden_character(reason):
        problem = f"The reason holds a character that cannot be stored: {offence}."
    if problem:
        next_step = "Say in a sentence who asked, and how."
        raise Invalid(
            problem, next_step=next_step, fields={"reason": f"{problem} {next_step}"}
        )
    return reason


def _refuse_foreign(
    study: Study,
    prompts: Collection[Prompt],
    source: Source | None,
    rater: Rater | None,
) -> None:
    if not prompts and source is None and rater is None:
        raise Invalid(
            "Nothing is named whose consent is withdrawn.",
            next_step="Name prompts, a source or a rater.",
        )
    own = set(Source.objects.filter(studies=study).values_list("pk", flat=True))
    foreign = [f"prompt {p.uid}" for p in prompts if p.source_id not in own]
    if source is not None and source.pk not in own:
        foreign.append(f"source {source.name!r}")
    if rater is not None and not study.judgments.filter(rater=rater).exists():
        foreign.append(f"rater {rater.pseudonym}")
    if foreign:
        raise Invalid(
            f"Not of study {study.name!r}: {', '.join(foreign[:20])}.",
            next_step="Withdraw it in a study that it belongs to.",
        )


def _lock(
    prompts: Collection[Prompt], source: Source | None, rater: Rater | None
) -> None:
    """One writer of a source or a rater at a time, so that twice is once."""
    pks = {p.source_id for p in prompts} | ({source.pk} if source else set())
    sources = Source.objects.filter(pk__in=pks).order_by("pk")
    list(sources.select_for_update(no_key=True).values_list("pk"))
    if rater is not None:
        Rater.objects.select_for_update(no_key=True).get(pk=rater.pk)


def _not_withdrawn_yet(
    prompts: Collection[Prompt], source: Source | None, rater: Rater | None
) -> list[dict[str, Prompt | Source | Rater]]:
    by_pk = {prompt.pk: prompt for prompt in prompts}
    known = set(
        ConsentWithdrawal.objects.filter(prompt__in=by_pk).values_list(
            "prompt_id", flat=True
        )
    )
    fresh: list[dict[str, Prompt | Source | Rater]] = [
        {"prompt": prompt} for pk, prompt in sorted(by_pk.items()) if pk not in known
    ]
    if source is not None and not source.consent_withdrawals.exists():
        fresh.append({"source": source})
    if rater is not None and not rater.consent_withdrawals.exists():
        fresh.append({"rater": rater})
    return fresh


def _releases_on(withdrawals: list[ConsentWithdrawal]) -> list[Release]:
    """Published releases of every study that shows what is covered now."""
    prompts = [one.prompt_id for one in withdrawals if one.prompt_id]
    sources = [one.source_id for one in withdrawals if one.source_id]
    raters = [one.rater_id for one in withdrawals if one.rater_id]
    studies = Study.objects.filter(
        Q(tasks__prompt__in=prompts)
        | Q(tasks__prompt__source__in=sources)
        | Q(pk__in=Study.objects.filter(judgments__rater__in=raters).values("pk"))
    )
    return list(
        Release.objects.filter(
            state=Release.State.RELEASED, study__in=studies.values("pk")
        )
        .select_related("snapshot", "watch")
        .order_by("pk")
    )
