"""Reading whose consent was taken back, and finding the prompts that a person names."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Q, QuerySet

from exports.models import ConsentWithdrawal
from feedback.accounts.models import Rater
from feedback.common.exceptions import Invalid
from feedback.common.text import forbidden_character
from feedback.corpus.models import Prompt, Source
from feedback.studies.models import Study

MOST_NAMES = 5_000
_NAMED_IN_ERROR = 20
_CHARACTERS_IN_ERROR = 80


def withdrawals_of(study: Study) -> QuerySet[ConsentWithdrawal]:
    """What was taken back of a study's sources, prompts and raters, newest first."""
    sources = Source.objects.filter(studies=study)
    raters = Rater.objects.filter(judgments__study=study)
    return (
        ConsentWithdrawal.objects.filter(
            Q(prompt__source__in=sources)
            | Q(source__in=sources)
            | Q(rater__in=raters.values("pk"))
        )
        .select_related("prompt__source", "source", "rater", "recorded_by")
        .defer("prompt__messages", "prompt__metadata", "prompt__reference_answer")
        .order_by("-pk")
    )


def prompts_named(
    *, study: Study, names: Iterable[str], source: Source | None = None
) -> list[Prompt]:
    """The prompts of a study that these names mean: all of them, or none.

    Args:
        study: whose sources are looked through.
        names: a prompt's uid, its external id, or the group key of its family, which
            means the whole family; empty ones do not count.
        source: look in this source only.

    Raises:
        Invalid: if there is no name, there are too many, or one means nothing, or
            means prompts of several sources; each is named.
    """
    wanted = tuple(dict.fromkeys(stripped for n in names if (stripped := n.strip())))
    _refuse_unreadable(wanted)
    sources = Source.objects.filter(studies=study)
    if source is not None:
        sources = sources.filter(pk=source.pk)
    uids = {name: uid for name in wanted if (uid := _as_uid(name))}
    found = (
        Prompt.objects.filter(source__in=sources)
        .filter(
            Q(uid__in=uids.values())
            | Q(external_id__in=wanted)
            | Q(group_key__in=wanted)
        )
        .select_related("source")
        .defer("messages", "metadata", "reference_answer")
        .order_by("pk")
    )
    by_name: dict[str, list[Prompt]] = defaultdict(list)
    for prompt in found:
        for name in {str(prompt.uid), prompt.external_id, prompt.group_key}:
            by_name[name].append(prompt)
    chosen = {
        name: by_name.get(name, []) + by_name.get(str(uids.get(name, "")), [])
        for name in wanted
    }
    _refuse_unknown([name for name, prompts in chosen.items() if not prompts], study)
    _refuse_ambiguous(chosen)
    once = {prompt.pk: prompt for prompts in chosen.values() for prompt in prompts}
    return [prompt for _pk, prompt in sorted(once.items())]


def _as_uid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _refuse_unreadable(names: Sequence[str]) -> None:
    if not names:
        raise _invalid("No prompt is named.", "Write one name on each line.")
    if len(names) > MOST_NAMES:
        raise _invalid(
            f"{len(names)} names are more than {MOST_NAMES}.",
            "Send them in several parts.",
        )
    for name in names:
        if offence := forbidden_character(name):
            raise _invalid(
                f"A name holds a character that no name has: {offence}.",
                "Remove it and send the list again.",
            )


def _refuse_unknown(names: Sequence[str], study: Study) -> None:
    if names:
        raise _invalid(
            f"No prompt of study {study.name!r} has this uid, external id or group "
            f"key: {_listed(names)}.",
            "Nothing was withdrawn. Correct or remove these lines.",
        )


def _refuse_ambiguous(chosen: dict[str, list[Prompt]]) -> None:
    """A number can be one patient's here and another's there, and it is for good."""
    several = [
        name
        for name, prompts in chosen.items()
        if len({prompt.source_id for prompt in prompts}) > 1
    ]
    if several:
        names = {p.source.name for name in several for p in chosen[name]}
        raise _invalid(
            f"In more than one source ({', '.join(sorted(names))}): "
            f"{_listed(several)}.",
            "Nothing was withdrawn. Choose the source that is meant.",
        )


def _invalid(message: str, next_step: str) -> Invalid:
    return Invalid(
        message, next_step=next_step, fields={"names": f"{message} {next_step}"}
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(name[:_CHARACTERS_IN_ERROR] for name in names[:_NAMED_IN_ERROR])
    n_more = len(names) - _NAMED_IN_ERROR
    return f"{shown} and {n_more} more" if n_more > 0 else shown
